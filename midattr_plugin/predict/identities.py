"""Who is seen by which camera, where the tables that a user has named say so."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from midattr_plugin.predict.image_files import TABLES
from midattr_plugin.tables import read_table
from midattr_plugin.user_path import user_path


@dataclass(frozen=True)
class Identity:
    """Who is seen in an image.

    Attributes:
        pid: name of the person.
        camid: name of the camera; '' in a table without cameras.
        split: for which it is, see :mod:`midattr_plugin.tables`; '' in a table without splits.
    """

    pid: str
    camid: str
    split: str

    def is_same_view(self, other: 'Identity') -> bool:
        """Return whether the same camera has seen the same person: too easy, and so left out."""
        return bool(self.camid) and (self.pid, self.camid) == (other.pid, other.camid)


def known_identities(inputs: Sequence[str | os.PathLike]) -> dict[str, Identity]:
    """Return :func:`same_file` of an image -> who is seen, of those whose tables have a ``pid``.

    Args:
        inputs: as for :func:`~midattr_plugin.predict.image_files.image_files`.

    Raises:
        InputError: a table cannot be used.
    """
    known = {}
    for named in inputs:
        path = user_path(named, 'the path')
        if Path(path).suffix.lower() in TABLES and not os.path.isdir(path):
            table = read_table(path)
            for row in table.rows if table.has_pids else ():
                known[same_file(row.path)] = Identity(row.pid, row.camid, row.split)
    return known


def same_file(path: str) -> str:
    """Return what is equal for all paths of a file."""
    return os.path.realpath(path)
