"""The files of a finished prediction: rows of images and of tracks, descriptors, what was skipped.

Everything is read from the parts and written row by row, whatever the number of images.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from midattr_plugin.files import atomic_path
from midattr_plugin.predict.parts import read_parts
from midattr_plugin.predict.source import Source
from midattr_plugin.predict.tracks import read_tracks
from midattr_plugin.schema import AttributeSchema

ATTRIBUTES, DESCRIPTORS, SKIPPED = 'attributes.csv', 'descriptors.npy', 'skipped.csv'
TRACKS, TRACK_DESCRIPTORS = 'tracks.csv', 'track_descriptors.npy'
_BOX = ('frame', 'track', 'left', 'top', 'width', 'height')


def write_results(
    out: Path, parts: Path, source: Source, schema: AttributeSchema | None
) -> dict[str, int]:
    """Write all files; those of descriptors only if the model has any.

    Args:
        out: their folder.
        parts: folder of the parts, which cover the source.
        source: the pictures.
        schema: attributes of the model; None without any.

    Returns:
        Numbers of images that were predicted and skipped, and of tracks.
    """
    predicted = sum(len(part.numbers) for part in read_parts(parts))
    skipped = _write_csv(out / SKIPPED, ('path', 'reason'), _skipped_rows(parts, source))
    if _has_descriptors(parts):
        _write_descriptors(out / DESCRIPTORS, parts, predicted)
    columns = ('path', *(_BOX if source.has_boxes else ()), *_attribute_columns(schema))
    _write_csv(out / ATTRIBUTES, ('row', *columns), _image_rows(parts, source, schema))
    tracks = _write_tracks(out, parts, source, schema) if source.has_boxes else 0
    return {'predicted': predicted, 'skipped': skipped, 'tracks': tracks}


def _write_csv(path: Path, header: tuple[str, ...], rows: Iterator[list[Any]]) -> int:
    """Write a table and return the number of its rows."""
    count = 0
    with (
        atomic_path(path) as temporary,
        temporary.open('w', newline='', encoding='utf-8', errors='backslashreplace') as file,
    ):
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(header)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _skipped_rows(parts: Path, source: Source) -> Iterator[list[Any]]:
    for part in read_parts(parts):
        for number, reason in part.skipped.items():
            yield [str(source[number]), reason]


def _attribute_columns(schema: AttributeSchema | None) -> Iterator[str]:
    for attribute in schema or ():
        yield from (attribute.name, f'{attribute.name}_probability')


def _image_rows(parts: Path, source: Source, schema: AttributeSchema | None) -> Iterator[list[Any]]:
    row = 0
    for part in read_parts(parts):
        for position, number in enumerate(part.numbers.tolist()):
            picture = source[number]
            cells: list[Any] = [row, picture.path]
            if picture.box is not None:
                cells += [picture.box.frame, picture.box.track]
                cells += [f'{getattr(picture.box, name):g}' for name in _BOX[2:]]
            probabilities = {name: values[position] for name, values in part.probabilities.items()}
            yield cells + _answers(probabilities, schema)
            row += 1


def _answers(
    probabilities: Mapping[str, NDArray[np.float32]], schema: AttributeSchema | None
) -> list[str]:
    """Return class and probability of each attribute."""
    cells = []
    for attribute in schema or ():
        values = probabilities[attribute.name]
        best = int(values.argmax())
        cells += [attribute.classes[best], f'{values[best]:.4f}']
    return cells


def _has_descriptors(parts: Path) -> bool:
    """Return whether the model has descriptors, which one of attributes alone has not."""
    return next(iter(read_parts(parts))).descriptors.shape[1] > 0


def _write_descriptors(path: Path, parts: Path, count: int) -> None:
    """Write the array (count, D) part by part; a memory map would hold it in memory."""
    with atomic_path(path) as temporary, temporary.open('wb') as file:
        for index, part in enumerate(read_parts(parts)):
            if not index:
                np.lib.format.write_array_header_1_0(
                    file,
                    {
                        'descr': '<f4',
                        'fortran_order': False,
                        'shape': (count, part.descriptors.shape[1]),
                    },
                )
            file.write(part.descriptors.astype('<f4').tobytes())


def _write_tracks(out: Path, parts: Path, source: Source, schema: AttributeSchema | None) -> int:
    """Write a row and a descriptor of each track of which an image was predicted."""
    tracks = read_tracks(parts, source)
    header = ('row', 'track', 'first_frame', 'last_frame', 'images', *_attribute_columns(schema))
    _write_csv(
        out / TRACKS,
        header,
        (
            [row, number, track.first_frame, track.last_frame, track.count]
            + _answers(track.probabilities(), schema)
            for row, (number, track) in enumerate(tracks.items())
        ),
    )
    if _has_descriptors(parts):
        with atomic_path(out / TRACK_DESCRIPTORS) as temporary, temporary.open('wb') as file:
            np.save(file, np.stack([track.descriptor() for track in tracks.values()]))
    return len(tracks)
