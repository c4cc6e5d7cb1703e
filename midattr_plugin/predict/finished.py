"""The files of a finished prediction, read row by row: all pages are made from them."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from midattr_plugin.errors import InputError
from midattr_plugin.predict.results import ATTRIBUTES, TRACKS
from midattr_plugin.predict.source import Source
from midattr_plugin.schema import AttributeSchema

Answers = list[tuple[str, str, int]]
"""(attribute, most probable class, its probability in percent) of each attribute."""


@dataclass(frozen=True)
class ImageRow:
    """A row of ``attributes.csv``.

    Attributes:
        row: its number.
        number: of the picture in the source, of which some could not be read.
        answers: of the model.
    """

    row: int
    number: int
    answers: Answers


@dataclass(frozen=True)
class TrackRow:
    """A row of ``tracks.csv``.

    Attributes:
        track: number of the track.
        count: number of its images.
        first_frame: in which it was seen.
        last_frame: in which it was seen.
        answers: of the model.
    """

    track: int
    count: int
    first_frame: int
    last_frame: int
    answers: Answers


def image_rows(out: Path, source: Source, schema: AttributeSchema | None) -> Iterator[ImageRow]:
    """Yield the rows of images, in the order of the source.

    Args:
        out: folder of the results.
        source: the pictures.
        schema: attributes of the model; None without any.

    Raises:
        InputError: the table cannot be read, or is of other pictures.
    """
    number = -1
    for row, cells in enumerate(_cells(out / ATTRIBUTES)):
        number += 1
        while number < len(source) and not _is_of(cells, source, number):
            number += 1  # skipped, as it could not be read
        if number == len(source):
            raise _damaged(out / ATTRIBUTES, f'row {row} is of another picture')
        yield ImageRow(row, number, _answers(cells, schema, out / ATTRIBUTES))


def track_rows(out: Path, schema: AttributeSchema | None) -> Iterator[TrackRow]:
    """Yield the rows of tracks.

    Args:
        out: folder of the results.
        schema: attributes of the model; None without any.

    Raises:
        InputError: the table cannot be read.
    """
    path = out / TRACKS
    for cells in _cells(path):
        try:
            row = TrackRow(
                int(cells['track']),
                int(cells['images']),
                int(cells['first_frame']),
                int(cells['last_frame']),
                _answers(cells, schema, path),
            )
        except (KeyError, ValueError) as error:
            raise _damaged(path, str(error)) from error
        yield row


def descriptor_blocks(path: Path, rows: int) -> Iterator[NDArray[np.float32]]:
    """Yield the descriptors of some rows after the other, as (n, D).

    They are read, as a memory map would stay in memory.

    Args:
        path: of the array (N, D).
        rows: n, of the last block fewer.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with path.open('rb') as file:
            np.lib.format.read_magic(file)
            (count, dim), _, dtype = np.lib.format.read_array_header_1_0(file)
            for start in range(0, count, rows):
                expected = min(rows, count - start) * dim
                values = np.fromfile(file, dtype, expected)
                if len(values) < expected:
                    raise ValueError('it ends early')
                yield values.reshape(-1, dim)
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error


def _cells(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(newline='', encoding='utf-8') as file:
            yield from csv.DictReader(file)
    except (OSError, ValueError, csv.Error) as error:
        raise _damaged(path, str(error)) from error


def _is_of(cells: Mapping[str, str], source: Source, number: int) -> bool:
    picture = source[number]
    if picture.box is not None:
        return (cells.get('frame'), cells.get('track')) == (
            str(picture.box.frame),
            str(picture.box.track),
        )
    return cells.get('path') == picture.path.encode('utf-8', 'backslashreplace').decode()


def _answers(cells: Mapping[str, str], schema: AttributeSchema | None, path: Path) -> Answers:
    try:
        return [
            (name, cells[name], round(100 * float(cells[f'{name}_probability'])))
            for name in (schema.names if schema is not None else ())
        ]
    except (KeyError, ValueError, TypeError) as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, reason: str) -> InputError:
    return InputError(
        f'"{path}" is damaged ({reason}); delete the folder "{path.parent}" to predict again'
    )
