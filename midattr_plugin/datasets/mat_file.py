"""Reads the attribute annotations of Lin et al. from their MATLAB file.

The file holds one struct, ``market_attribute`` or ``duke_attribute``, with ``train`` and
``test``; each has a vector per field and ``image_index``, the identity numbers as strings.
The order of the fields differs between the two, so everything is read by name.
"""

import os
from functools import lru_cache
from pathlib import Path

import numpy as np

from midattr_plugin.class_marks import MARKED, UNMARKED
from midattr_plugin.datasets.annotation_file import (
    AnnotationFile,
    IdentityLabels,
    IdentityMarks,
)
from midattr_plugin.datasets.matlab import load_mat
from midattr_plugin.errors import InputError
from midattr_plugin.schema import UNKNOWN, Attribute, AttributeSchema

SPLITS = ('train', 'test')
_YES = 2


class MatFile(AnnotationFile):
    """A file in the annotators' format; its struct is named like the file."""

    def read(self, path: str | os.PathLike, schema: AttributeSchema) -> IdentityLabels:
        """Return the labels of every annotated identity, of train and test together.

        A label is unknown (-1) if the file has the value 0, or if not exactly one color is marked:
        78 of the 751 training identities of Market-1501 have no upper-body color, and 23 test
        identities of DukeMTMC-reID have several lower-body colors.

        Args:
            path: the file.
            schema: the attributes, whose ``fields`` are read.

        Raises:
            InputError: the file belongs to another dataset, or is damaged.
        """
        return dict(self._read(path, schema)[0])

    def read_marks(self, path: str | os.PathLike, schema: AttributeSchema) -> IdentityMarks:
        """Return the marks of every annotated identity, as the fields of the file have them.

        Args:
            path: the file.
            schema: the attributes, whose ``fields`` are read.

        Raises:
            InputError: the file belongs to another dataset, or is damaged.
        """
        return dict(self._read(path, schema)[1])

    def _read(
        self, path: str | os.PathLike, schema: AttributeSchema
    ) -> tuple[IdentityLabels, IdentityMarks]:
        path = os.path.abspath(path)
        try:
            state = os.stat(path)
        except OSError as error:
            raise _unusable(path, self, f'cannot be read ({error.strerror})') from error
        # torchreid builds a dataset three times: for training, query and gallery
        return _parsed(path, self, schema, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _parsed(
    path: str, source: MatFile, schema: AttributeSchema, mtime: int, size: int
) -> tuple[IdentityLabels, IdentityMarks]:
    if size == 0:
        raise _unusable(path, source, 'is empty')
    struct = _Struct(path, source)
    labels: IdentityLabels = {}
    marks: IdentityMarks = {}
    for split in SPLITS:
        pids = struct.identities(split)
        values = [struct.values(split, attribute, len(pids)) for attribute in schema]
        label_columns = [_labels(rows) for rows in values]
        mark_columns = [
            column
            for rows, attribute in zip(values, schema, strict=True)
            for column in _marks(rows, len(attribute.classes))
        ]
        for i, pid in enumerate(pids):
            if pid in labels:
                raise _unusable(
                    path,
                    source,
                    f'lists identity {pid:04d} twice (the second time in {split}.image_index)',
                )
            labels[pid] = tuple(int(column[i]) for column in label_columns)
            marks[pid] = tuple(int(column[i]) for column in mark_columns)
    return labels, marks


def _labels(values: np.ndarray) -> np.ndarray:
    """Return class indices (N,), from 0, of the values (fields, N) of an attribute's fields."""
    if len(values) == 1:
        return values[0] - 1  # labels are counted from 1; 0 means unknown
    marked = values == _YES
    return np.where(marked.sum(0) == 1, marked.argmax(0), UNKNOWN)


def _marks(values: np.ndarray, num_classes: int) -> np.ndarray:
    """Return the marks (classes, N) of an attribute."""
    if len(values) > 1:
        return values - 1  # no 1, yes 2; 0 means unknown
    classes = np.arange(1, num_classes + 1)[:, None]
    return np.where(values == 0, UNKNOWN, np.where(values == classes, MARKED, UNMARKED))


class _Struct:
    """The struct of a file; its errors name the file."""

    def __init__(self, path: str, source: MatFile):
        self.path, self.source, self.name = path, source, Path(source.name).stem
        try:
            content = load_mat(path)
        except Exception as error:  # see load_mat
            raise self._unusable(
                f'is not a readable MATLAB file ({type(error).__name__})'
            ) from error
        if self.name not in content:
            others = [name for name in content if name.endswith('_attribute')]
            seems = f', but has {others[0]}, of another dataset' if others else ''
            raise self._unusable(f'has no {self.name}{seems}')
        self.struct = content[self.name]

    def identities(self, split: str) -> list[int]:
        """Return the identity numbers of a split, in the order of its labels."""
        values = self._field(split, 'image_index')
        try:
            return [int(value) for value in values]
        except (TypeError, ValueError) as error:
            raise self._unusable(
                f'has something other than an identity number in {split}.image_index'
            ) from error

    def values(self, split: str, attribute: Attribute, count: int) -> np.ndarray:
        """Return the values (fields, identities) of the fields of one attribute."""
        fields = attribute.fields or (attribute.name,)
        largest = _YES if len(fields) > 1 else len(attribute.classes)
        values = []
        for name in fields:
            column = self._field(split, name)
            if len(column) != count:
                raise self._unusable(
                    f'has {len(column)} values in {split}.{name} for the '
                    f'{count} identities of {split}.image_index'
                )
            if count and (
                column.dtype.kind not in 'iuf' or not np.isin(column, np.arange(largest + 1)).all()
            ):
                raise self._unusable(f'has a label outside 0..{largest} in {split}.{name}')
            values.append(column.astype(int))
        return np.stack(values)

    def _field(self, split: str, name: str) -> np.ndarray:
        fields = getattr(self.struct, split, None)
        if fields is None:
            raise self._unusable(f'has no {split} in {self.name}')
        if not hasattr(fields, name):
            raise self._unusable(f'has no field {split}.{name}')
        return np.ravel(getattr(fields, name))

    def _unusable(self, problem: str) -> InputError:
        return _unusable(self.path, self.source, problem)


def _unusable(path: str, source: MatFile, problem: str) -> InputError:
    origin = f' from {source.url}' if source.url else ''
    return InputError(f'annotation file "{path}" {problem}; replace it by {source.name}{origin}')
