"""The page of the ranked lists of a target, beside the pictures that torchreid draws."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from midattr_plugin.datasets.image_file import read_image
from midattr_plugin.datasets.rendered import is_rendered
from midattr_plugin.errors import InputError
from midattr_plugin.ranked import (
    MOST_LISTS,
    PAGE,
    Answer,
    Entry,
    RankedList,
    spread,
    thumbnail,
    write_ranked_page,
)

Answers = Mapping[int, Sequence[Answer]]
"""Number of an image of a split -> what is predicted of it, and what is true."""


def write_test_page(
    folder: Path,
    distances: np.ndarray,
    query: Any,
    gallery: Any,
    top: int,
    answers: Callable[[Any, Sequence[int]], Answers],
    by: str,
) -> None:
    """Write ``ranked.html``.

    As in the scores, images of the person by the camera of the query are left out.

    Args:
        folder: of the page.
        distances: (Q, G).
        query: torchreid's dataset of the queries.
        gallery: torchreid's dataset of the gallery.
        top: how many images to show for each query.
        answers: returns what is predicted of some images of a dataset; {} for a model without
            attributes.
        by: what has ranked.
    """
    drawn = spread(len(query), MOST_LISTS)
    _, pids, camids, *_ = zip(*gallery.data, strict=True)
    others = np.array([pids, camids])
    found = {}
    for number in drawn:
        _, pid, camid, *_ = query.data[number]
        order = np.argsort(distances[number], kind='stable')
        is_same_view = (others[0, order] == pid) & (others[1, order] == camid)
        found[number] = order[~is_same_view][:top].tolist()
    asked = answers(query, drawn)
    answered = answers(gallery, sorted({image for row in found.values() for image in row}))

    def lists() -> Iterator[RankedList]:
        for number, images in found.items():
            first = _entry(query, number, asked)
            yield RankedList(
                first,
                [
                    _entry(
                        gallery,
                        image,
                        answered,
                        distance=float(distances[number, image]),
                        match=gallery.data[image][1] == query.data[number][1],
                    )
                    for image in images
                ],
            )

    write_ranked_page(
        folder / PAGE,
        lists(),
        gallery=f'{len(gallery):,} images',
        shown=len(drawn),
        total=len(query),
        by=by,
        note='the images are rendered; who is found says nothing about real images'
        if is_rendered(gallery)
        else '',
        has_matches=True,
        has_truth=any(answer.truth for said in answered.values() for answer in said),
    )


def _entry(dataset: Any, number: int, answers: Answers, **facts: Any) -> Entry:
    path, pid, *_ = dataset.data[number]
    names = getattr(dataset, 'pid_names', None)
    return Entry(
        Path(path).name,
        _thumbnail(path),
        answers.get(number, ()),
        names[pid] if names else str(pid),
        **facts,
    )


def _thumbnail(path: str) -> str:
    try:
        return thumbnail(read_image(path))
    except InputError:
        return ''
