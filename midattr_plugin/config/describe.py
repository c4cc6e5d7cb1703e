"""Descriptions of keys and models for the console (``--keys``, ``--models``)."""

import textwrap

from midattr_plugin import torchreid_compat
from midattr_plugin.config.keys import all_keys
from midattr_plugin.errors import InputError
from midattr_plugin.models import BACKBONES, MODELS
from midattr_plugin.models.backbones.timm_models import TIMM

_WIDTH = 88


def describe_keys(word: str = '') -> str:
    """Return the keys with their meaning, default and allowed values.

    Args:
        word: part of the name or meaning of the keys to describe, in any case; '' for all keys.

    Raises:
        InputError: no key has it.
    """
    keys = {
        name: key
        for name, key in all_keys().items()
        if word.lower() in name.lower() or word.lower() in key.meaning.lower()
    }
    if not keys:
        raise InputError(f'--keys: no key has "{word}" in its name or meaning; try another word')
    blocks = []
    for name, key in keys.items():
        facts = [key.describe_meaning()]
        if allowed := key.describe_allowed():
            facts.append(f'allowed: {allowed}')
        lines = [
            line
            for fact in facts
            for line in textwrap.wrap(
                fact,
                _WIDTH,
                initial_indent='    ',
                subsequent_indent='    ',
                break_long_words=False,
                break_on_hyphens=False,
            )
        ]
        blocks.append('\n'.join([f'{name} (default: {key.default!r})', *lines]))
    return '\n'.join(blocks)


def describe_models(word: str = '') -> str:
    """Return the names of the models: those of this project in a table, then torchreid's.

    Args:
        word: part of the names to list; '' for all.

    Raises:
        InputError: no model has it in its name.
    """
    rows = [
        (
            f'midattr_{name}',
            'any of timm, by midattr.timm_name' if name == TIMM else ', '.join(kind.layers),
        )
        for name, kind in BACKBONES.items()
        if word in f'midattr_{name}'
    ]
    others = [
        name for name in torchreid_compat.model_names() if word in name and name not in MODELS
    ]
    if not rows and not others:
        raise InputError(f'--models: no model has "{word}" in its name; try another word')
    endings = sorted({name.removeprefix(f'midattr_{TIMM}') for name in MODELS if TIMM in name})
    width = max((len(name) for name, _ in rows), default=0)
    lines = []
    if rows:
        lines += [
            'of this project, with the layers that attributes can be recognized on; with the '
            'ending ',
            f'{", ".join(filter(None, endings))} they learn the attributes of these datasets, '
            'without one those of your table:',
            *(f'    {name:{width}}  {layers}' for name, layers in rows),
        ]
    if others:
        lines.append('of torchreid:')
        lines += textwrap.wrap(
            ', '.join(others), _WIDTH, initial_indent='    ', subsequent_indent='    '
        )
    return '\n'.join(lines)
