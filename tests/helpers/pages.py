"""The Markdown pages of the project, and what is in them."""

import re
from dataclasses import dataclass
from pathlib import Path

from helpers.paths import PROJECT

SNIPPET_PAGES = [
    PROJECT / 'README.md',
    PROJECT / 'CONTRIBUTING.md',
    *sorted((PROJECT / 'docs').glob('*.md')),
]
"""Pages whose commands and snippets are run."""

PAGES = [*SNIPPET_PAGES, PROJECT / 'CHANGELOG.md']

_FENCE = re.compile(r'^ *(`{3,}|~{3,})(.*)$')


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        line: number of its first line in the page.
        language: what stands behind the fence; '' for nothing.
        text: its lines.
    """

    line: int
    language: str
    text: str

    @property
    def file_name(self) -> str:
        """Name in its first line, e.g. '# my_loss.py'; '' if it is not a file."""
        match = re.match(r'# (\w+\.\w+)\n', self.text)
        return match[1] if match else ''


def page_id(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page."""
    found, inside = [], None
    for number, line in enumerate(page.read_text(encoding='utf-8').splitlines(), 1):
        fence = _FENCE.match(line)
        if inside is None and fence:
            inside = (fence[1], number + 1, fence[2].strip(), [])
        elif inside is not None and fence and fence[1] == inside[0] and not fence[2]:
            found.append(Block(*inside[1:3], ''.join(f'{text}\n' for text in inside[3])))
            inside = None
        elif inside is not None:
            inside[3].append(line)
    assert inside is None, f'{page}: the block of line {inside[1]} is not closed'
    return found


def prose(page: Path) -> str:
    """A page without its blocks, on as many lines."""
    lines, inside = [], False
    for line in page.read_text(encoding='utf-8').splitlines():
        is_fence = bool(_FENCE.match(line))
        lines.append('' if inside or is_fence else line)
        inside ^= is_fence
    return '\n'.join(lines)
