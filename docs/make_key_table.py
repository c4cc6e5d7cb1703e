"""Writes the table of keys in docs/configuration.md: ``python docs/make_key_table.py``."""

from pathlib import Path

import midattr_plugin  # noqa: F401  which registers the keys
from marked_block import write_block
from midattr_plugin.config.keys import all_keys

PAGE = Path(__file__).with_name('configuration.md')


def key_table() -> str:
    """Return the keys of ``midattr`` as a Markdown table, one row each."""
    lines = ['| key | default | allowed | meaning |', '|---|---|---|---|']
    for name, key in all_keys().items():
        if name.startswith('midattr.'):
            cells = [f'`{name}`', f'`{key.default!r}`', key.describe_allowed()]
            cells.append(key.describe_meaning())
            lines.append('| ' + ' | '.join(cell.replace('|', r'\|') for cell in cells) + ' |')
    return '\n'.join(lines) + '\n'


if __name__ == '__main__':
    write_block(PAGE, 'keys', key_table())
