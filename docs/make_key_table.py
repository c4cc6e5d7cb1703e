"""Writes the table of keys in docs/configuration.md: ``python docs/make_key_table.py``."""

from pathlib import Path

import midattr_plugin  # noqa: F401  which registers the keys
from midattr_plugin.config.keys import all_keys

PAGE = Path(__file__).with_name('configuration.md')
BEGIN, END = '<!-- keys -->\n', '<!-- /keys -->\n'


def key_table() -> str:
    """Return the keys of ``midattr`` as a Markdown table, one row each."""
    lines = ['| key | default | allowed | meaning |', '|---|---|---|---|']
    for name, key in all_keys().items():
        if name.startswith('midattr.'):
            cells = [f'`{name}`', f'`{key.default!r}`', key.describe_allowed()]
            cells.append(key.describe_meaning())
            lines.append('| ' + ' | '.join(cell.replace('|', r'\|') for cell in cells) + ' |')
    return '\n'.join(lines) + '\n'


def with_table(text: str) -> str:
    """Return a page with the table between its two markers."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + key_table() + END + rest.split(END)[1]


if __name__ == '__main__':
    PAGE.write_text(with_table(PAGE.read_text(encoding='utf-8')), encoding='utf-8')
