"""Queries compared with the images, or tracks, of a finished prediction."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from midattr_plugin.errors import InputError
from midattr_plugin.predict.finished import Answers, descriptor_blocks
from midattr_plugin.predict.identities import Identity, same_file
from midattr_plugin.predict.nearest import nearest
from midattr_plugin.predict.queries import ImageQueries, Queries, TrackQueries
from midattr_plugin.predict.results import DESCRIPTORS, TRACK_DESCRIPTORS
from midattr_plugin.predict.shown import Shown, everything
from midattr_plugin.predict.source import Source
from midattr_plugin.schema import AttributeSchema


@dataclass(frozen=True)
class Ranked:
    """A query and what is nearest to it.

    Attributes:
        name: path of the image, or number of the track, as in the tables.
        title: what it shows.
        image: path of an image, or number of a picture of the source.
        answers: of the model.
        identity: who is seen; None where that is unknown.
        found: distances and rows of the table of images or tracks, nearest first.
    """

    name: str
    title: str
    image: str | int
    answers: Answers
    identity: Identity | None
    found: list[tuple[float, int]]


def rank(
    out: Path, source: Source, schema: AttributeSchema | None, queries: Queries, top: int
) -> list[Ranked]:
    """Compare every query with everything but itself and, by the same camera, its person.

    Args:
        out: folder of the results.
        source: the pictures.
        schema: attributes of the model; None without any.
        queries: whom to search for.
        top: how many to find for each.

    Raises:
        InputError: a track has no picture that could be read, or nothing is left to search.
    """
    shown = everything(out, source, schema)
    if isinstance(queries, TrackQueries):
        return _rank_tracks(
            out, {one.track: (row, one) for row, one in enumerate(shown)}, queries, top
        )
    left_out: list[set[int]] = [set() for _ in queries.paths]
    if not source.has_boxes:
        left_out = _left_out(queries, shown)
    array = out / (TRACK_DESCRIPTORS if source.has_boxes else DESCRIPTORS)
    found = nearest(array, queries.descriptors, top, left_out)
    for path, rows in zip(queries.paths, found, strict=True):
        if not rows:
            raise InputError(
                f'--query: besides "{path}" itself there is nothing to search; give more images'
            )
    return [
        Ranked(path, path, path, answers, identity, rows)
        for path, answers, identity, rows in zip(
            queries.paths, queries.answers, queries.identities, found, strict=True
        )
    ]


def _left_out(queries: ImageQueries, images: Iterable[Shown]) -> list[set[int]]:
    """Return the rows that each query is not compared with."""
    same_image: dict[str, list[int]] = {}
    same_view: dict[tuple[str, str], list[int]] = {}
    for number, (path, identity) in enumerate(zip(queries.paths, queries.identities, strict=True)):
        same_image.setdefault(same_file(path), []).append(number)
        if identity is not None and identity.camid:
            same_view.setdefault((identity.pid, identity.camid), []).append(number)
    left_out: list[set[int]] = [set() for _ in queries.paths]
    for row, one in enumerate(images):
        file = same_file(one.title)
        numbers = list(same_image.get(file, ()))
        if other := queries.gallery.get(file):
            numbers += same_view.get((other.pid, other.camid), ())
        for number in numbers:
            left_out[number].add(row)
    return left_out


def _rank_tracks(
    out: Path, tracks: dict[int | None, tuple[int, Shown]], queries: TrackQueries, top: int
) -> list[Ranked]:
    for track in queries.tracks:
        if track not in tracks:
            raise InputError(
                f'--query-tracks: no picture of track {track} could be read, as skipped.csv says; '
                'leave it out'
            )
    if len(tracks) == 1:
        raise InputError(
            '--query-tracks: there is only one track, and no other to find; name images with '
            '--query'
        )
    array = out / TRACK_DESCRIPTORS
    own = [tracks[track][0] for track in queries.tracks]
    descriptors = np.concatenate(list(descriptor_blocks(array, rows=4096)))[own]
    found = nearest(array, descriptors, top, [{row} for row in own])
    asked = [tracks[track][1] for track in queries.tracks]
    return [
        Ranked(str(one.track), one.title, one.number, one.answers, None, rows)
        for one, rows in zip(asked, found, strict=True)
    ]
