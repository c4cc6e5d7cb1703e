"""Builds the configuration from the defaults, a YAML file and the command line."""

import copy
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from yacs.config import CfgNode

from midattr_plugin.config.checks import check_combinations
from midattr_plugin.config.entries import (
    COMMAND_LINE,
    Entry,
    entries_from_file,
    entries_from_pairs,
)
from midattr_plugin.config.extensions import KEY as EXTENSIONS
from midattr_plugin.config.extensions import load_extensions
from midattr_plugin.config.find import find_config
from midattr_plugin.config.keys import all_keys, flatten, section_names, unknown_key
from midattr_plugin.config.limits import check_limits
from midattr_plugin.config.renamed_keys import present_name, present_value
from midattr_plugin.config.torchreid_keys import DEPRECATED_KEYS
from midattr_plugin.config.values import convert, expected_type
from midattr_plugin.errors import InputError
from midattr_plugin.files import write_text
from midattr_plugin.user_path import user_path


def get_default_config() -> CfgNode:
    """Return all keys with their defaults, not frozen. ``use_gpu`` is whether there is a GPU."""
    tree: dict[str, Any] = {}
    for name, key in all_keys().items():
        *sections, last = name.split('.')
        node = tree
        for section in sections:
            node = node.setdefault(section, {})
        node[last] = copy.deepcopy(key.default)
    cfg = CfgNode(tree)
    cfg.use_gpu = torch.cuda.is_available()
    for name in DEPRECATED_KEYS:
        cfg.register_deprecated_key(name)
    return cfg


def load_config(
    config_file: str | os.PathLike | None = None,
    opts: Sequence[Any] = (),
    sources: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
    transforms: Sequence[str] | None = None,
    root: str | None = None,
    entries: Sequence[Entry] = (),
) -> CfgNode:
    """Return the configuration of one run, checked and frozen.

    Later settings win, as in torchreid: defaults, file, named options, ``entries``, ``opts``.

    Args:
        config_file: a YAML file, or the name of one that comes with the package; None or '':
            defaults.
        opts: key, value, key, value, ...
        sources: ``data.sources``; None or empty: not given.
        targets: ``data.targets``.
        transforms: ``data.transforms``.
        root: ``data.root``.
        entries: settings of another place, which messages name.

    Raises:
        InputError: the file cannot be read, an extension cannot be loaded, a key does not
            exist, a value has the wrong type, or values are not allowed, by themselves or
            together.

    Warns:
        UserWarning: ``use_gpu`` was set, but there is no GPU; it is False in the result.
    """
    path = find_config(config_file) if config_file else None
    named = {'sources': sources, 'targets': targets, 'transforms': transforms, 'root': root}
    given = [
        Entry(f'data.{name}', value, f'{COMMAND_LINE} (--{name})')
        for name, value in named.items()
        if value
    ]
    given += [*entries, *entries_from_pairs(opts)]
    # extensions may add keys, and so sections: the file is read again when they are loaded
    load_extensions_of(path, given)
    cfg = get_default_config()
    defaults = flatten(cfg)
    origins = {}
    rows = all_keys()
    for entry in _file_entries(path) + given:
        key = present_name(entry.key)
        if cfg.key_is_deprecated(key):
            continue
        if key not in defaults:
            raise unknown_key(key, entry.where, defaults)
        value = present_value(entry.key, _converted(entry, defaults[key]))
        if rows[key].path:
            value = _expanded(value, f'{entry.where}: {entry.key}')
        _assign(cfg, key, value)
        origins[key] = entry.where
    check_limits(flatten(cfg), origins)
    check_combinations(cfg)
    if cfg.use_gpu and not torch.cuda.is_available():
        # No error, because the complete configuration of a run may come from another machine.
        warnings.warn('use_gpu is True, but PyTorch finds no GPU: using the CPU', stacklevel=2)
        cfg.use_gpu = False
    cfg.freeze()
    return cfg


def load_extensions_of(config_file: str | os.PathLike | None, given: Sequence[Entry] = ()) -> None:
    """Import what ``midattr.extensions`` names in a file or in further settings.

    As for every key, the last setting is the one that counts.

    Args:
        config_file: see :func:`load_config`.
        given: further settings.

    Raises:
        InputError: see :func:`midattr_plugin.config.extensions.load_extensions`.
    """
    path = find_config(config_file) if config_file else None
    settings = [entry for entry in [*_file_entries(path), *given] if entry.key == EXTENSIONS]
    for entry in settings[-1:]:
        load_extensions(_converted(entry, all_keys()[EXTENSIONS].default), entry.where)


def check_sets_something(config_file: str | os.PathLike) -> None:
    """Check that a file that was named is not an empty one, which would train the defaults.

    Args:
        config_file: path or name; '' comes from a variable of the shell that is not set.

    Raises:
        InputError: it has no name or sets nothing, or does not exist.
    """
    if not str(config_file) or not _file_entries(find_config(config_file)):
        raise InputError(
            f'--config-file: "{config_file}" sets no key; name another file, or leave the option '
            "out to start from torchreid's defaults"
        )


def _file_entries(path: Path | None) -> list[Entry]:
    entries = entries_from_file(path, section_names(all_keys())) if path else []
    before: dict[str, Entry] = {}
    for entry in entries:
        first = before.setdefault(present_name(entry.key), entry)
        if first is not entry:
            raise InputError(
                f'{entry.where}: {entry.key} is another name of {first.key}, which was set before, '
                f'at {first.where}, so remove one of the two'
            )
    return entries


def dump_config(cfg: CfgNode, path: str | os.PathLike) -> None:
    """Write all keys to a YAML file from which :func:`load_config` makes an equal configuration.

    Args:
        cfg: the configuration.
        path: of the file; its folder is made if it is missing.

    Raises:
        InputError: the file cannot be written; no part of it is left then.
    """
    text = '# The complete configuration of a run. Give it as --config-file to repeat the run.\n'
    write_text(path, text + cfg.dump(sort_keys=False))


def _converted(entry: Entry, default: Any) -> Any:
    try:
        return convert(entry.value, default)
    except ValueError as error:
        given = 'has no value' if entry.value is None else f'is {entry.value!r}'
        raise InputError(
            f'{entry.where}: {entry.key} {given}, but must be {expected_type(default)}'
        ) from error


def _expanded(value: str | list[str], name: str) -> str | list[str]:
    if isinstance(value, list):
        return [user_path(item, name) for item in value]
    return user_path(value, name)


def _assign(cfg: CfgNode, key: str, value: Any) -> None:
    *sections, name = key.split('.')
    node = cfg
    for section in sections:
        node = node[section]
    node[name] = value
