"""Whom a user searches for among the predicted pictures: images, or tracks of the video itself."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from midattr_plugin.errors import InputError
from midattr_plugin.predict.finished import Answers
from midattr_plugin.predict.identities import Identity, known_identities, same_file
from midattr_plugin.predict.image_files import image_files
from midattr_plugin.predict.predictor import Predictor
from midattr_plugin.predict.source import Source, tracks_of
from midattr_plugin.tables import QUERY


@dataclass(frozen=True)
class ImageQueries:
    """Images of people who are searched for.

    Attributes:
        paths: of the images.
        descriptors: (Q, D).
        answers: of the model, for each image.
        identities: who is seen, for each image; None where that is unknown.
        gallery: :func:`same_file` of a searched image -> who is seen, where that is known.
    """

    paths: list[str]
    descriptors: NDArray[np.float32]
    answers: list[Answers]
    identities: list[Identity | None]
    gallery: dict[str, Identity]


@dataclass(frozen=True)
class TrackQueries:
    """Tracks for each of which the others are searched.

    Attributes:
        tracks: their numbers.
    """

    tracks: list[int]


Queries = ImageQueries | TrackQueries


def image_queries(
    named: Sequence[str | os.PathLike],
    inputs: Sequence[str | os.PathLike],
    source: Source,
    predictor: Predictor,
) -> ImageQueries:
    """Return the queries that a user has named, seen by the model.

    Of a table with splits these are its images of the split 'query'.

    Args:
        named: see :func:`image_files`.
        inputs: what is searched, named in the same way.
        source: what is searched.
        predictor: the model.

    Raises:
        InputError: there is no query, one cannot be read, or the person of one is known and is
            not in what is searched.
    """
    known = known_identities(named)
    paths = []
    for path in image_files(named):
        identity = known.get(same_file(path))
        if identity is None or identity.split in ('', QUERY):
            paths.append(path)
    if not paths:
        raise InputError(
            '--query: the tables have no image of the split "query"; give some that split, or '
            'delete the column'
        )
    gallery = {} if source.has_boxes else known_identities(inputs)
    identities = [known.get(same_file(path)) for path in paths]
    if gallery and len(gallery) == len(source):
        _check_matches(paths, identities, gallery)
    try:
        prediction = predictor(paths)
    except InputError as error:
        raise InputError(f'--query: {error}') from error
    answers: list[Answers] = [[] for _ in paths]
    for name, values in prediction.probabilities.items():
        for row, (said, best) in enumerate(zip(answers, values.max(1).tolist(), strict=True)):
            said.append((name, prediction.attributes[row][name], round(100 * best)))
    return ImageQueries(paths, prediction.descriptors, answers, identities, gallery)


def track_queries(numbers: Iterable[int], source: Source) -> TrackQueries:
    """Return the queries for some tracks.

    Args:
        numbers: of the tracks.
        source: what is searched.

    Raises:
        InputError: there are no boxes, or none of such a track.
    """
    if not source.has_boxes:
        raise InputError(
            '--query-tracks names tracks of a video, but there are no --boxes; name images with '
            '--query'
        )
    numbers, tracks = list(dict.fromkeys(numbers)), tracks_of(source)
    for number in numbers:
        if number not in tracks:
            raise InputError(
                f'--query-tracks: the boxes have no track {number}; their {len(tracks)} tracks '
                f'are numbered from {min(tracks)} to {max(tracks)}'
            )
    return TrackQueries(numbers)


def _check_matches(
    paths: Sequence[str], identities: Sequence[Identity | None], gallery: dict[str, Identity]
) -> None:
    of_person: dict[str, list[tuple[str, Identity]]] = {}
    for file, other in gallery.items():
        of_person.setdefault(other.pid, []).append((file, other))
    for path, identity in zip(paths, identities, strict=True):
        if identity is not None and not any(
            file != same_file(path) and not identity.is_same_view(other)
            for file, other in of_person.get(identity.pid, ())
        ):
            where = ' by another camera' if identity.camid else ''
            raise InputError(
                f'--query: "{path}" shows "{identity.pid}", of whom there is no other image'
                f'{where} among those that are searched; add one, or leave this query out'
            )
