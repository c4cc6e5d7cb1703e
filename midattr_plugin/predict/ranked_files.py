"""Ranked lists of queries: a table of all of them, and a page."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from midattr_plugin.files import atomic_path
from midattr_plugin.predict.finished import Answers
from midattr_plugin.predict.identities import Identity, same_file
from midattr_plugin.predict.pair_pictures import PairPictures
from midattr_plugin.predict.predictor import Predictor
from midattr_plugin.predict.queries import ImageQueries, Queries
from midattr_plugin.predict.ranking import Ranked, rank
from midattr_plugin.predict.report import RENDERED_NOTE, thumbnail_of
from midattr_plugin.predict.shown import Shown, everything
from midattr_plugin.predict.source import Source
from midattr_plugin.ranked import (
    MOST_LISTS,
    PAGE,
    Answer,
    Entry,
    RankedList,
    spread,
    write_ranked_page,
)

RANKED = 'ranked.csv'


def write_ranked(
    out: Path,
    source: Source,
    predictor: Predictor,
    queries: Queries,
    total: int,
    top: int,
    has_maps: bool = False,
) -> None:
    """Write ``ranked.csv`` and ``ranked.html``.

    Args:
        out: folder of the results of a finished prediction.
        source: the pictures.
        predictor: the model.
        queries: whom to search for.
        total: number of images, or of tracks, of the prediction.
        top: how many are found for each query.
        has_maps: whether to draw what made the first pictures similar.

    Raises:
        InputError: a query cannot be ranked, see :func:`rank`, or a file cannot be written.
    """
    lists = rank(out, source, predictor.schema, queries, top)
    wanted = {row for ranked in lists for _, row in ranked.found}
    shown = {
        row: one
        for row, one in enumerate(everything(out, source, predictor.schema))
        if row in wanted
    }
    known = queries.gallery if isinstance(queries, ImageQueries) else {}
    identities = {row: known.get(same_file(one.title)) for row, one in shown.items()}
    _write_table(out / RANKED, lists, shown, identities, source.has_boxes)
    drawn = [lists[number] for number in spread(len(lists), MOST_LISTS)]
    what = 'track' if source.has_boxes else 'image'
    write_ranked_page(
        out / PAGE,
        _lists(drawn, shown, identities, source, PairPictures(predictor, has_maps)),
        gallery=f'{total:,} {what}{"s" * (total != 1)}',
        shown=len(drawn),
        total=len(lists),
        by=Path(predictor.path).name,
        note=RENDERED_NOTE if predictor.model.trained_on_rendered else '',
        has_matches=any(ranked.identity for ranked in lists) and any(identities.values()),
        has_seen=has_maps,
    )


def _match(query: Identity | None, other: Identity | None) -> bool | None:
    return None if query is None or other is None else query.pid == other.pid


def _write_table(
    path: Path,
    lists: Sequence[Ranked],
    shown: Mapping[int, Shown],
    identities: Mapping[int, Identity | None],
    has_tracks: bool,
) -> None:
    with (
        atomic_path(path) as temporary,
        temporary.open('w', newline='', encoding='utf-8', errors='backslashreplace') as file,
    ):
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(
            ('query', 'rank', 'row', 'track' if has_tracks else 'path', 'distance', 'match')
        )
        for ranked in lists:
            for place, (distance, row) in enumerate(ranked.found, 1):
                name = shown[row].track if has_tracks else shown[row].title
                match = {None: '', True: 'yes', False: 'no'}[
                    _match(ranked.identity, identities[row])
                ]
                writer.writerow([ranked.name, place, row, name, f'{distance:.4f}', match])


def _lists(
    drawn: Sequence[Ranked],
    shown: Mapping[int, Shown],
    identities: Mapping[int, Identity | None],
    source: Source,
    pairs: PairPictures,
) -> Iterator[RankedList]:
    """Yield the lists; every picture of the source is read once, as frames of a video cost most."""
    numbers = {shown[row].number for ranked in drawn for _, row in ranked.found}
    numbers |= {ranked.image for ranked in drawn if isinstance(ranked.image, int)}
    kept = pairs.chosen(
        (ranked.image, [shown[row].number for _, row in ranked.found]) for ranked in drawn
    )
    thumbnails: dict[str | int, str] = {}
    for number, image in zip(sorted(numbers), source.images(sorted(numbers)), strict=True):
        thumbnails[number] = thumbnail_of(image)
        if number in kept:
            pairs.keep(number, image)
    for ranked in drawn:
        if isinstance(ranked.image, str):
            thumbnails[ranked.image] = thumbnail_of(ranked.image)
            if ranked.image in kept:
                pairs.keep(ranked.image, ranked.image)
        query = Entry(
            _short(ranked.title),
            thumbnails[ranked.image],
            _answers(ranked.answers),
            ranked.identity.pid if ranked.identity else '',
        )
        found = []
        for distance, row in ranked.found:
            one, identity = shown[row], identities[row]
            found.append(
                Entry(
                    _short(one.title),
                    thumbnails[one.number],
                    _answers(one.answers),
                    identity.pid if identity else '',
                    distance,
                    _match(ranked.identity, identity),
                    pairs.drawn(ranked.image, one.number),
                )
            )
        yield RankedList(query, found)


def _short(title: str) -> str:
    """Return the last folder and the name of a file; other titles as they are."""
    return '/'.join(Path(title).parts[-2:])


def _answers(answers: Answers) -> list[Answer]:
    return [Answer(*answer) for answer in answers]
