"""mAP and losses over the epochs: how a gain depends on them, which rows have learned and ended.

What learns faster is ahead for a while of what ends up as good. A difference between rows that have
not converged may be no more than that.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from midattr_plugin.compare.curves import IDENTITY_LOSSES, LOSS, MAP, CurvesByRun, curves_of_runs
from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.suite import Suite

RISE = 1.0
"""Percentage points of mAP between the last two tests from which on a row has not converged.

The smallest differences that the paper rests on are 0.8 (res3d over res4f) to 2.0 points (fused
over global): a row that still gains a point from one test to the next moves by as much.
"""

LEARNED, GUESSED = 0.8, 2.0
"""A classifier has hardly learned if its loss ends above ``LEARNED`` times its first value, and
above ``GUESSED``, where the right identity gets e^-2 = 14% of the probability.

The first value is that of guessing where the classifier is new; one that goes on with the people it
knows begins below ``GUESSED``. A training that breaks down, e.g. because its first steps were too
large, has flat scores, too, which are no convergence.
"""

CurvesBySeed = Mapping[int, Mapping[int, float]]
"""Seed -> epochs trained -> mAP in percent."""


@dataclass(frozen=True)
class CurvePair:
    """mAP of a row and of the one that it is compared with, at each test of their trainings."""

    row: str
    over: str
    row_curves: CurvesBySeed
    over_curves: CurvesBySeed

    @property
    def gains(self) -> CurvesBySeed:
        """The difference at the epochs at which both were tested, of the seeds of both."""
        return {
            seed: {
                epoch: value - self.over_curves[seed][epoch]
                for epoch, value in curve.items()
                if epoch in self.over_curves[seed]
            }
            for seed, curve in self.row_curves.items()
            if seed in self.over_curves
        }


def curve_pairs(suite: Suite, curves: CurvesByRun) -> Iterator[CurvePair]:
    """Yield the rows with their baselines, then those of claims, if tested more than once."""
    by_row = _by_row(curves)
    for row, over in suite.compared_rows:
        pair = CurvePair(row, over, by_row.get(row, {}), by_row.get(over, {}))
        if any(len(gain) > 1 for gain in pair.gains.values()):
            yield pair


def mean_curve(curves: CurvesBySeed) -> dict[int, float]:
    """Return the mean over the seeds at the epochs that all of them have."""
    epochs = [set(curve) for curve in curves.values()]
    common = sorted(set.intersection(*epochs)) if epochs else []
    return {epoch: float(np.mean([curve[epoch] for curve in curves.values()])) for epoch in common}


def convergence_facts(runs: Sequence[Run], curves: CurvesByRun) -> list[str]:
    """Return which rows have not converged, and of which that is not known."""
    facts, unknown = [], []
    rising: dict[tuple[int, int], list[str]] = {}  # the epochs of the last two tests -> rows
    by_row = _by_row(curves)
    for row in dict.fromkeys(run.row.name for run in runs if run in curves):
        mean = mean_curve(by_row[row])
        if len(mean) < 2:
            unknown.append(row)
            continue
        (before, earlier), (after, last) = list(mean.items())[-2:]
        if last - earlier > RISE:
            rising.setdefault((before, after), []).append(f'{row} by {last - earlier:.1f}')
    for (before, after), rows in rising.items():
        facts.append(
            f'NOT CONVERGED: mAP still rose between the last two tests (epochs {before} and '
            f'{after}), in points: {", ".join(rows)}. A difference from such a row may be one of '
            'the speed of learning alone. Train longer: train.max_epoch.'
        )
    if unknown:
        facts.append(
            'Whether these rows have converged is not known, as they were tested only once: '
            f'{", ".join(unknown)}. test.eval_freq 1 would test them after every epoch.'
        )
    return facts


def unlearned_facts(curves: CurvesByRun, concerned: str = 'the row') -> list[str]:
    """Return in which rows, and seeds, an identity classifier has hardly learned anything.

    Args:
        curves: of the runs of rows, or of starts.
        concerned: about what their scores then say nothing.
    """
    found: dict[str, dict[int, tuple[float, float]]] = {}
    for run, by_tag in curves.items():
        # the whole loss of torchreid's softmax engine is that of the identities
        tags = (*IDENTITY_LOSSES, *((LOSS,) if run.cfg.loss.name == 'softmax' else ()))
        for losses in (list(by_tag.get(tag, {}).values()) for tag in tags):
            if losses and losses[-1] > max(LEARNED * losses[0], GUESSED):
                found.setdefault(run.row.name, {})[run.seed] = losses[0], losses[-1]
    if not found:
        return []
    rows = ', '.join(
        f'{row} (seeds {" ".join(map(str, seeds))}) from {first:.2f} to {last:.2f}'
        for row, seeds in found.items()
        for first, last in [np.mean([*seeds.values()], 0)]
    )
    return [
        f'NOT LEARNED: the identity loss hardly fell, on average over the seeds: {rows}. Such a '
        'training broke down or was too short, and its scores say nothing about '
        f'{concerned}. Lower train.lr, or train longer.'
    ]


def unlearned_starts(starts: Sequence[Run]) -> list[str]:
    """Return the same of finished starts, from whose weights rows start."""
    return unlearned_facts(curves_of_runs(starts), 'the rows that start from it')


def _by_row(curves: CurvesByRun) -> dict[str, dict[int, Mapping[int, float]]]:
    by_row: dict[str, dict[int, Mapping[int, float]]] = {}
    for run, by_tag in curves.items():
        by_row.setdefault(run.row.name, {})[run.seed] = by_tag[MAP]
    return by_row
