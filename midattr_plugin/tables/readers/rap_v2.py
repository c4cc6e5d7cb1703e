"""RAP, version 2 (Li et al., TIP 2019): 84,928 images, 152 attributes, 54 of them evaluated.

Layout::

    RAP_annotation/RAP_annotation.mat, structure RAP_annotation
        name                 (N, 1) cell of file names
        data                 (N, 152) labels: 0 no, 1 yes, 2 not known
        attribute            (152, 1) cell of the names of the attributes
        selected_attribute   (1, 54) indices from 1 of those evaluated
        partition_attribute  (1, 5) cell of random partitions, each a structure of train_index,
                             val_index and test_index (50,957, 16,986 and 16,985 indices from 1)
    RAP_dataset/                                              the images

It also says who is seen in some of the images (person_identity, partition_reid), which is a
benchmark of its own and not read.
"""

from pathlib import Path

from midattr_plugin.tables.readers.annotations import (
    READERS,
    Annotations,
    chosen_partition,
    first_existing,
    unusable,
)
from midattr_plugin.tables.readers.mat_fields import (
    fields_of,
    indices,
    matrix,
    parts,
    read_mat,
    words,
)
from midattr_plugin.tables.readers.rap_v1 import FILES

_FIELDS = ('name', 'data', 'attribute', 'selected_attribute', 'partition_attribute')


@READERS.register('rapv2')
def read_rap_v2(root: Path, partition: int = 1) -> Annotations:
    """Return the evaluated annotations of RAP, version 2.

    Args:
        root: its folder.
        partition: number of the partition, from 1 to 5.

    Raises:
        InputError: a file is missing or is not as above, or there is no such partition.
    """
    file = first_existing(root, FILES, 'annotations of RAP')
    fields = fields_of(read_mat(file), 'RAP_annotation', file)
    if missing := [name for name in _FIELDS if name not in fields]:
        raise unusable(
            file, f'no field "{missing[0]}", which version 2 has (--from rap: version 1)'
        )
    labels, names = matrix(fields['data'], file), words(fields['attribute'], file)
    chosen = indices(fields['selected_attribute'], file)
    if labels.shape[1] != len(names) or chosen.max() >= len(names):
        raise unusable(
            file,
            f'{len(names)} names and attribute {chosen.max() + 1} selected, but {labels.shape[1]} '
            'columns',
        )
    names_of_parts = ('train_index', 'val_index', 'test_index')
    partitions = parts(fields['partition_attribute'], names_of_parts, file)
    return Annotations(
        file,
        first_existing(root, ['RAP_dataset'], 'images'),
        words(fields['name'], file),
        [names[index] for index in chosen],
        labels[:, chosen],
        {
            name.removesuffix('_index'): values
            for name, values in chosen_partition(partitions, partition, file).items()
        },
    )
