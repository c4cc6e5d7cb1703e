"""What is in a table, for people to read before they train on it."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence

from midattr_plugin.errors import InputError
from midattr_plugin.tables.attribute_name import check_attribute_name
from midattr_plugin.tables.table_file import Table, TableRow
from midattr_plugin.tables.table_schema import MOST_CLASSES


def describe_table(table: Table) -> str:
    """Return lines about splits, attributes and images that are missing.

    Args:
        table: with or without splits.
    """
    missing = [row for row in table.rows if not os.path.isfile(row.path)]
    lines = ['split    | images | identities | cameras']
    for split in table.splits if table.has_splits else ('',):
        rows = [row for row in table.rows if row.split == split]
        lines.append(
            f'{split or "(none)":8} | {len(rows):6,} | '
            f'{len({row.pid for row in rows}) if table.has_pids else "-":>10} | '
            f'{len({row.camid for row in rows}) if table.has_cameras else "-":>7}'
        )
    lines += ['', *_attribute_lines(table), '']
    if missing:
        lines.append(
            f'MISSING: {len(missing):,} of {len(table.rows):,} images; the first is '
            f'"{missing[0].path}" (line {missing[0].line})'
        )
    else:
        lines.append(f'All {len(table.rows):,} images exist.')
    return '\n'.join(lines)


def _attribute_lines(table: Table) -> Iterator[str]:
    if not table.attributes:
        yield 'No attributes: every column except path, pid, camid and split would be one.'
        return
    width = max(map(len, (*table.attributes, 'attribute')))
    yield f'{"attribute":{width}} | given by | images of each class'
    for column, name in enumerate(table.attributes):
        counts = Counter(row.values[column] for row in table.rows)
        unknown = counts.pop('', 0)
        known = _classes(counts) if _can_be_learned(name) else f'{_classes(counts)}: RENAME IT'
        yield f'{name:{width}} | {_given_by(table.rows, column, table):8} | {known}' + (
            f', unknown {unknown:,}' if unknown else ''
        )


def _can_be_learned(name: str) -> bool:
    """Return whether an attribute can have this name; a training says why not."""
    try:
        check_attribute_name(name, '')
    except InputError:
        return False
    return True


def _classes(counts: Counter) -> str:
    if not counts:
        return 'NONE'
    if len(counts) > MOST_CLASSES:
        return f'{len(counts):,} values: TOO MANY for an attribute'
    text = ', '.join(f'{value} {count:,}' for value, count in sorted(counts.items()))
    return text if len(counts) > 1 else f'{text}: ONE CLASS ONLY'


def _given_by(rows: Sequence[TableRow], column: int, table: Table) -> str:
    """Return 'identity' if all known values of an identity are the same, else 'image'."""
    if not table.has_pids:
        return 'image'
    values: dict[str, str] = {}
    for row in rows:
        value = row.values[column]
        if value and values.setdefault(row.pid, value) != value:
            return 'image'
    return 'identity'
