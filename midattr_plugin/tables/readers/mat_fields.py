"""Fields of a MATLAB file: cells as lists, structures as dicts in the order of their fields."""

from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat

from midattr_plugin.errors import InputError
from midattr_plugin.tables.readers.annotations import unusable


def read_mat(file: Path) -> dict[str, Any]:
    """Return the variables of a MATLAB file by name.

    Args:
        file: of MATLAB's version 5 to 7.2.

    Raises:
        InputError: it cannot be read.
    """
    try:
        content = loadmat(file, simplify_cells=True)
    except Exception as error:  # SciPy raises many types for a broken file
        if isinstance(error, OSError) and error.strerror:
            raise InputError(
                f'annotations "{file}" cannot be read ({error.strerror}); let your user read it'
            ) from error
        raise unusable(file, f'it is broken ({type(error).__name__})') from error
    return {name: value for name, value in content.items() if not name.startswith('__')}


def fields_of(content: dict[str, Any], name: str, file: Path) -> dict[str, Any]:
    """Return the structure of this name: its fields in their order.

    Args:
        content: of the file.
        name: of the variable.
        file: the file, for the message.

    Raises:
        InputError: there is none.
    """
    fields = content.get(name)
    if not isinstance(fields, dict):
        raise unusable(file, f'no structure "{name}"')
    return fields


def words(value: Any, file: Path) -> list[str]:
    """Return a cell array of texts as a list; of several columns the first.

    Args:
        value: a field.
        file: the file, for the message.

    Raises:
        InputError: it is something else.
    """
    cells = np.atleast_1d(np.asarray(value, dtype=object))
    texts = cells.reshape(len(cells), -1)[:, 0].tolist() if cells.size else []
    if not texts or not all(isinstance(text, str) for text in texts):
        raise unusable(file, 'no texts where names are expected')
    return [text.strip() for text in texts]


def matrix(value: Any, file: Path) -> np.ndarray:
    """Return a numeric field as an array of two dimensions.

    Args:
        value: a field.
        file: the file, for the message.

    Raises:
        InputError: it is something else.
    """
    array = np.atleast_2d(np.asarray(value))
    if array.ndim != 2 or array.dtype.kind not in 'biuf':
        raise unusable(file, 'no matrix of numbers where labels are expected')
    return array


def indices(value: Any, file: Path) -> np.ndarray:
    """Return a vector of MATLAB's indices, from 1, as one from 0.

    Args:
        value: a field.
        file: the file, for the message.

    Raises:
        InputError: it is something else.
    """
    vector = np.atleast_1d(np.asarray(value)).ravel()
    if vector.dtype.kind not in 'iuf' or (vector < 1).any() or (vector % 1).any():
        raise unusable(file, 'no indices from 1 where those of a split are expected')
    return vector.astype(int) - 1


def parts(value: Any, names: tuple[str, ...], file: Path) -> list[dict[str, np.ndarray]]:
    """Return partitions: for each the indices of its splits, from 0.

    Args:
        value: a cell array of structures, whose fields are indices of MATLAB.
        names: of the splits. Fields that are called otherwise are those in this order.
        file: the file, for the message.

    Raises:
        InputError: it is something else.
    """
    partitions = [value] if isinstance(value, dict) else list(np.atleast_1d(value))
    if not all(isinstance(part, dict) and len(part) >= len(names) for part in partitions):
        raise unusable(file, f'no partitions into {", ".join(names)}')
    vectors = [
        [part[name] for name in names] if set(names) <= set(part) else list(part.values())
        for part in partitions
    ]
    return [
        {name: indices(vector, file) for name, vector in zip(names, row, strict=False)}
        for row in vectors
    ]
