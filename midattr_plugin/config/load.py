"""Builds the configuration from the defaults, a YAML file and the command line."""

import os
import warnings
from collections.abc import Sequence
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
from midattr_plugin.config.keys import flatten, section_names, unknown_key
from midattr_plugin.config.limits import check_limits
from midattr_plugin.config.midattr_keys import MIDATTR_DEFAULTS
from midattr_plugin.config.torchreid_keys import DEPRECATED_KEYS, TORCHREID_DEFAULTS
from midattr_plugin.config.values import convert, expected_type
from midattr_plugin.errors import InputError
from midattr_plugin.files import atomic_path


def get_default_config() -> CfgNode:
    """All keys with their defaults, not frozen. ``use_gpu`` is whether there is a GPU."""
    cfg = CfgNode(TORCHREID_DEFAULTS | {'midattr': MIDATTR_DEFAULTS})
    cfg.use_gpu = torch.cuda.is_available()
    for key in DEPRECATED_KEYS:
        cfg.register_deprecated_key(key)
    return cfg


def load_config(
    config_file: str | os.PathLike | None = None,
    opts: Sequence[Any] = (),
    sources: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
    transforms: Sequence[str] | None = None,
    root: str | None = None,
) -> CfgNode:
    """The configuration of one run, checked and frozen.

    What comes later wins, as with torchreid: defaults, file, named options, ``opts``.

    Args:
        config_file: a YAML file; None or '': defaults.
        opts: key, value, key, value, ...
        sources, targets, transforms, root: stand for the keys of ``data`` with these names;
            None or empty: not given.

    Raises:
        InputError: the file cannot be read, a key does not exist, a value has the wrong type,
            or values are not allowed, by themselves or together.

    Warns:
        UserWarning: ``use_gpu`` was set, but there is no GPU; it is False in the result.
    """
    cfg = get_default_config()
    defaults = flatten(cfg)
    named = {'sources': sources, 'targets': targets, 'transforms': transforms, 'root': root}
    entries = entries_from_file(config_file, section_names(defaults)) if config_file else []
    entries += [
        Entry(f'data.{name}', value, f'{COMMAND_LINE} (--{name})')
        for name, value in named.items()
        if value
    ]
    entries += entries_from_pairs(opts)
    origins = {}
    for entry in entries:
        if cfg.key_is_deprecated(entry.key):
            continue
        if entry.key not in defaults:
            raise unknown_key(entry.key, entry.where, defaults)
        _assign(cfg, entry.key, _converted(entry, defaults[entry.key]))
        origins[entry.key] = entry.where
    check_limits(flatten(cfg), origins)
    check_combinations(cfg)
    if cfg.use_gpu and not torch.cuda.is_available():
        # No error, because the complete configuration of a run may come from another machine.
        warnings.warn('use_gpu is True, but PyTorch finds no GPU: using the CPU', stacklevel=2)
        cfg.use_gpu = False
    cfg.freeze()
    return cfg


def dump_config(cfg: CfgNode, path: str | os.PathLike) -> None:
    """Writes every key to a YAML file from which :func:`load_config` makes an equal config.

    Raises:
        OSError: the file cannot be written; nothing is left of it then.
    """
    text = '# The complete configuration of a run. Give it as --config-file to repeat the run.\n'
    with atomic_path(path) as temporary:
        temporary.write_text(text + cfg.dump(sort_keys=False), encoding='utf-8')


def _converted(entry: Entry, default: Any) -> Any:
    try:
        return convert(entry.value, default)
    except ValueError as error:
        given = 'has no value' if entry.value is None else f'is {entry.value!r}'
        raise InputError(
            f'{entry.where}: {entry.key} {given}, but must be {expected_type(default)}'
        ) from error


def _assign(cfg: CfgNode, key: str, value: Any) -> None:
    *sections, name = key.split('.')
    node = cfg
    for section in sections:
        node = node[section]
    node[name] = value
