"""Claims of a suite: the few comparisons that it is there for, named before it is run.

Only these are tested, all together. In every other difference a star would mean little, as among
many one is likely to exclude 0 by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from midattr_plugin.errors import InputError


@dataclass(frozen=True)
class Comparison:
    """The claim that a row has a higher score than another.

    Attributes:
        row: name of the row.
        over: name of the row that it is compared with.
        score: name of the score.
        descriptor: of the row; '' for the one that its model returns.
        over_descriptor: of the other row, likewise.
    """

    row: str
    over: str
    score: str = 'mAP'
    descriptor: str = ''
    over_descriptor: str = ''

    def __str__(self) -> str:
        """Return e.g. 'T4.4 over T4.1', 'full, fused over full, global'."""
        return f'{_side(self.row, self.descriptor)} over {_side(self.over, self.over_descriptor)}'


@dataclass(frozen=True)
class Claim:
    """A sentence, which holds if all its comparisons do."""

    sentence: str
    comparisons: tuple[Comparison, ...]


def read_claims(content: Sequence[dict], rows: Sequence[str], where: str) -> tuple[Claim, ...]:
    """Return the claims of a checked suite file.

    Args:
        content: the entries.
        rows: names of the rows of the suite.
        where: the suite, for messages.

    Raises:
        InputError: a comparison names a row that is not there, or compares a row with itself.
    """
    claims = []
    for entry in content:
        comparisons = _comparisons(entry)
        for comparison in comparisons:
            claim = f'{where}, claim "{entry["claim"]}"'
            for name in (comparison.row, comparison.over):
                if name not in rows:
                    raise InputError(
                        f'{claim}: "{name}" is not a row of the suite; choose from '
                        f'{", ".join(rows)}'
                    )
            same_descriptor = comparison.descriptor == comparison.over_descriptor
            if comparison.row == comparison.over and same_descriptor:
                raise InputError(
                    f'{claim}: row "{comparison.row}" is compared with itself; name another row, '
                    'or another over_descriptor'
                )
        claims.append(Claim(entry['claim'], comparisons))
    return tuple(claims)


def inherited_claims(content: Sequence[dict], rows: Sequence[str]) -> tuple[tuple[Claim, ...], str]:
    """Return the claims of another suite that rows here can answer, and which it cannot.

    Args:
        content: the entries of the other suite.
        rows: names of the rows that were taken over.
    """
    claims, missing = [], []
    for entry in content:
        comparisons = _comparisons(entry)
        kept = tuple(item for item in comparisons if {item.row, item.over} <= set(rows))
        missing += [f'{item} ({entry["claim"]})' for item in comparisons if item not in kept]
        if kept:
            claims.append(Claim(entry['claim'], kept))
    note = f'Not among the rows, so not tested: {", ".join(missing)}.' if missing else ''
    return tuple(claims), note


def _comparisons(entry: dict) -> tuple[Comparison, ...]:
    return tuple(
        Comparison(**{'over_descriptor': item.get('descriptor', ''), **item})
        for item in entry['comparisons']
    )


def _side(row: str, descriptor: str) -> str:
    return f'{row}, {descriptor}' if descriptor else row
