"""The configuration keys by name, and the error for a name that is not a key."""

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from midattr_plugin.config.condition import Condition, condition
from midattr_plugin.config.key import Key
from midattr_plugin.datasets import ATTRIBUTE_DATASETS
from midattr_plugin.errors import InputError
from midattr_plugin.registry import Registry

KEYS: Registry[Key] = Registry('configuration key')
"""Rows of all keys except those that follow from other registries; see :func:`all_keys`."""


def all_keys() -> dict[str, Key]:
    """Return the rows of all keys, by full name.

    Each attribute dataset whose annotation file may lie elsewhere has a key of its own.
    """
    # torchreid's first, in the order of their rows
    keys = dict(sorted(KEYS.items(), key=lambda row: row[0].startswith('midattr.')))
    for _, dataset in ATTRIBUTE_DATASETS.items():
        source = dataset.annotations
        if source is not None and source.key:
            keys[f'midattr.annotations.{source.key}'] = Key(
                '',
                f"path of {source.name} or of its folder. '': beside the images, or downloaded",
                path=True,
                read_if=_has_annotations(source.key),
            )
    return keys


def _has_annotations(key: str) -> Condition:
    names = [
        name
        for name, dataset in ATTRIBUTE_DATASETS.items()
        if dataset.annotations is not None and dataset.annotations.key == key
    ]
    return condition(
        f'data.sources or data.targets name {" or ".join(names)}',
        lambda values: not {*values['data.sources'], *values['data.targets']}.isdisjoint(names),
    )


def flatten(tree: Mapping[str, Any], prefix: str = '') -> dict[str, Any]:
    """Return the values of a nested mapping by their full keys, e.g. ``{'train.lr': 0.0003}``."""
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f'{prefix}{name}.')
        else:
            flat[prefix + name] = value
    return flat


def section_names(keys: Collection[str]) -> set[str]:
    """Return every proper prefix of the keys, e.g. ``loss`` and ``loss.softmax``."""
    parts = [key.split('.') for key in keys]
    return {'.'.join(part[:end]) for part in parts for end in range(1, len(part))}


def unknown_key(key: str, where: str, keys: Collection[str]) -> InputError:
    """Return the error for an unknown ``key``; it names the nearest key and those of the section.

    Args:
        key: the full key that was given.
        where: the place it was given in.
        keys: the full keys that exist.
    """
    sections = section_names(keys)
    if key in sections:
        return InputError(
            f'{where}: {key} is a section of the configuration, so give a value to one of '
            f'its keys ({", ".join(_members(key, keys, sections))})'
        )
    nearest = _nearest(key, keys, sections)
    hint = f', did you mean {nearest}?' if nearest else ''
    section = key.rpartition('.')[0]
    while section and section not in sections:
        section = section.rpartition('.')[0]
    members = ', '.join(_members(section, keys, sections))
    owner = f'the keys of {section}' if section else 'the sections and keys'
    return InputError(f'{where}: {key} is not a configuration key{hint} ({owner} are {members})')


def _members(section: str, keys: Collection[str], sections: Collection[str]) -> list[str]:
    """Return the names directly below ``section`` ('' is the root), in alphabetical order."""
    names = [name.rpartition('.') for name in {*keys, *sections}]
    return sorted(leaf for parent, _, leaf in names if parent == section)


def _nearest(key: str, keys: Collection[str], sections: Collection[str]) -> str | None:
    leaf = key.rpartition('.')[2]
    elsewhere = sorted(name for name in keys if name.rpartition('.')[2] == leaf)
    if len(elsewhere) == 1:
        return elsewhere[0]  # the right name in the wrong section
    candidates = sections if '.' not in key else keys
    close = difflib.get_close_matches(key, sorted({*candidates, *elsewhere}), n=1)
    return close[0] if close else None
