"""PA-100K (Liu et al., ICCV 2017): 100,000 images, 26 attributes, official train, val and test.

Layout::

    annotation.mat
        attributes                                            (26, 1) cell of texts
        train_images_name, val_images_name, test_images_name  (N, 1) cells of file names
        train_label, val_label, test_label                    (N, 26), 0 or 1
    data/ or release_data/release_data/                       the images
"""

from pathlib import Path

import numpy as np

from midattr_plugin.tables.readers.annotations import (
    READERS,
    Annotations,
    chosen_partition,
    first_existing,
    unusable,
)
from midattr_plugin.tables.readers.mat_fields import matrix, read_mat, words

_SPLITS = ('train', 'val', 'test')


@READERS.register('pa100k')
def read_pa100k(root: Path, partition: int = 1) -> Annotations:
    """Return the annotations of PA-100K.

    Args:
        root: its folder.
        partition: 1; there is no other.

    Raises:
        InputError: a file is missing or is not as above.
    """
    places = ['annotation.mat', 'annotation/annotation.mat']
    file = first_existing(root, places, 'annotations of PA-100K')
    content = read_mat(file)
    chosen_partition([_SPLITS], partition, file)
    names = ['attributes', *(f'{s}_{what}' for s in _SPLITS for what in ('images_name', 'label'))]
    if missing := [name for name in names if name not in content]:
        raise unusable(file, f'no variable "{missing[0]}"')
    images, labels, splits, end = [], [], {}, 0
    for split in _SPLITS:
        found = words(content[f'{split}_images_name'], file)
        images += found
        labels.append(matrix(content[f'{split}_label'], file))
        if len(labels[-1]) != len(found):
            raise unusable(file, f'{len(found):,} names, but {len(labels[-1]):,} labels of {split}')
        splits[split] = np.arange(end, end := end + len(found))
    if len({rows.shape[1] for rows in labels}) > 1:
        raise unusable(file, 'splits with different numbers of attributes')
    return Annotations(
        file,
        _image_folder(root, images[0]),
        images,
        words(content['attributes'], file),
        np.concatenate(labels),
        splits,
    )


def _image_folder(root: Path, name: str) -> Path:
    places = ('data', 'release_data/release_data', 'data/release_data/release_data', 'release_data')
    image = first_existing(root, [f'{place}/{name}' for place in places], 'images')
    return image.parent
