"""The table of a suite's claims, which comes first in its report."""

from collections.abc import Iterator, Sequence

from midattr_plugin.compare.table_cells import Table, difference_cell, seeds_cell
from midattr_plugin.compare.verdicts import Verdict, answer_of_claim, verdicts_by_claim

_HEAD = [
    'claim',
    'answer',
    'comparison',
    'score',
    'difference',
    'p, corrected',
    'pairs',
    'intervals cover',
]


def claims_table(verdicts: Sequence[Verdict], data: str) -> Iterator[Table]:
    """Yield the answers to the claims; nothing without claims.

    Args:
        verdicts: the answers to their comparisons.
        data: kind of the images, for the heading.
    """
    by_claim = verdicts_by_claim(verdicts)
    targets = {target for target, _ in by_claim}
    rows = []
    for (target, claim), answers in by_claim.items():
        name = f'{claim.sentence} ({target})' if len(targets) > 1 else claim.sentence
        rows.append([name, answer_of_claim(answers), *[''] * (len(_HEAD) - 2)])
        rows += [_verdict(verdict) for verdict in answers]
    if rows:
        yield Table(f'Claims ({data})', _HEAD, rows)


def _verdict(verdict: Verdict) -> list[str]:
    difference = verdict.difference
    star = ' *' if verdict.is_significant else ''
    return [
        '',
        verdict.answer + (f' ({verdict.obstacle})' if verdict.obstacle else ''),
        str(verdict.comparison),
        verdict.comparison.score,
        difference_cell(difference) + star,
        '' if verdict.p_value is None else _p_value(verdict.p_value),
        seeds_cell(difference.seeds if difference else (), verdict.planned_seeds),
        difference.covers if difference and difference.low is not None else '',
    ]


def _p_value(value: float) -> str:
    return f'{value:.3f}' if value >= 0.001 else '< 0.001'
