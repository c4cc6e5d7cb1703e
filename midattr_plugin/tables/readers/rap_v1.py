"""RAP, version 1 (Li et al., arXiv:1603.07054): 41,585 images, 92 attributes, 51 of them evaluated.

Layout, in the order of the fields, whose names are not relied on::

    RAP_annotation/RAP_annotation.mat, structure RAP_annotation
        1  (5, 1) cell of random partitions, each a structure of train and test (33,268 and 8,317
           indices from 1)
        2  (N, 92) labels; the first 51 columns are those evaluated
        3  names in Chinese, not read
        4  (92, 1) cell of the names of the attributes
        5  positions of body parts, not read
        6  (N, 1) cell of file names
    RAP_dataset/                                              the images
"""

from pathlib import Path

from midattr_plugin.tables.readers.annotations import (
    READERS,
    Annotations,
    chosen_partition,
    first_existing,
    unusable,
)
from midattr_plugin.tables.readers.mat_fields import fields_of, matrix, parts, read_mat, words

FILES = ('RAP_annotation/RAP_annotation.mat', 'RAP_annotation.mat')
_EVALUATED = 51


@READERS.register('rap')
def read_rap_v1(root: Path, partition: int = 1) -> Annotations:
    """Return the evaluated annotations of RAP, version 1.

    Args:
        root: its folder.
        partition: number of the partition, from 1 to 5.

    Raises:
        InputError: a file is missing or is not as above, or there is no such partition.
    """
    file = first_existing(root, FILES, 'annotations of RAP')
    by_name = fields_of(read_mat(file), 'RAP_annotation', file)
    if 'partition_attribute' in by_name:
        raise unusable(file, 'it is of version 2 (--from rapv2)')
    fields = list(by_name.values())
    if len(fields) < 6:
        raise unusable(file, f'{len(fields)} fields instead of 6 or more')
    labels, names = matrix(fields[1], file), words(fields[3], file)
    if labels.shape[1] != len(names) or len(names) < _EVALUATED:
        raise unusable(file, f'{len(names)} names, but {labels.shape[1]} columns')
    return Annotations(
        file,
        first_existing(root, ['RAP_dataset'], 'images'),
        words(fields[5], file),
        names[:_EVALUATED],
        labels[:, :_EVALUATED],
        chosen_partition(parts(fields[0], ('train', 'test'), file), partition, file),
    )
