"""A page of ranked lists: one file, which opens offline."""

from collections.abc import Iterable
from pathlib import Path

import jinja2

from midattr_plugin.files import atomic_path
from midattr_plugin.ranked.ranked_list import RankedList

PAGE = 'ranked.html'
MOST_LISTS = 100
"""So many lists are drawn on a page; whoever makes the lists chooses which."""


def write_ranked_page(
    path: Path,
    lists: Iterable[RankedList],
    *,
    gallery: str,
    shown: int,
    total: int,
    by: str,
    note: str = '',
    has_matches: bool = False,
    has_truth: bool = False,
    has_seen: bool = False,
) -> None:
    """Write the page.

    Args:
        path: of the page.
        lists: drawn one after the other, so that they may be made meanwhile.
        gallery: what was searched, e.g. '1,000 images'.
        shown: number of lists.
        total: number of queries, of which ``shown`` are drawn.
        by: what has ranked, e.g. the name of a checkpoint.
        note: a sentence on what to beware of; '' for none.
        has_matches: whether it is known who is right.
        has_truth: whether attributes are annotated.
        has_seen: whether some entries have pictures of what made them similar.

    Raises:
        InputError: it cannot be written.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader('midattr_plugin.ranked'),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    stream = environment.get_template(f'{PAGE}.j2').stream(
        lists=lists,
        gallery=gallery,
        shown=shown,
        total=total,
        by=by,
        note=note,
        has_matches=has_matches,
        has_truth=has_truth,
        has_seen=has_seen,
    )
    with atomic_path(path) as temporary, temporary.open('w', encoding='utf-8') as file:
        for text in stream:
            file.write(text.encode('utf-8', 'backslashreplace').decode('utf-8'))
