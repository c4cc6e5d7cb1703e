"""Reads the attribute annotations of Lin et al. from their MATLAB file.

The file holds one struct, ``market_attribute`` or ``duke_attribute``, with ``train`` and
``test``; each has a vector per field and ``image_index``, the identity numbers as strings.
The order of the fields differs between the two, so everything is read by name.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import scipy.io

from midattr_plugin.errors import InputError
from midattr_plugin.schema import UNKNOWN, Attribute, AttributeSchema

SPLITS = ('train', 'test')
_YES = 2


def read_annotations(path: str | Path, schema: AttributeSchema) -> dict[int, tuple[int, ...]]:
    """Class indices of every annotated identity.

    A label is unknown (-1) if the file has the value 0, or if not exactly one colour is marked:
    78 of the 751 training identities of Market-1501 have no upper-body colour, and 23 test
    identities of DukeMTMC-reID have several lower-body colours.

    Returns:
        Identity number, as in the names of the images -> m class indices in the order of
        ``schema``.

    Raises:
        InputError: the file is not one of ``schema``'s dataset, or is damaged.
    """
    struct = _read_struct(Path(path), schema)
    labels: dict[int, tuple[int, ...]] = {}
    for split in SPLITS:
        fields = getattr(struct, split, None)
        if fields is None:
            raise _damaged(path, schema, f'has no "{split}"')
        pids = _identities(path, schema, split, fields)
        columns = [_labels(path, schema, split, fields, attribute, len(pids))
                   for attribute in schema]
        for pid, row in zip(pids, zip(*columns, strict=True), strict=True):
            if pid in labels:
                raise _damaged(path, schema, f'lists identity {pid:04d} twice')
            labels[pid] = row
    return labels


def _read_struct(path: Path, schema: AttributeSchema):
    try:
        content = scipy.io.loadmat(path, squeeze_me=True, struct_as_record=False)
    except FileNotFoundError:
        raise InputError(f'annotation file "{path}" does not exist; get it from '
                         f'{schema.url}') from None
    except Exception as error:  # SciPy raises many types for a damaged file
        raise _damaged(path, schema, f'is not a readable MATLAB file ({error})') from error
    if schema.mat_name not in content:
        found = [name for name in content if not name.startswith('__')]
        raise InputError(f'annotation file "{path}" is of another dataset: it holds '
                         f'{", ".join(found) or "nothing"}, not {schema.mat_name}; replace it '
                         f'by {schema.mat_name}.mat from {schema.url}')
    return content[schema.mat_name]


def _identities(path, schema: AttributeSchema, split: str, fields) -> list[int]:
    values = _field(path, schema, split, fields, 'image_index')
    try:
        return [int(value) for value in values]
    except ValueError as error:
        raise _damaged(path, schema, f'has an identity in {split}.image_index that is not a '
                                     f'number ({error})') from error


def _labels(path, schema: AttributeSchema, split: str, fields, attribute: Attribute,
            count: int) -> Iterable[int]:
    """Class indices of one attribute, one per identity."""
    by_class = len(attribute.fields) > 1
    largest = _YES if by_class else len(attribute.classes)
    values = []
    for name in attribute.fields:
        column = _field(path, schema, split, fields, name)
        if len(column) != count:
            raise _damaged(path, schema, f'has {len(column)} values in {split}.{name} for '
                                         f'{count} identities')
        if not np.isin(column, range(largest + 1)).all():
            raise _damaged(path, schema, f'has a label outside 0..{largest} in {split}.{name}')
        values.append(column.astype(int))
    if not by_class:
        return (values[0] - 1).tolist()  # counted from 1; 0 is unknown, and so is -1
    marked = np.stack(values) == _YES
    return np.where(marked.sum(0) == 1, marked.argmax(0), UNKNOWN).tolist()


def _field(path, schema: AttributeSchema, split: str, fields, name: str) -> np.ndarray:
    if not hasattr(fields, name):
        raise _damaged(path, schema, f'has no field {split}.{name}')
    return np.atleast_1d(getattr(fields, name))


def _damaged(path, schema: AttributeSchema, problem: str) -> InputError:
    return InputError(f'annotation file "{path}" {problem}; replace it by {schema.mat_name}.mat '
                      f'from {schema.url}')
