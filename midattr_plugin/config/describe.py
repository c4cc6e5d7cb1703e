"""A description of the configuration keys for the console (``--keys``)."""

import textwrap

from midattr_plugin.config.keys import all_keys
from midattr_plugin.errors import InputError

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
