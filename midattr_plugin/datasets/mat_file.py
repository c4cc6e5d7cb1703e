"""Reads the attribute annotations of Lin et al. from their MATLAB file.

The file holds one struct, ``market_attribute`` or ``duke_attribute``, with ``train`` and
``test``; each has a vector per field and ``image_index``, the identity numbers as strings.
The order of the fields differs between the two, so everything is read by name.
"""

import os
from functools import lru_cache
from pathlib import Path

import numpy as np

from midattr_plugin.datasets.annotation_file import AnnotationFile, IdentityLabels
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
        path = os.path.abspath(path)
        try:
            state = os.stat(path)
        except OSError as error:
            raise _unusable(path, self, f'cannot be read ({error.strerror})') from error
        # torchreid builds a dataset three times: for training, query and gallery
        return dict(_read(path, self, schema, state.st_mtime_ns, state.st_size))


@lru_cache(maxsize=8)
def _read(
    path: str, source: MatFile, schema: AttributeSchema, mtime: int, size: int
) -> IdentityLabels:
    if size == 0:
        raise _unusable(path, source, 'is empty')
    struct = _Struct(path, source)
    labels: IdentityLabels = {}
    for split in SPLITS:
        pids = struct.identities(split)
        columns = [struct.labels(split, attribute, len(pids)) for attribute in schema]
        for pid, row in zip(pids, zip(*columns, strict=True), strict=True):
            if pid in labels:
                raise _unusable(
                    path,
                    source,
                    f'lists identity {pid:04d} twice (the second time in {split}.image_index)',
                )
            labels[pid] = row
    return labels


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

    def labels(self, split: str, attribute: Attribute, count: int) -> list[int]:
        """Return the class indices of one attribute, one per identity."""
        fields = attribute.fields or (attribute.name,)
        one_per_class = len(fields) > 1
        largest = _YES if one_per_class else len(attribute.classes)
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
        if not one_per_class:
            return (values[0] - 1).tolist()  # labels are counted from 1; 0 means unknown
        marked = np.stack(values) == _YES
        return np.where(marked.sum(0) == 1, marked.argmax(0), UNKNOWN).tolist()

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
