"""PETA (Deng et al., ACM MM 2014): 19,000 images, 105 binary attributes, of which 35 are evaluated.

Layout, in the order of the fields, whose names are not relied on::

    PETA.mat, structure peta
        1  (N, 4 + 105): four columns that are not attributes, then the labels, 0 or 1
        2  (105, ...) cell of the names of the attributes; the first 35 are those evaluated
        3  not read
        4  (5, 1) cell of random partitions, each a structure of train, val and test
           (9,500, 1,900 and 7,600 indices from 1)
    images/00001.png, images/00002.png, ...

Nothing says who is seen. Images of a person are in several splits of a partition (Jia et al.,
arXiv:2107.03576), so that scores are not those of unseen people.
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

_NOT_ATTRIBUTES = 4
_EVALUATED = 35


@READERS.register('peta')
def read_peta(root: Path, partition: int = 1) -> Annotations:
    """Return the evaluated annotations of PETA.

    Args:
        root: its folder.
        partition: number of the partition, from 1 to 5.

    Raises:
        InputError: a file is missing or is not as above, or there is no such partition.
    """
    file = first_existing(root, ['PETA.mat'], 'annotations of PETA')
    fields = list(fields_of(read_mat(file), 'peta', file).values())
    if len(fields) < 4:
        raise unusable(file, f'{len(fields)} fields instead of 4')
    data, names = matrix(fields[0], file), words(fields[1], file)
    if data.shape[1] != _NOT_ATTRIBUTES + len(names) or len(names) < _EVALUATED:
        raise unusable(file, f'{len(names)} names, but {data.shape[1]} columns')
    splits = chosen_partition(parts(fields[3], ('train', 'val', 'test'), file), partition, file)
    return Annotations(
        file,
        first_existing(root, ['images'], 'images'),
        [f'{number:05}.png' for number in range(1, len(data) + 1)],
        names[:_EVALUATED],
        data[:, _NOT_ATTRIBUTES : _NOT_ATTRIBUTES + _EVALUATED],
        splits,
    )
