"""A table of images in a CSV file: a row per image, with who it shows and what is known of it.

::

    path,pid,camid,split,gender,bag
    crops/0001.jpg,anna,door,train,female,no
    crops/0002.jpg,anna,yard,train,female,

``path`` is needed, relative to the folder of the table; ``pid``, ``camid`` and ``split`` may be
missing. Every other column is an attribute, whose empty cells are unknown.

A table without ``pid`` is one of attributes alone. Nobody is searched for in it, so that its splits
are ``train``, ``val`` and ``test``; ``query`` and ``gallery`` of it are ``test``, too.
"""

import csv
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from midattr_plugin.errors import InputError
from midattr_plugin.user_path import user_path

TRAIN, VAL, QUERY, GALLERY, TEST = 'train', 'val', 'query', 'gallery', 'test'
SPLITS = (TRAIN, QUERY, GALLERY)
SPLITS_WITHOUT_PIDS = (TRAIN, VAL, TEST)
_AS_TEST = dict.fromkeys((QUERY, GALLERY), TEST)
_PATH, _PID, _CAMID, _SPLIT = _OWN = ('path', 'pid', 'camid', 'split')
_SEPARATORS = (',', ';', '\t')
_CONTROL = re.compile(r'[\x00-\x1f\x7f]')


@dataclass(frozen=True)
class TableRow:
    """One image.

    Attributes:
        line: of the file, from 1, for messages.
        path: of the image; exists if :func:`read_table` has checked it.
        pid: name of the person, '' in a table without identities.
        camid: name of the camera, '' in a table without cameras.
        split: one of ``SPLITS``, of ``SPLITS_WITHOUT_PIDS`` in a table without identities; '' in
            a table without splits.
        values: of the attributes, '' where unknown.
    """

    line: int
    path: str
    pid: str
    camid: str
    split: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The rows of a table.

    Attributes:
        path: of the file.
        attributes: names of the m attributes, in the order of the columns.
        rows: one per image.
        columns: which of ``pid``, ``camid`` and ``split`` there are.
    """

    path: str
    attributes: tuple[str, ...]
    rows: tuple[TableRow, ...]
    columns: frozenset[str]

    @property
    def has_pids(self) -> bool:
        """Whether it says who is seen."""
        return _PID in self.columns

    @property
    def has_cameras(self) -> bool:
        """Whether it says by which camera."""
        return _CAMID in self.columns

    @property
    def has_splits(self) -> bool:
        """Whether it says for what an image is used."""
        return _SPLIT in self.columns

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of its splits."""
        return SPLITS if self.has_pids else SPLITS_WITHOUT_PIDS


def read_table(path: str | os.PathLike) -> Table:
    """Return the table of a CSV file, separated by commas, semicolons or tabs.

    Whether the images exist is not looked at here.

    Args:
        path: the file, in UTF-8, with or without a byte order mark.

    Raises:
        InputError: it cannot be read, has no column ``path`` or no row, a row has another number
            of cells or lacks what others have, a split is unknown, an image is listed twice, or
            an identity is in the training images and in the test.
    """
    path = user_path(path, 'table')
    header, lines = read_cells(path)
    _check_header(header, path)
    attributes = tuple(name for name in header if name not in _OWN)
    folder = Path(path).parent
    rows = [_row(number, cells, attributes, folder, path) for number, cells in lines]
    table = Table(path, attributes, tuple(rows), frozenset(_OWN[1:]).intersection(header))
    _check_complete(table)
    _check_listed_once(table)
    _check_apart(table)
    return table


def read_cells(path: str) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Return the columns of a CSV file, and number and cells by column of each line.

    Args:
        path: the file, see :func:`read_table`.

    Raises:
        InputError: it cannot be read, has no row, or a row has another number of cells.
    """
    lines = _lines(path)
    try:
        _, header = next(lines)
    except StopIteration:
        raise InputError(f'table "{path}" is empty; its first line names the columns') from None
    rows = []
    for number, cells in lines:
        if len(cells) != len(header):
            raise InputError(
                f'table "{path}", line {number}: {len(cells)} cells, but {len(header)} columns; '
                'put text that has the separator in it into double quotes'
            )
        rows.append((number, dict(zip(header, cells, strict=True))))
    if not rows:
        raise InputError(
            f'table "{path}" has no row; below the names of the columns there is one for each image'
        )
    return header, rows


def _lines(path: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each line that is not empty, with its number."""
    try:
        text = Path(path).read_text(encoding='utf-8-sig')
    except OSError as error:
        raise InputError(
            f'table "{path}" cannot be read ({error.strerror}); name a CSV file'
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f'table "{path}" is not in UTF-8 (byte {error.start}); save it as "CSV UTF-8"'
        ) from error
    first = text.partition('\n')[0]
    reader = csv.reader(io.StringIO(text, newline=''), delimiter=_separator(first), strict=True)
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(
            f'table "{path}", line {reader.line_num}: {error}; a cell that begins with a double '
            'quote ends with one'
        ) from error


def _separator(header: str) -> str:
    """Return the separator of which the first line has most; a comma if it has one cell."""
    return max(_SEPARATORS, key=header.count)


def _check_header(header: list[str], path: str) -> None:
    for position, name in enumerate(header):
        if not name:
            raise InputError(
                f'table "{path}": column {position + 1} has no name; name it, or delete it'
            )
        if not name.isprintable():
            raise InputError(
                f'table "{path}": the name of column {position + 1} has a line break, or a '
                'character that cannot be printed; rename it'
            )
        if name.lower() in _OWN and name not in _OWN:
            raise InputError(
                f'table "{path}": column "{name}" would be an attribute; write '
                f'"{name.lower()}", or rename it'
            )
        if name in header[:position]:
            raise InputError(f'table "{path}" has two columns "{name}"; rename or delete one')
    if _PATH not in header:
        raise InputError(
            f'table "{path}" has no column "{_PATH}" (its columns are {", ".join(header)}); name '
            f'the column of the image files "{_PATH}"'
        )


def _row(
    number: int, cells: dict[str, str], attributes: tuple[str, ...], folder: Path, path: str
) -> TableRow:
    if not cells[_PATH]:
        raise InputError(f'table "{path}", line {number}: the path is empty; name an image')
    for name, cell in cells.items():
        if not (cell.isprintable() or (name == _PATH and not _CONTROL.search(cell))):
            raise InputError(
                f'table "{path}", line {number}: the cell of column "{name}" has a line break, or '
                'a character that cannot be printed; change it'
            )
    split = cells.get(_SPLIT, '').lower()
    if _PID not in cells:
        split = _AS_TEST.get(split, split)
    splits = SPLITS if _PID in cells else SPLITS_WITHOUT_PIDS
    if _SPLIT in cells and split not in splits:
        of_other = ' of a table with pid' if split in SPLITS_WITHOUT_PIDS else ''
        raise InputError(
            f'table "{path}", line {number}: split "{cells[_SPLIT]}" is not one of '
            f'{", ".join(splits)}{of_other}; change it, or delete the column for a split of our own'
        )
    return TableRow(
        number,
        os.path.join(folder, os.path.expanduser(cells[_PATH])),
        cells.get(_PID, ''),
        cells.get(_CAMID, ''),
        split,
        tuple(cells[name] for name in attributes),
    )


def _check_complete(table: Table) -> None:
    for name, has in ((_PID, table.has_pids), (_CAMID, table.has_cameras)):
        for row in table.rows if has else ():
            if not getattr(row, name):
                raise InputError(
                    f'table "{table.path}", line {row.line}: {name} is empty; give every image '
                    'one, or delete the column'
                )


def _check_listed_once(table: Table) -> None:
    lines: dict[str, int] = {}
    for row in table.rows:
        first = lines.setdefault(os.path.normpath(row.path), row.line)
        if first != row.line:
            raise InputError(
                f'table "{table.path}": image "{row.path}" is in line {first} and in line '
                f'{row.line}; list it once'
            )


def _check_apart(table: Table) -> None:
    """Refuse an identity that is trained on and tested: its scores would not be of new people."""
    if not (table.has_pids and table.has_splits):
        return
    lines: dict[str, dict[bool, int]] = {}
    for row in table.rows:
        lines.setdefault(row.pid, {}).setdefault(row.split == TRAIN, row.line)
    for pid, by_use in lines.items():
        if len(by_use) == 2:
            raise InputError(
                f'table "{table.path}": identity "{pid}" is in the training images (line '
                f'{by_use[True]}) and in the test (line {by_use[False]}); give all of its images '
                'one split'
            )
