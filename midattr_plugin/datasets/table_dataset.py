"""Own images, listed in a table with who they show and their attributes."""

import os
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.attribute_dataset import ATTRIBUTE_DATASETS
from midattr_plugin.datasets.attribute_items import AttributeItemsMixin
from midattr_plugin.datasets.rendered import is_marked
from midattr_plugin.errors import InputError
from midattr_plugin.schema import Attribute
from midattr_plugin.tables import (
    GALLERY,
    QUERY,
    TEST,
    TRAIN,
    VAL,
    Table,
    inferred_schema,
    read_schema,
    read_table,
    split_table,
    table_labels,
)

TABLE = 'csv'
"""Name of the dataset."""


_NOTHING = [('', -1, 0, 0)]  # as torchreid looks at the first item of each split


@ATTRIBUTE_DATASETS.register(TABLE)
class TableDataset(AttributeItemsMixin, torchreid_compat.ImageDataset):
    """The images of a table; see :mod:`midattr_plugin.tables.table_file`.

    A table without splits is split by :func:`~midattr_plugin.tables.split_table`. Identities and
    cameras are numbered in the order of their names, those of training images from 0 and those of
    the test from 1, as in torchreid, where 0 is no person. Without cameras, queries and gallery
    count as seen by two.

    In a table without identities the training images are of one, which is nobody, and each image
    of the test, which is the gallery, is of its own: nothing says who is seen twice.

    Attributes:
        table: what was read.
        pid_names: names of the identities of the test, by number; '' is that of 0.
        camid_names: names of the cameras, by number; none without cameras.
        validation: items (path, 0, camera, 0) that are neither trained on nor tested, of a table
            without identities.

    Args:
        root: unused; paths are relative to the table.
        file: path of the table.
        schema: path of a YAML file with the attributes; '' to take them from the values.
        attributes: names of the columns to take; none: all that are not of the table itself.
        seed: of the split, where the table has none.
        **kwargs: see torchreid.

    Raises:
        InputError: the table cannot be used, see :mod:`midattr_plugin.tables`; or an image is
            missing.
    """

    _junk_pids = [-1]

    def __init__(
        self,
        root: str = '',
        file: str = '',
        schema: str = '',
        attributes: Sequence[str] = (),
        seed: int = 0,
        **kwargs,
    ):
        if not file:
            raise InputError(
                'data.sources or data.targets name csv, but midattr.csv.file is empty; set it to '
                'the path of your table'
            )
        self.table = table = table_of(file)
        if not table.has_splits:
            self.table = table = split_table(table, seed)
        name = Path(file).stem
        trained = [row for row in table.rows if row.split == TRAIN]
        self.schema = (
            read_schema(schema, table, name)
            if schema
            else inferred_schema(table, trained, name, _known(), attributes)
        )
        self.labels_by_path = table_labels(table, self.schema)
        self.rendered = _is_rendered(row.path for row in table.rows)
        self.has_identities = table.has_pids
        self.camid_names = _in_order({row.camid for row in table.rows if row.camid})
        tested = {row.pid for row in table.rows if row.split in (QUERY, GALLERY)}
        self.pid_names = ['', *_in_order(tested)]
        pids = _in_order({row.pid for row in trained})
        self.validation = [(*item, 0) for item in self._items(VAL, [''])]
        splits = {
            'train': self._items(TRAIN, pids),
            'query': self._items(QUERY, self.pid_names),
            'gallery': self._items(GALLERY, self.pid_names) or self._tested_alone(),
        }
        self._check_split(kwargs.get('mode', 'train'), splits)
        given = [items or _NOTHING for items in splits.values()]
        super().__init__(*given, **kwargs | {'verbose': False})
        for name in [name for name, items in splits.items() if not items]:
            setattr(self, name, [])
            if self.mode == name:
                self.data = []
        if kwargs.get('verbose', True):
            self.show_summary()

    def _check_split(self, mode: str, splits: dict[str, list]) -> None:
        if splits[mode] or (mode == 'query' and not self.has_identities):
            return
        lacking = mode if self.has_identities or mode == 'train' else TEST
        use = 'sources' if mode == 'train' else 'targets'
        raise InputError(
            f'table "{self.table.path}" has no image of the split {lacking}, but data.{use} names '
            f'{TABLE}; add some, or leave it out there'
        )

    def _items(self, split: str, pids: Sequence[str]) -> list[tuple[str, int, int]]:
        """Return (path, pid, camid) of the images of a split, sorted by path."""
        numbers = {name: number for number, name in enumerate(pids)}
        cameras = {name: number for number, name in enumerate(self.camid_names)}
        if not cameras:
            cameras[''] = int(split == GALLERY)
        return sorted(
            (row.path, numbers[row.pid], cameras[row.camid])
            for row in self.table.rows
            if row.split == split
        )

    def _tested_alone(self) -> list[tuple[str, int, int]]:
        """Return the images of the test of a table without identities, each of one of its own."""
        items = self._items(TEST, [''])
        return [(path, number, camera) for number, (path, _, camera) in enumerate(items, 1)]


def table_of(file: str) -> Table:
    """Return the table in a file, whose images exist; it is read again only if it has changed.

    Args:
        file: its path.

    Raises:
        InputError: it cannot be used, or an image is missing.
    """
    return _read(file, os.stat(file).st_mtime_ns if os.path.exists(file) else 0)


@lru_cache(maxsize=4)  # torchreid makes one dataset for each mode
def _read(file: str, _changed: int) -> Table:
    table = read_table(file)
    missing = [row for row in table.rows if not os.path.isfile(row.path)]
    if missing:
        raise InputError(
            f'table "{file}", line {missing[0].line}: image "{missing[0].path}" does not exist '
            f'({len(missing):,} of {len(table.rows):,} are missing); paths are relative to the '
            'folder of the table'
        )
    return table


def _is_rendered(paths: Iterable[str]) -> bool:
    """Return whether any of the images is, by markers in their folders and the two above."""
    folders = {Path(os.path.dirname(os.path.realpath(path))) for path in paths}
    return is_marked(*{above for folder in folders for above in (folder, *folder.parents[:2])})


def _known() -> dict[str, Attribute]:
    """Return the attributes of the other datasets, by name; of several the first."""
    known: dict[str, Attribute] = {}
    for _, dataset in ATTRIBUTE_DATASETS.items():
        for attribute in getattr(dataset, 'schema', ()):
            known.setdefault(attribute.name, attribute)
    return known


def _in_order(names: Iterable[str]) -> list[str]:
    """Return the names in order, numbers in them as numbers: 2 comes before 10."""

    def key(name: str) -> tuple[list, str]:
        return [int(part) if part.isdecimal() else part for part in re.split(r'(\d+)', name)], name

    return sorted(names, key=key)
