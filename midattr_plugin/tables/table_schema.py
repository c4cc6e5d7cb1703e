"""The attributes of a table: from its values, or as a YAML file gives them.

::

    # attributes.yaml
    gender: {classes: [male, female]}
    bag: {classes: [no, yes], parts: [2, 3]}   # horizontal quarters of the body, from the head
"""

import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from midattr_plugin.errors import InputError
from midattr_plugin.schema import (
    NO_YES,
    NUM_PARTS,
    UNKNOWN,
    WHOLE_BODY,
    Attribute,
    AttributeSchema,
)
from midattr_plugin.tables.attribute_name import check_attribute_name
from midattr_plugin.tables.table_file import Table, TableRow
from midattr_plugin.user_path import user_path

MOST_CLASSES = 50
"""A column of more values is a number, a time or a name, but not an attribute."""
_NO_VALUES = frozenset({'nan', 'null', 'n/a', '#n/a', '?'})  # what programs write for "unknown"


def inferred_schema(
    table: Table,
    rows: Sequence[TableRow],
    name: str,
    known: Mapping[str, Attribute],
    chosen: Sequence[str] = (),
) -> AttributeSchema:
    """Return a schema whose classes are the values of the training rows, in order.

    Of a table for a test alone they are all values, and an attribute may have one, or be left out
    if it has none: a model that was trained elsewhere knows the classes.

    'no' comes before 'yes', numbers are in numerical order, everything else in alphabetical order.

    Args:
        table: the table.
        rows: its training rows; none for a test alone.
        name: of the schema.
        known: attributes of other datasets by name, whose parts of the body are taken for an
            attribute of the same name; those of others are seen on the whole body.
        chosen: names of the attributes to take; none: all.

    Raises:
        InputError: there is no column of a chosen name, an attribute has one value or very many,
            values that look the same or differ in their case alone, values that stand for none, or
            a name that something else has.
    """
    for attribute in chosen:
        if attribute not in table.attributes:
            raise InputError(
                f'midattr.csv.attributes names "{attribute}", which is no column of '
                f'"{table.path}"; choose from {", ".join(table.attributes)}'
            )
    attributes = []
    for column, attribute in enumerate(table.attributes):
        if chosen and attribute not in chosen:
            continue
        check_attribute_name(attribute, f'table "{table.path}"')
        seen = {row.values[column] for row in rows or table.rows} - {''}
        if not rows and not seen:
            continue
        _check_number(seen, attribute, table, fewest=2 if rows else 1)
        _check_spelling(seen, attribute, table)
        parts = known[attribute].parts if attribute in known else WHOLE_BODY
        attributes.append(Attribute(attribute, tuple(_in_order(seen)), parts))
    return AttributeSchema(name, tuple(attributes))


def read_schema(path: str | os.PathLike, table: Table, name: str) -> AttributeSchema:
    """Return the schema in a YAML file.

    Args:
        path: the file.
        table: its attributes must be among the columns.
        name: of the schema.

    Raises:
        InputError: it cannot be read, or something in it is not as above.
    """
    path = user_path(path, 'midattr.csv.schema')
    try:
        content = yaml.safe_load(Path(path).read_text(encoding='utf-8'))
    except OSError as error:
        raise InputError(
            f'midattr.csv.schema: "{path}" cannot be read ({error.strerror}); name a YAML file'
        ) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        reason = ' '.join(str(error).split())
        raise InputError(f'midattr.csv.schema: "{path}" is not YAML ({reason}); mend it') from error
    if not isinstance(content, dict) or not content:
        raise InputError(
            f'midattr.csv.schema: "{path}" names no attributes; give lines such as '
            'hat: {classes: [no, yes], parts: [1]}'
        )
    attributes = [_attribute(str(key), value, path) for key, value in content.items()]
    for attribute in attributes:
        if attribute.name not in table.attributes:
            raise InputError(
                f'midattr.csv.schema: attribute "{attribute.name}" of "{path}" is no column of '
                f'"{table.path}"; its columns are {", ".join(table.attributes) or "none"}'
            )
    return AttributeSchema(name, tuple(attributes))


def table_labels(table: Table, schema: AttributeSchema) -> dict[str, tuple[int, ...]]:
    """Return image path -> m class indices, -1 where the cell is empty.

    Raises:
        InputError: a value is not a class of the schema.
    """
    columns = [table.attributes.index(attribute.name) for attribute in schema]
    indices = [
        {value: i for i, value in enumerate(item.classes)} | {'': UNKNOWN} for item in schema
    ]
    labels = {}
    for row in table.rows:
        values = [row.values[column] for column in columns]
        for attribute, known, value in zip(schema, indices, values, strict=True):
            if value not in known:
                raise InputError(
                    f'table "{table.path}", line {row.line}: {attribute.name} is "{value}", which '
                    f'is not a class of it ({", ".join(attribute.classes)}), as no training image '
                    'has it; leave the cell empty, or list all classes in midattr.csv.schema'
                )
        labels[row.path] = tuple(known[value] for known, value in zip(indices, values, strict=True))
    return labels


def _check_number(seen: set[str], attribute: str, table: Table, fewest: int) -> None:
    remedy = 'leave it out with midattr.csv.attributes, which lists those to learn'
    if len(seen) > MOST_CLASSES:
        raise InputError(
            f'table "{table.path}": column "{attribute}" has {len(seen):,} different values in the '
            f'training images, so that it is hardly an attribute; {remedy}'
        )
    if len(seen) < fewest:
        only = f'only the value "{min(seen)}"' if seen else 'no value'
        raise InputError(
            f'table "{table.path}": column "{attribute}" has {only} in the training images, so '
            f'that there is nothing to learn; {remedy}'
        )


def _check_spelling(seen: set[str], attribute: str, table: Table) -> None:
    where = f'table "{table.path}": column "{attribute}" has the value'
    spellings: dict[str, str] = {}
    for value in sorted(seen):
        if value.lower() in _NO_VALUES:
            raise InputError(
                f'{where} "{value}", which stands for no value; leave the cell empty where it is '
                'unknown, or list all classes in midattr.csv.schema'
            )
        # an accent may be part of a letter, or a character of its own that looks the same
        alike = unicodedata.normalize('NFKC', value).casefold()
        first = spellings.setdefault(alike, value)
        if first != value:
            raise InputError(f'{where}s "{first}" and "{value}"; write them alike')


def _in_order(values: Iterable[str]) -> list[str]:
    values = sorted(values)
    if {value.lower() for value in values} == set(NO_YES):
        return sorted(values, key=lambda value: NO_YES.index(value.lower()))
    try:
        return sorted(values, key=float)
    except ValueError:
        return values


def _attribute(name: str, value: Any, path: str) -> Attribute:
    where = f'midattr.csv.schema: attribute "{name}" of "{path}"'
    check_attribute_name(name, f'midattr.csv.schema: "{path}"')
    if not isinstance(value, dict) or not {'classes'} <= set(value) <= {'classes', 'parts'}:
        raise InputError(
            f'{where} must have classes, and may have parts, e.g. '
            '{classes: [no, yes], parts: [1]}; change it'
        )
    # YAML reads no and yes as truth values
    classes = [_word(item) for item in _list(value['classes'])]
    parts = _list(value.get('parts', list(WHOLE_BODY)))
    if len(classes) < 2 or len(set(classes)) < len(classes) or '' in classes:
        raise InputError(f'{where}: classes must be two or more different names; change them')
    if not parts or not all(type(part) is int and 1 <= part <= NUM_PARTS for part in parts):
        raise InputError(
            f'{where}: parts must be numbers from 1 (head) to {NUM_PARTS} (feet); change them'
        )
    return Attribute(name, tuple(classes), tuple(sorted(set(parts))))


def _list(value: Any) -> list:
    return value if isinstance(value, list) else []


def _word(value: Any) -> str:
    if value is None:
        return ''
    return NO_YES[value] if isinstance(value, bool) else str(value).strip()
