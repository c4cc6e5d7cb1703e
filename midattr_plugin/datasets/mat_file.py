"""Reads the attribute annotations of Lin et al. from their MATLAB file.

The file holds one struct, ``market_attribute`` or ``duke_attribute``, with ``train`` and
``test``; each has a vector per field and ``image_index``, the identity numbers as strings.
The order of the fields differs between the two, so everything is read by name.
"""

import os
from functools import lru_cache

import numpy as np
import scipy.io

from midattr_plugin.errors import InputError
from midattr_plugin.schema import DUKEMTMCREID, MARKET1501, UNKNOWN, Attribute, AttributeSchema

SPLITS = ('train', 'test')
_YES = 2


def read_annotations(
    path: str | os.PathLike, schema: AttributeSchema
) -> dict[int, tuple[int, ...]]:
    """Class indices of every annotated identity, of train and test together.

    A label is unknown (-1) if the file has the value 0, or if not exactly one color is marked:
    78 of the 751 training identities of Market-1501 have no upper-body color, and 23 test
    identities of DukeMTMC-reID have several lower-body colors.

    Returns:
        Identity number, as in the names of the images -> m class indices in the order of
        ``schema``.

    Raises:
        InputError: the file is not one of ``schema``'s dataset, or is damaged.
    """
    path = os.path.abspath(path)
    try:
        state = os.stat(path)
    except OSError as error:
        raise _unusable(path, schema, f'cannot be read ({error.strerror})') from error
    # torchreid makes a dataset three times, for training, query and gallery
    return dict(_read(path, schema, state.st_mtime_ns, state.st_size))


@lru_cache(maxsize=8)
def _read(path: str, schema: AttributeSchema, mtime: int, size: int) -> dict[int, tuple[int, ...]]:
    if size == 0:
        raise _unusable(path, schema, 'is empty')
    struct = _read_struct(path, schema)
    labels: dict[int, tuple[int, ...]] = {}
    for split in SPLITS:
        pids = _identities(path, schema, split, struct)
        columns = [
            _labels(path, schema, split, struct, attribute, len(pids)) for attribute in schema
        ]
        for pid, row in zip(pids, zip(*columns, strict=True), strict=True):
            if pid in labels:
                raise _unusable(
                    path,
                    schema,
                    f'lists identity {pid:04d} twice (the second time in {split}.image_index)',
                )
            labels[pid] = row
    return labels


def _read_struct(path: str, schema: AttributeSchema) -> object:
    try:
        content = scipy.io.loadmat(path, squeeze_me=True, struct_as_record=False)
    except Exception as error:  # SciPy raises a dozen types for what is not, or no more, a .mat
        raise _unusable(
            path, schema, f'is not a readable MATLAB file ({type(error).__name__})'
        ) from error
    if schema.mat_name not in content:
        others = [other.name for other in (MARKET1501, DUKEMTMCREID) if other.mat_name in content]
        seems = f', but seems to hold the annotations of {others[0]}' if others else ''
        raise _unusable(path, schema, f'has no {schema.mat_name}{seems}')
    return content[schema.mat_name]


def _identities(path: str, schema: AttributeSchema, split: str, struct: object) -> list[int]:
    values = _field(path, schema, split, struct, 'image_index')
    try:
        return [int(value) for value in values]
    except (TypeError, ValueError) as error:
        raise _unusable(
            path, schema, f'has something else than an identity number in {split}.image_index'
        ) from error


def _labels(
    path: str, schema: AttributeSchema, split: str, struct: object, attribute: Attribute, count: int
) -> list[int]:
    """Class indices of one attribute, one per identity."""
    one_per_class = len(attribute.fields) > 1
    largest = _YES if one_per_class else len(attribute.classes)
    values = []
    for name in attribute.fields:
        column = _field(path, schema, split, struct, name)
        if len(column) != count:
            raise _unusable(
                path,
                schema,
                f'has {len(column)} values in {split}.{name} for the '
                f'{count} identities of {split}.image_index',
            )
        if count and (
            column.dtype.kind not in 'iuf' or not np.isin(column, np.arange(largest + 1)).all()
        ):
            raise _unusable(path, schema, f'has a label outside 0..{largest} in {split}.{name}')
        values.append(column.astype(int))
    if not one_per_class:
        return (values[0] - 1).tolist()  # counted from 1; 0 is neither
    marked = np.stack(values) == _YES
    return np.where(marked.sum(0) == 1, marked.argmax(0), UNKNOWN).tolist()


def _field(path: str, schema: AttributeSchema, split: str, struct: object, name: str) -> np.ndarray:
    fields = getattr(struct, split, None)
    if fields is None:
        raise _unusable(path, schema, f'has no {split} in {schema.mat_name}')
    if not hasattr(fields, name):
        raise _unusable(path, schema, f'has no field {split}.{name}')
    return np.ravel(getattr(fields, name))


def _unusable(path: str, schema: AttributeSchema, problem: str) -> InputError:
    return InputError(
        f'annotation file "{path}" {problem}; replace it by {schema.mat_name}.mat from {schema.url}'
    )
