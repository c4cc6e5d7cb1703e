"""The two things that are rendered: the demo data set, and a twin of Market-1501."""

import hashlib
import os
from pathlib import Path

from midattr_plugin.rendering.mat_file import annotation_bytes
from midattr_plugin.rendering.plan import Sizes, make_plan, market_sizes
from midattr_plugin.rendering.roster import first_identities, invent_roster, read_roster
from midattr_plugin.rendering.tree import TREE, write_tree

# Changes whenever the same seed gives other pictures.
VERSION = 1
DEFAULT_SEED = 1501
# Attributes generalize over people, so there are many with few pictures rather than the
# reverse: with 100 x 12 a network learns them by heart (balanced accuracy .58 on others).
DEMO_TRAIN_PIDS, DEMO_TEST_PIDS = 200, 80
DEMO_SIZES = Sizes(train=1400, query=320, gallery=720, background=60, junk=60)


def default_workers() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS or Windows
        return os.cpu_count() or 1


def render_demo(folder: Path, seed: int = DEFAULT_SEED, workers: int | None = None) -> None:
    """Renders the small data set into ``folder``/Market-1501-v15.09.15.

    200 training identities with 1,400 pictures, 80 test identities with 320 queries and a
    gallery of 720 pictures and 120 distractors. The tree appears when it is complete; one
    that is there already is kept.

    Args:
        workers: number of processes, None for one per core; the result does not depend on it.

    Raises:
        InputError: the folder cannot be written, or holds pictures that were not rendered.
    """
    roster = invent_roster(seed, DEMO_TRAIN_PIDS, DEMO_TEST_PIDS)
    write_tree(
        Path(folder) / TREE,
        roster,
        make_plan(roster, DEMO_SIZES, seed),
        annotation_bytes(roster),
        _marker(seed, 'invented people'),
        seed,
        workers or default_workers(),
    )


def render_twin(
    folder: Path,
    annotations: Path,
    seed: int = DEFAULT_SEED,
    workers: int | None = None,
    limit: int | None = None,
) -> None:
    """Renders every identity of an annotation file into ``folder``/Market-1501-v15.09.15.

    With the file of Market-1501-Attribute that makes as many pictures as Market-1501 has
    in each folder; fewer identities get proportionally fewer. The file is copied into the
    tree unchanged.

    Args:
        limit: render this many identities only, None for all.

    Raises:
        InputError: the annotation file is unusable, or the folder is.
    """
    annotations = Path(annotations)
    roster = read_roster(annotations)
    if limit is not None:
        roster = first_identities(roster, limit)
    data = annotations.read_bytes()
    count = sum(map(len, roster.values()))
    source = f'{count} annotated identities, sha256 {hashlib.sha256(data).hexdigest()}'
    plan = make_plan(roster, market_sizes(*map(len, roster.values())), seed)
    write_tree(
        Path(folder) / TREE,
        roster,
        plan,
        data,
        _marker(seed, source),
        seed,
        workers or default_workers(),
    )


def _marker(seed: int, source: str) -> str:
    return (
        'The images in this folder are rendered drawings, not photographs of people.\n'
        'Figures measured on them say nothing about real data.\n'
        f'renderer version: {VERSION}\nseed: {seed}\nsource: {source}\n'
    )
