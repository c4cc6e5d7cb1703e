"""Answers to the claims of a suite, corrected for the number of their comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from midattr_plugin.compare.claims import Claim, Comparison
from midattr_plugin.compare.holm import holm
from midattr_plugin.compare.intervals import CONFIDENCE, Difference
from midattr_plugin.compare.summary import ResultRow

YES, NO, OPEN = 'yes', 'no', 'not told apart'


@dataclass(frozen=True)
class Verdict:
    """Answer to one comparison of a claim on one target.

    Attributes:
        claim: the claim.
        comparison: the comparison.
        target: dataset of the test; '' if no run is finished.
        planned_seeds: all seeds of the suite.
        difference: row minus the other one; None if it could not be measured.
        obstacle: why it could not be tested; '' if it was.
        p_value: corrected for the number of all comparisons; None if it was not tested.
    """

    claim: Claim
    comparison: Comparison
    target: str
    planned_seeds: tuple[int, ...]
    difference: Difference | None
    obstacle: str
    p_value: float | None

    @property
    def is_significant(self) -> bool:
        """Whether the two are told apart, in either direction."""
        return self.p_value is not None and self.p_value < 1 - CONFIDENCE

    @property
    def answer(self) -> str:
        """One of :data:`YES`, :data:`NO` (the other one is better) and :data:`OPEN`."""
        if self.difference is None or not self.is_significant:
            return OPEN
        return YES if self.difference.mean > 0 else NO


def judge(claims: Sequence[Claim], result_rows: Sequence[ResultRow]) -> list[Verdict]:
    """Return the answers to all comparisons, in the order of the targets, then of the claims.

    The correction counts all of them, also those that could not be tested: a run that fails makes
    nothing easier to show.

    Raises:
        InputError: two rows were not tested on the same queries.
    """
    targets = list(dict.fromkeys(result_row.target for result_row in result_rows))
    planned = result_rows[0].planned_seeds if result_rows else ()
    asked = [
        (claim, comparison, target, *_compared(comparison, target, result_rows))
        for target in targets
        for claim in claims
        for comparison in claim.comparisons
    ]
    raw = [None if obstacle else difference.p_value for *_, difference, obstacle in asked]
    adjusted = holm([1.0 if p is None else p for p in raw])
    return [
        Verdict(
            claim,
            comparison,
            target,
            planned,
            difference,
            obstacle,
            None if p is None else corrected,
        )
        for (claim, comparison, target, difference, obstacle), p, corrected in zip(
            asked, raw, adjusted, strict=True
        )
    ]


def answer_of_claim(verdicts: Sequence[Verdict]) -> str:
    """Return the answer to a claim from those to its comparisons on a target.

    It is yes if all are, and no if one of them is.
    """
    answers = {verdict.answer for verdict in verdicts}
    if NO in answers:
        return NO
    return YES if answers == {YES} else OPEN


def verdicts_by_claim(verdicts: Sequence[Verdict]) -> Mapping[tuple[str, Claim], list[Verdict]]:
    """Return target and claim -> the answers to its comparisons, in their order."""
    by_claim: dict[tuple[str, Claim], list[Verdict]] = {}
    for verdict in verdicts:
        by_claim.setdefault((verdict.target, verdict.claim), []).append(verdict)
    return by_claim


def _compared(
    comparison: Comparison, target: str, result_rows: Sequence[ResultRow]
) -> tuple[Difference | None, str]:
    """Return the difference of a comparison, and why it cannot be tested; '' if it can."""
    sides = []
    for name, descriptor in (
        (comparison.row, comparison.descriptor),
        (comparison.over, comparison.over_descriptor),
    ):
        of_row = [row for row in result_rows if (row.row.name, row.target) == (name, target)]
        if not of_row:
            return None, f'row {name} has no results'
        fitting = [row for row in of_row if descriptor in ('', row.descriptor)]
        if not fitting:
            return None, f'row {name} has no descriptor "{descriptor}"'
        sides.append(fitting[0])  # the model's own comes first
    difference = sides[0].measured.minus(sides[1].measured).get(comparison.score)
    if difference is None:
        shares = set(sides[0].seeds) & set(sides[1].seeds)
        return None, f'no score {comparison.score}' if shares else 'no seed of both rows is done'
    return difference, difference.obstacle
