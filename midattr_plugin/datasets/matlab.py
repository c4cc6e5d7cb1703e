"""MATLAB files, read by SciPy once their structure is known to be sound.

SciPy trusts the types and sizes in a file: of damaged files of the annotators' kind, one in forty
ended the interpreter with a segmentation fault.

A file (level 5) is a header of 128 bytes and a sequence of elements. An element is a tag (type of
the data, number of bytes) and the data, padded to 8 bytes; up to 4 bytes of data lie in the tag. A
matrix is an element of elements: flags, dimensions, name, then its numbers, or the matrices that
it consists of.
"""

import math
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import scipy.io

_HEADER = 128  # bytes
_MATRIX, _COMPRESSED = 14, 15
_INT8, _INT32, _UINT32 = 1, 5, 6
_ITEM_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}
"""Type of numbers -> bytes of one."""
_TEXT_BYTES = {1: 1, 2: 1, 4: 2, 16: 1, 17: 2, 18: 4}
_CELL, _STRUCT, _CHAR, _NUMERIC = 1, 2, 4, range(6, 16)
_COMPLEX = 0x800
_MAX_DEPTH = 16
_MAX_BYTES = 2**28  # of the decompressed file; that of Market-1501 takes 200 kB


def load_mat(path: str | os.PathLike) -> dict[str, Any]:
    """Return the variables of a MATLAB file, structs as objects, without dimensions of size 1.

    Raises:
        ValueError: the file is not one of level 5, is damaged, or holds other things than numbers,
            text, cells and structs.
        Exception: what SciPy raises; it has a dozen types for what it cannot read.
    """
    _check_structure(Path(path).read_bytes())
    return scipy.io.loadmat(path, squeeze_me=True, struct_as_record=False)


def _check_structure(content: bytes) -> None:
    order = {b'\x00\x01IM': '<', b'\x01\x00MI': '>'}.get(content[124:_HEADER])
    if order is None:
        raise ValueError('it has no header of level 5')
    for kind, data in _elements(content[_HEADER:], order):
        if kind == _COMPRESSED:
            for inner, matrix in _elements(_decompressed(data), order):
                _check_matrix(inner, matrix, order)
        else:
            _check_matrix(kind, data, order)


def _decompressed(data: bytes) -> bytes:
    reader = zlib.decompressobj()
    try:
        content = reader.decompress(data, _MAX_BYTES)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not reader.eof:
        raise ValueError('its compressed data do not end')
    return content


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Yield type and data of each element."""
    place = 0
    while place < len(data):
        if len(data) - place < 8:
            raise ValueError('it ends within a tag')
        kind, size = struct.unpack_from(f'{order}II', data, place)
        if kind >> 16:  # up to 4 bytes, in the tag itself
            size, kind, begin, end = kind >> 16, kind & 0xFFFF, place + 4, place + 8
            if size > 4:
                raise ValueError('a tag has too many bytes')
        else:
            begin = place + 8
            # what is compressed has no padding
            end = begin + (size if kind == _COMPRESSED else -(-size // 8) * 8)
        if begin + size > len(data):
            raise ValueError('it ends within an element')
        yield kind, data[begin : begin + size]
        place = end


def _check_matrix(kind: int, data: bytes, order: str, depth: int = 0) -> None:
    if kind != _MATRIX or depth > _MAX_DEPTH:
        raise ValueError(f'it has an element of type {kind} in the place of a matrix')
    if not data:
        return  # an empty one
    parts = _elements(data, order)
    flags = struct.unpack(f'{order}II', _part(parts, _UINT32, 8))[0]
    dimensions = _numbers(_part(parts, _INT32), order)
    if len(dimensions) < 2 or min(dimensions) < 0:
        raise ValueError(f'it has a matrix of the dimensions {dimensions}')
    count = math.prod(dimensions)
    _part(parts, _INT8)  # its name
    kind = flags & 0xFF
    if kind == _STRUCT:
        [length] = _numbers(_part(parts, _INT32, 4), order)
        names = _part(parts, _INT8)
        if length < 1 or len(names) % length:
            raise ValueError('it has a struct without names of its fields')
        count *= len(names) // length
    if kind in (_CELL, _STRUCT):
        for _ in range(count):
            _check_matrix(*next(parts, (0, b'')), order, depth + 1)
    elif kind == _CHAR or kind in _NUMERIC:
        sizes = _TEXT_BYTES if kind == _CHAR else _ITEM_BYTES
        for _ in range(2 if flags & _COMPLEX else 1):
            item, values = next(parts, (0, b''))
            if item not in sizes or len(values) != count * sizes[item] and item != 16:
                raise ValueError(f'it has {len(values)} bytes of type {item} for {count} values')
    else:
        raise ValueError(f'it has a matrix of class {kind}')
    if next(parts, None) is not None:
        raise ValueError('it has a matrix with too many parts')


def _part(parts: Iterator[tuple[int, bytes]], kind: int, size: int | None = None) -> bytes:
    found, data = next(parts, (0, b''))
    if found != kind or size not in (None, len(data)):
        raise ValueError(f'it has a part of type {found} in the place of {kind}')
    return data


def _numbers(data: bytes, order: str) -> tuple[int, ...]:
    if len(data) % 4:
        raise ValueError('it has a part of a number')
    return struct.unpack(f'{order}{len(data) // 4}i', data)
