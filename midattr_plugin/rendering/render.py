"""Renders the demo dataset or a twin of Market-1501."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

from midattr_plugin.datasets.rendered import Recipe
from midattr_plugin.rendering.difficulty import DIFFICULTY, Difficulty
from midattr_plugin.rendering.plan import Sizes, make_plan, market_sizes
from midattr_plugin.rendering.roster import (
    annotation_bytes,
    first_identities,
    invent_roster,
    read_roster,
)
from midattr_plugin.rendering.tree import TREE, write_tree
from midattr_plugin.user_path import user_path

DEFAULT_SEED = 1501
# Many people with few pictures each, so that attributes generalize to other people: with
# 100 x 12 a network learns them by heart (balanced accuracy .58 on other people).
DEMO_TRAIN_PIDS, DEMO_TEST_PIDS = 200, 80
DEMO_SIZES = Sizes(train=1400, query=320, gallery=720, distractors=60, junk=60)


def default_workers() -> int:
    """Return the number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS or Windows
        return os.cpu_count() or 1


def render_demo(
    folder: Path,
    seed: int = DEFAULT_SEED,
    workers: int | None = None,
    difficulty: float = DIFFICULTY,
    num_train: int | None = None,
) -> None:
    """Render the small dataset into ``folder``/Market-1501-v15.09.15.

    200 training identities with 7 pictures each, 80 test identities with 320 queries and a
    gallery of 720 pictures and 120 distractors. The tree appears when it is complete; an
    existing one is kept.

    Args:
        folder: where to put the tree.
        seed: seed of all random numbers.
        workers: number of processes, None for one per core; the result does not depend on it.
        difficulty: strength of everything that hides an identity, 0 to 4.
        num_train: number of training identities, None for 200; with 7 pictures each.

    Raises:
        InputError: the folder cannot be written, or holds pictures that were not rendered; or
            the difficulty is outside its range.
    """
    nuisances = Difficulty.uniform(difficulty)
    sizes, people = DEMO_SIZES, 'invented people'
    if num_train is not None:
        sizes = replace(sizes, train=num_train * sizes.train // DEMO_TRAIN_PIDS)
        people = f'{num_train} + {DEMO_TEST_PIDS} {people}'
    roster = invent_roster(seed, num_train or DEMO_TRAIN_PIDS, DEMO_TEST_PIDS)
    write_tree(
        Path(user_path(folder, 'folder')) / TREE,
        roster,
        make_plan(roster, sizes, seed),
        annotation_bytes(roster),
        Recipe(seed, difficulty, people),
        workers or default_workers(),
        nuisances,
    )


def render_twin(
    folder: Path,
    annotations: Path,
    seed: int = DEFAULT_SEED,
    workers: int | None = None,
    limit: int | None = None,
    difficulty: float = DIFFICULTY,
) -> None:
    """Render every identity of an annotation file into ``folder``/Market-1501-v15.09.15.

    With the file of Market-1501-Attribute each folder gets as many pictures as in Market-1501;
    fewer identities get proportionally fewer. The file is copied into the tree unchanged.

    Args:
        folder: where to put the tree.
        annotations: an annotation file of Market-1501-Attribute.
        seed: seed of all random numbers.
        workers: number of processes, None for one per core; the result does not depend on it.
        limit: render only this many identities, None for all.
        difficulty: strength of everything that hides an identity, 0 to 4.

    Raises:
        InputError: the annotation file or the folder cannot be used, or the difficulty is outside
            its range.
    """
    nuisances = Difficulty.uniform(difficulty)
    annotations = Path(user_path(annotations, 'annotations'))
    roster = read_roster(annotations)
    if limit is not None:
        roster = first_identities(roster, limit)
    data = annotations.read_bytes()
    count = sum(map(len, roster.values()))
    source = f'{count} annotated identities, sha256 {hashlib.sha256(data).hexdigest()}'
    plan = make_plan(roster, market_sizes(*map(len, roster.values())), seed)
    write_tree(
        Path(user_path(folder, 'folder')) / TREE,
        roster,
        plan,
        data,
        Recipe(seed, difficulty, source),
        workers or default_workers(),
        nuisances,
    )
