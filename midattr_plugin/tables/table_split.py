"""Splits a table without splits: half of the people to train on, the others to search for."""

import random
from collections.abc import Iterable
from dataclasses import replace

from midattr_plugin.datasets.held_out_identities import split_queries
from midattr_plugin.errors import InputError
from midattr_plugin.tables.table_file import GALLERY, QUERY, TEST, TRAIN, Table, TableRow


def split_table(table: Table, seed: int) -> Table:
    """Return the table with a split, which depends on ``seed`` and on nothing but its rows.

    Half of the identities, rounded up, are for training, and none of them is in the test. Each
    camera that has seen one of the others gives a query, as far as an image of another camera is
    left to be found. Without cameras each identity with two images gives one. In a table without
    identities half of the images are for training, and the others are the test: as nobody knows
    who is seen, a person may then be in both.

    Args:
        table: a table without splits.
        seed: of the choice.

    Raises:
        InputError: there is nobody to search for.
    """
    rng = random.Random(seed)
    names = sorted({row.pid or row.path for row in table.rows})
    rng.shuffle(names)
    trained = set(names[: (len(names) + 1) // 2])
    tested = [row for row in table.rows if (row.pid or row.path) not in trained]
    queries = _queries(tested, table.has_cameras, rng) if table.has_pids else set()
    if table.has_pids and not queries:
        raise InputError(
            f'table "{table.path}" has no column "split", and cannot be split: none of the '
            f'{len(names) - len(trained)} identities left for the test has two images'
            f'{" of different cameras" if table.has_cameras else ""}; add images, or the column'
        )
    rest = GALLERY if table.has_pids else TEST
    splits = dict.fromkeys((row.path for row in tested), rest) | dict.fromkeys(queries, QUERY)
    rows = tuple(replace(row, split=splits.get(row.path, TRAIN)) for row in table.rows)
    return replace(table, rows=rows, columns=table.columns | {'split'})


def _queries(rows: Iterable[TableRow], has_cameras: bool, rng: random.Random) -> set[str]:
    """Return the paths of the queries."""
    by_pid: dict[str, list[str]] = {}
    for row in rows:
        by_pid.setdefault(row.pid, []).append(row.path)
    if not has_cameras:
        return {rng.choice(paths) for paths in by_pid.values() if len(paths) > 1}
    items = [(row.path, row.pid, row.camid) for row in rows]
    return {path for path, *_ in split_queries(items, rng.randrange(2**31))[0]}
