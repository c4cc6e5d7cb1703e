"""Which of many pictures are shown: some of all images, or one of each track."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from midattr_plugin.predict.parts import read_parts
from midattr_plugin.predict.source import Source, tracks_of
from midattr_plugin.predict.tracks import read_tracks


@dataclass(frozen=True)
class Shown:
    """A picture that is shown.

    Attributes:
        number: of the picture in the source.
        row: of ``attributes.csv``.
        title: what it shows.
        probabilities: attribute -> (c,), of the image, or of the whole track.
    """

    number: int
    row: int
    title: str
    probabilities: dict[str, NDArray[np.float32]]


def shown_pictures(parts: Path, source: Source, most: int) -> tuple[list[Shown], int]:
    """Return the pictures to show, in the order of the source, and of how many.

    Args:
        parts: folder of the parts, which cover the source.
        source: the pictures.
        most: of more images or tracks, as many are shown, spread evenly.
    """
    return (_of_tracks if source.has_boxes else _of_images)(parts, source, most)


def _of_images(parts: Path, source: Source, most: int) -> tuple[list[Shown], int]:
    total = sum(len(part.numbers) for part in read_parts(parts))
    rows = _spread(total, most)
    shown = []
    row = 0
    for part in read_parts(parts):
        for position, number in enumerate(part.numbers.tolist()):
            if row in rows:
                probabilities = {
                    name: values[position] for name, values in part.probabilities.items()
                }
                shown.append(Shown(number, row, source[number].path, probabilities))
            row += 1
    return shown, total


def _of_tracks(parts: Path, source: Source, most: int) -> tuple[list[Shown], int]:
    """Of each track the middle one of the images that were read."""
    tracks = read_tracks(parts, source)
    numbers = [number for part in read_parts(parts) for number in part.numbers.tolist()]
    row_of = {number: row for row, number in enumerate(numbers)}
    chosen = _spread(len(tracks), most)
    shown = []
    pictures = tracks_of(source)
    for position, (track, facts) in enumerate(tracks.items()):
        if position in chosen:
            read = [number for number in pictures[track] if number in row_of]
            middle = read[len(read) // 2]
            images = f'{facts.count} image' + 's' * (facts.count > 1)
            title = f'track {track}: {images}, frames {facts.first_frame} to {facts.last_frame}'
            shown.append(Shown(middle, row_of[middle], title, facts.probabilities()))
    return sorted(shown, key=lambda picture: picture.number), len(tracks)


def _spread(total: int, most: int) -> set[int]:
    return set(np.linspace(0, total - 1, min(total, most)).round().astype(int).tolist())
