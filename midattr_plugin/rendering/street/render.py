"""Renders people of every season as a dataset in the layout of Market-1501."""

from pathlib import Path

from midattr_plugin.datasets.rendered import Recipe
from midattr_plugin.errors import InputError
from midattr_plugin.rendering.difficulty import DIFFICULTY
from midattr_plugin.rendering.render import DEFAULT_SEED, default_workers
from midattr_plugin.rendering.roster import annotation_bytes
from midattr_plugin.rendering.street.streets import Streets
from midattr_plugin.rendering.tree import TREE, write_tree
from midattr_plugin.user_path import user_path

STREET_TEST_PIDS = 200
MOST_PEOPLE, MOST_TEST_PEOPLE = 9000, 999
"""Largest numbers of identities; a name has four digits for the identity."""


def check_street(num_train: int, num_test: int = STREET_TEST_PIDS) -> None:
    """Check the numbers of identities.

    Raises:
        InputError: one is outside its range.
    """
    if not 2 <= num_train <= MOST_PEOPLE:
        raise InputError(
            f'--street is {num_train}; give the number of training identities, '
            f'from 2 to {MOST_PEOPLE}'
        )
    if not 1 <= num_test <= MOST_TEST_PEOPLE:
        raise InputError(
            f'num_test is {num_test}; give the number of test identities, '
            f'from 1 to {MOST_TEST_PEOPLE}'
        )


def render_street(
    folder: Path,
    num_train: int,
    seed: int = DEFAULT_SEED,
    workers: int | None = None,
    num_test: int = STREET_TEST_PIDS,
) -> None:
    """Render people of every season into ``folder``/Market-1501-v15.09.15.

    On average 20 pictures of each training identity; 4 queries and a gallery of 12 pictures, 2
    distractors and 2 junk pictures for each test identity. The tree appears when it is complete; an
    existing one is kept.

    Args:
        folder: where to put the tree.
        num_train: number of training identities, 2 to 9000.
        seed: seed of all random numbers.
        workers: number of processes, None for one per core; the result does not depend on it.
        num_test: number of test identities, 1 to 999.

    Raises:
        InputError: a number is outside its range, or the folder cannot be written or holds
            pictures that were not rendered.
    """
    check_street(num_train, num_test)
    streets = Streets(seed, num_train, num_test)
    roster = streets.roster()
    write_tree(
        Path(user_path(folder, 'folder')) / TREE,
        roster,
        streets.plan(roster),
        annotation_bytes(roster),
        Recipe(seed, DIFFICULTY, f'{num_train} + {num_test} people of every season'),
        workers or default_workers(),
        take=streets,
    )
