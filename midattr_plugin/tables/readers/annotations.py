"""What a reader finds: images with binary attributes, and for what each is used.

Shapes: N images, m attributes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from midattr_plugin.errors import InputError
from midattr_plugin.registry import Registry
from midattr_plugin.tables.new_table import write_new_table

_ANSWERS = ('no', 'yes', '')  # of the labels 0, 1 and 2


@dataclass(frozen=True)
class Annotations:
    """Images of a dataset, their labels and their official use.

    Attributes:
        file: from which they were read, for messages.
        folder: of the images.
        images: N paths, relative to the folder.
        attributes: m names.
        labels: (N, m), 0 no, 1 yes, 2 not known.
        splits: name of a split -> indices of its images, from 0; an image in none is left out. {}
            if there are none, so that all are in the table.
    """

    file: Path
    folder: Path
    images: Sequence[str]
    attributes: Sequence[str]
    labels: np.ndarray
    splits: Mapping[str, np.ndarray]

    def __post_init__(self):
        count, columns = len(self.images), len(self.attributes)
        if not count or self.labels.shape != (count, columns):
            raise unusable(
                self.file,
                f'{count:,} images and {columns} attributes, but labels of the shape '
                f'{tuple(self.labels.shape)}',
            )
        if not np.isin(self.labels, range(len(_ANSWERS))).all():
            raise unusable(self.file, 'labels other than 0, 1 and 2')
        if len(set(self.attributes)) < columns:
            raise unusable(self.file, 'attributes of the same name')
        used = np.concatenate([np.empty(0, int), *self.splits.values()])
        if used.size and not 0 <= used.min() <= used.max() < count:
            raise unusable(self.file, f'splits of other images than 1 to {count:,}')
        if len(np.unique(used)) < len(used):
            raise unusable(self.file, 'images in two splits')

    def write(self, path: Path) -> int:
        """Write the table, and return the number of its rows.

        Args:
            path: of the table.

        Raises:
            InputError: it cannot be written.
        """
        names = np.full(len(self.images), '', dtype=object)
        for name, indices in self.splits.items():
            names[indices] = name
        rows = (
            [image, *([split] if self.splits else []), *(_ANSWERS[label] for label in labels)]
            for image, split, labels in zip(
                self.images, names, self.labels.astype(int).tolist(), strict=True
            )
            if split or not self.splits
        )
        columns = [*(['split'] if self.splits else []), *self.attributes]
        return write_new_table(path, self.folder, columns, rows)


READERS: Registry[Callable[[Path, int], Annotations]] = Registry('reader', '--from')
"""Readers by name. Each takes the folder of the dataset and the number of the partition, from 1."""


def unusable(file: Path, problem: str) -> InputError:
    """Return the error of a file that is not what its reader expects.

    Args:
        file: the file.
        problem: what it has instead.
    """
    return InputError(
        f'annotations "{file}" are not in the layout of this dataset: {problem}; take the file of '
        'its authors, or another --from'
    )


def first_existing(root: Path, places: Sequence[str], what: str) -> Path:
    """Return the first of some places that exists.

    Args:
        root: folder of the dataset.
        places: relative to it.
        what: is looked for, for the message.

    Raises:
        InputError: none does.
    """
    for place in places:
        if (root / place).exists():
            return root / place
    raise InputError(
        f'"{root}" has no {what} ({" or ".join(places)}); name the folder of the dataset'
    )


def chosen_partition(partitions: Sequence, number: int, file: Path):
    """Return a partition by its number.

    Args:
        partitions: all of them.
        number: from 1.
        file: that has them, for the message.

    Raises:
        InputError: there is none of this number.
    """
    if not 1 <= number <= len(partitions):
        raise InputError(
            f'--partition {number}: "{file}" has {len(partitions)}; choose from 1 to '
            f'{len(partitions)}'
        )
    return partitions[number - 1]
