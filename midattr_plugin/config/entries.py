"""Settings as the user wrote them, each with the place it came from."""

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from midattr_plugin.config.values import unquote
from midattr_plugin.errors import InputError

COMMAND_LINE = 'the command line'


@dataclass(frozen=True)
class Entry:
    """One setting: the full key, the value before any conversion, and where it was set."""

    key: str
    value: Any
    where: str


def entries_from_pairs(items: Sequence[Any], where: str = COMMAND_LINE) -> list[Entry]:
    """Return the settings in ``[key, value, key, value, ...]``.

    Args:
        items: keys and values in turn.
        where: the place they come from, for messages.

    Raises:
        InputError: an item is missing, or a key and its value are joined by '='.
    """
    for key in items[::2]:
        if '=' in str(key):
            name, _, value = str(key).partition('=')
            raise InputError(f'{where}: write {key} as two words, as in `{name} {value or "..."}`')
    if len(items) % 2:
        raise InputError(
            f'{where}: keys and values must come in pairs, as in `train.lr 0.01`, but '
            f'{items[-1]} is left over in `{" ".join(map(str, items))}`'
        )
    values = [unquote(value) if isinstance(value, str) else value for value in items[1::2]]
    return [Entry(str(key), value, where) for key, value in zip(items[::2], values, strict=True)]


def entries_from_file(path: str | os.PathLike, sections: Collection[str]) -> list[Entry]:
    """Return the settings in a YAML file of nested sections, with their lines.

    Args:
        path: the file.
        sections: full names of the sections, which hold further keys; a mapping anywhere else
            is a value.

    Raises:
        InputError: the file cannot be read, is not a mapping in YAML, or sets a key twice.
    """
    try:
        text = Path(path).read_text(encoding='utf-8')
    except OSError as error:
        raise InputError(
            f'{path}: the configuration file cannot be read ({error.strerror}): check the path '
            'given as --config-file'
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f'{path}: a configuration file must be UTF-8 text, and this is not'
        ) from error
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        is_mapping = isinstance(node, yaml.MappingNode)
        entries = list(_walk(node, '', sections, str(path), loader)) if is_mapping else []
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: 2018-99-99
        raise InputError(_syntax_sentence(path, error)) from error
    is_empty = node is None or node.tag == 'tag:yaml.org,2002:null'
    if not is_mapping and not is_empty:
        raise InputError(f'{path}: a configuration is a mapping of sections, as in `train:`')
    places: dict[str, str] = {}
    for entry in entries:
        if entry.key in places:
            raise InputError(
                f'{entry.where}: {entry.key} was set before, at {places[entry.key]}, so remove '
                'one of the two'
            )
        places[entry.key] = entry.where
    return entries


def _walk(
    node: yaml.MappingNode,
    prefix: str,
    sections: Collection[str],
    path: str,
    loader: yaml.SafeLoader,
) -> Iterator[Entry]:
    for key_node, value_node in node.value:
        key = f'{prefix}{loader.construct_object(key_node, deep=True)}'
        where = f'{path}, line {key_node.start_mark.line + 1}'
        if key in sections and isinstance(value_node, yaml.MappingNode):
            yield from _walk(value_node, f'{key}.', sections, path, loader)
            continue
        value = loader.construct_object(value_node, deep=True)
        if key not in sections or value is not None:  # a section without keys sets nothing
            yield Entry(key, value, where)


def _syntax_sentence(path: str | os.PathLike, error: Exception) -> str:
    mark = getattr(error, 'problem_mark', None)
    line = f', line {mark.line + 1}' if mark else ''
    problem = getattr(error, 'problem', None) or str(error)
    return f'{path}{line}: this is not valid YAML ({" ".join(problem.split())})'
