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
    TRAIN,
    Table,
    inferred_schema,
    read_schema,
    read_table,
    split_table,
    table_labels,
)

TABLE = 'csv'
"""Name of the dataset."""


@ATTRIBUTE_DATASETS.register(TABLE)
class TableDataset(AttributeItemsMixin, torchreid_compat.ImageDataset):
    """The images of a table; see :mod:`midattr_plugin.tables.table_file`.

    A table without splits is split by :func:`~midattr_plugin.tables.split_table`. Identities and
    cameras are numbered from 0 in the order of their names, those of training images and those of
    the test apart, as in torchreid. Without cameras, queries and gallery count as seen by two.

    Attributes:
        table: what was read.
        pid_names: names of the identities of the test, by number.
        camid_names: names of the cameras, by number; none without cameras.

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
        self.table = table = _read(file, os.stat(file).st_mtime_ns if os.path.exists(file) else 0)
        if not table.has_splits:
            self.table = table = split_table(table, seed)
        name = Path(file).stem
        trained = [row for row in table.rows if row.split == TRAIN]
        self.schema = (
            read_schema(schema, table, name)
            if schema
            else inferred_schema(table, trained or table.rows, name, _known(), attributes)
        )
        self.labels_by_path = table_labels(table, self.schema)
        self.rendered = is_marked(*Path(table.rows[0].path).resolve().parents[:3])
        self.camid_names = _in_order({row.camid for row in table.rows if row.camid})
        self.pid_names = _in_order({row.pid for row in table.rows if row.split != TRAIN})
        pids = _in_order({row.pid for row in trained})
        super().__init__(
            self._items(TRAIN, pids),
            self._items(QUERY, self.pid_names),
            self._items(GALLERY, self.pid_names),
            **kwargs,
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
