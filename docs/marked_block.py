"""A block that a script writes into a page, between ``<!-- name -->`` and ``<!-- /name -->``."""

from pathlib import Path


def read_block(page: Path, name: str) -> str:
    """Return the lines between the markers of a block.

    Args:
        page: path of the page.
        name: of the block.
    """
    return _split(page, name)[1]


def write_block(page: Path, name: str, lines: str) -> None:
    """Replace the lines between the markers of a block.

    Args:
        page: path of the page.
        name: of the block.
        lines: what is to stand there, each with its line break.
    """
    before, _, behind = _split(page, name)
    page.write_text(before + lines + behind, encoding='utf-8')


def _split(page: Path, name: str) -> tuple[str, str, str]:
    """Return what stands up to the first marker, between the two, and from the second one on."""
    begin, end = f'<!-- {name} -->\n', f'<!-- /{name} -->\n'
    before, rest = page.read_text(encoding='utf-8').split(begin)
    lines, behind = rest.split(end)
    return before + begin, lines, end + behind
