"""What a report says in words about its confidence intervals and stars."""

from collections.abc import Sequence

from midattr_plugin.compare.intervals import (
    CONFIDENCE,
    MIN_PAIRS,
    SEEDS,
    SEEDS_AND_IDENTITIES,
    Difference,
)
from midattr_plugin.compare.query_differences import QUERY_SCORES
from midattr_plugin.compare.report_tables import fusion_gains
from midattr_plugin.compare.suite import Suite
from midattr_plugin.compare.summary import ResultRow
from midattr_plugin.compare.verdicts import Verdict


def interval_facts(
    suite: Suite, result_rows: Sequence[ResultRow], verdicts: Sequence[Verdict]
) -> list[str]:
    """Return what the confidence intervals cover, and what is tested.

    Args:
        suite: the suite.
        result_rows: of its finished runs.
        verdicts: the answers to its claims.
    """
    facts = []
    shown = _shown_differences(result_rows, verdicts)
    covered = {item.covers for item in shown if item.low is not None}
    if shown:
        facts.append(
            f'Differences are paired by seed and followed by their {CONFIDENCE:.0%} confidence '
            'interval, each by itself. Its variance is estimated from the pairs of this difference '
            'alone and not pooled over rows, as rows may vary differently from seed to seed.'
        )
    if SEEDS_AND_IDENTITIES in covered:
        facts.append(
            'Intervals that cover seeds and identities hold for other seeds of the training and '
            'for a test with other people of the same kind; those of attribute scores cover other '
            "seeds alone (Student's t)."
        )
    if SEEDS in covered:
        facts.append(
            "Intervals that cover seeds (Student's t) hold for other seeds of the training on the "
            'same test images, not for other people: their runs kept no query_scores.csv.'
        )
    if verdicts:
        facts.append(
            f'Only claims are tested, with {MIN_PAIRS} pairs or more. A star: p below '
            f'{1 - CONFIDENCE:.2f}, corrected for all {len(verdicts)} comparisons (Holm), so that '
            'the probability of any false star among them is below that, too. A claim is answered '
            'yes if all its comparisons are, and no if one is significantly the other way round.'
        )
    elif shown:
        facts.append('The suite names no claims, so that nothing is tested and has a star.')
    return [*facts, suite.claims_note] if suite.claims_note else facts


def _shown_differences(
    result_rows: Sequence[ResultRow], verdicts: Sequence[Verdict]
) -> list[Difference]:
    """Return the differences in scores over queries that the report shows."""
    by_score = [result_row.differences for result_row in result_rows]
    by_score += [gains for _, _, gains in fusion_gains(result_rows)]
    shown = [
        difference
        for differences in by_score
        for name, difference in differences.items()
        if name in QUERY_SCORES
    ]
    return shown + [verdict.difference for verdict in verdicts if verdict.difference]
