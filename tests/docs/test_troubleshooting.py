"""Sentences that docs/troubleshooting.md quotes are those of the code."""

import ast
import re

import pytest

from helpers.paths import PROJECT

_PAGE = (PROJECT / 'docs/troubleshooting.md').read_text(encoding='utf-8')
_QUOTES = re.findall(r'\*\*`([^`]+)`\*\*', _PAGE)


@pytest.fixture(scope='module')
def texts():
    """All texts of the package; in place of what is filled in, a character that no quote has."""
    found = []
    for path in (PROJECT / 'midattr_plugin').rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.JoinedStr):
                parts = [getattr(part, 'value', None) for part in node.values]
                found.append(''.join(p if isinstance(p, str) else '\0' for p in parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found


@pytest.mark.parametrize('quote', _QUOTES)
def test_our_sentences_are_in_the_code(texts, quote):
    assert any(quote in text for text in texts)


def test_quotes_are_found():
    assert len(_QUOTES) > 30


def test_every_row_has_a_meaning_and_a_remedy():
    rows = [line for line in _PAGE.splitlines() if line.startswith('|')]
    cells = [re.split(r' \| ', row.strip('| ')) for row in rows if '---' not in row]
    assert len(cells) > 40 and all(len(row) == 3 and all(row) for row in cells)
