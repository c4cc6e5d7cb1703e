"""Splits a table without splits: half of the people to train on, the others to search for."""

import random
from collections.abc import Sequence
from dataclasses import replace

from midattr_plugin.errors import InputError
from midattr_plugin.tables.table_file import GALLERY, QUERY, TRAIN, Table, TableRow


def split_table(table: Table, seed: int) -> Table:
    """Return the table with a split, which depends on ``seed`` and on nothing but its rows.

    Half of the identities, rounded up, are for training, and none of them is in the test. Of each
    other identity with several images, one of each camera is a query, if there is an image of
    another camera; without cameras, one image is.  In a table without identities half of the images
    are for training, and the others are the gallery.

    Args:
        table: a table without splits.
        seed: of the choice.

    Raises:
        InputError: there is nobody to train on, or nobody to search for.
    """
    rng = random.Random(seed)
    if not table.has_pids:
        rows = [*table.rows]
        rng.shuffle(rows)
        half = (len(rows) + 1) // 2
        splits = {row.line: TRAIN for row in rows[:half]} | {
            row.line: GALLERY for row in rows[half:]
        }
    else:
        by_pid: dict[str, list[TableRow]] = {}
        for row in table.rows:
            by_pid.setdefault(row.pid, []).append(row)
        pids = sorted(by_pid)
        rng.shuffle(pids)
        half = (len(pids) + 1) // 2
        splits = {row.line: TRAIN for pid in pids[:half] for row in by_pid[pid]}
        for pid in pids[half:]:
            splits |= _test_splits(by_pid[pid], table.has_cameras, rng)
        if QUERY not in splits.values():
            raise InputError(
                f'table "{table.path}" has no column "split", and cannot be split: none of the '
                f'{len(pids) - half} identities left for the test has two images'
                f'{" of different cameras" if table.has_cameras else ""}; add images, or the column'
            )
    rows = [replace(row, split=splits[row.line]) for row in table.rows]
    return replace(table, rows=tuple(rows), columns=table.columns | {'split'})


def _test_splits(rows: Sequence[TableRow], has_cameras: bool, rng: random.Random) -> dict[int, str]:
    """Return line -> split of the images of one identity of the test."""
    splits = {row.line: GALLERY for row in rows}
    if not has_cameras:
        if len(rows) > 1:
            splits[rng.choice(rows).line] = QUERY
        return splits
    by_camera: dict[str, list[TableRow]] = {}
    for row in rows:
        by_camera.setdefault(row.camid, []).append(row)
    for camera in sorted(by_camera):
        chosen = rng.choice(by_camera[camera])
        others = [row for row in rows if row.camid != camera and splits[row.line] == GALLERY]
        # an image of another camera must be left to be found, for this query and the earlier ones
        splits[chosen.line] = QUERY
        if not others or not _all_found(rows, splits):
            splits[chosen.line] = GALLERY
    return splits


def _all_found(rows: Sequence[TableRow], splits: dict[int, str]) -> bool:
    queries = [row for row in rows if splits[row.line] == QUERY]
    gallery = [row for row in rows if splits[row.line] == GALLERY]
    return all(any(found.camid != query.camid for found in gallery) for query in queries)
