"""Who looks most like a person: the nearest descriptors among those of a prediction."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from midattr_plugin.errors import InputError
from midattr_plugin.predict.parts import read_parts
from midattr_plugin.predict.shown import Shown, shown_pictures
from midattr_plugin.predict.source import Source
from midattr_plugin.predict.tracks import read_tracks, unit


@dataclass(frozen=True)
class Found:
    """An image, or a track, that a query was compared with.

    Attributes:
        distance: Euclidean, between descriptors of length 1; 0 to 2.
        shown: what it is.
    """

    distance: float
    shown: Shown


def nearest(
    parts: Path, source: Source, queries: NDArray[np.floating], count: int
) -> list[list[Found]]:
    """Return the nearest images, or tracks where there are any, to each query, nearest first.

    One part is in memory at a time.

    Args:
        parts: folder of the parts, which cover the source.
        source: the pictures.
        queries: (Q, D), descriptors.
        count: how many to return for each; all if there are fewer.

    Raises:
        InputError: the model knows attributes alone.
    """
    if not queries.shape[1]:
        raise InputError(
            'nobody can be searched for with these weights, which know attributes alone; take '
            'weights that were trained with identities'
        )
    units = np.stack([unit(query) for query in queries])
    best: list[list[Found]] = [[] for _ in queries]
    for shown, descriptors in (_tracks if source.has_boxes else _images)(parts, source):
        distances = np.sqrt(np.maximum(2 - 2 * units @ descriptors.T, 0))
        for found, row in zip(best, distances, strict=True):
            for index in np.argsort(row, kind='stable')[:count].tolist():
                found.append(Found(float(row[index]), shown[index]))
            found.sort(key=lambda one: (one.distance, one.shown.number))
            del found[count:]
    return best


def _images(parts: Path, source: Source) -> Iterator[tuple[list[Shown], NDArray[np.floating]]]:
    row = 0
    for part in read_parts(parts):
        if not len(part.numbers):
            continue
        shown = [
            Shown(
                number,
                row + position,
                source[number].path,
                {name: values[position] for name, values in part.probabilities.items()},
            )
            for position, number in enumerate(part.numbers.tolist())
        ]
        row += len(shown)
        yield shown, np.stack([unit(descriptor) for descriptor in part.descriptors])


def _tracks(parts: Path, source: Source) -> Iterator[tuple[list[Shown], NDArray[np.floating]]]:
    tracks = read_tracks(parts, source)
    shown, _ = shown_pictures(parts, source, len(tracks))
    by_track = {source[picture.number].track: picture for picture in shown}
    yield (
        [by_track[track] for track in tracks],
        np.stack([facts.descriptor() for facts in tracks.values()]),
    )
