"""Grid search of loss weights on validation images, as the authors did (section 3.2)."""

import itertools
from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np

from midattr_plugin.compare.holm import holm
from midattr_plugin.compare.intervals import CONFIDENCE, MIN_PAIRS, paired_difference, spread
from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.suite import Row, Suite, check_names
from midattr_plugin.compare.table_cells import Table
from midattr_plugin.errors import InputError

VALIDATION_IMAGES = 100  # section 3.2
_TITLE = 'Grid search on held-out training images'
_HEAD = ['point', 'identity accuracy ± s.e.', 'identity loss ± s.e.', 'seeds', '']
_ALIKE = 'not told apart'
_BASIS = (
    f"paired by seed, Student's t from {MIN_PAIRS} seeds on, corrected for the number of points"
)
_IMAGES = 'midattr.validation_images'


def selection_suite(suite: Suite, opts: Sequence = ()) -> Suite:
    """Return a suite with a row per point of the grid ``select``, based on the suite's last row.

    Args:
        suite: the suite with the grid.
        opts: keys and values for all rows, which must leave the grid alone.

    Raises:
        InputError: the suite has no grid, or an option would change its points.
    """
    if not suite.select:
        raise InputError(
            f'--select: suite "{suite.name}" has no grid; give it one, e.g. select: '
            '{midattr.mu: [4, 5], midattr.nu: [3, 4]}'
        )
    for key in opts[::2]:
        if key in suite.select or key == _IMAGES:
            raise InputError(
                f'--select: {key} is set by the grid; leave it out of the command line'
            )
    last = suite.rows[-1]
    rows = []
    for values in itertools.product(*suite.select.values()):
        point = dict(zip(suite.select, values, strict=True))
        words = [f'{key.rpartition(".")[2]}={value}' for key, value in point.items()]
        rows.append(
            Row(
                '_'.join(words),
                ', '.join(words),
                last.config,
                {**last.settings, _IMAGES: VALIDATION_IMAGES, **point},
                own_keys=tuple(point),
            )
        )
    check_names(rows, f'--select: suite "{suite.name}"')
    return Suite(
        f'{suite.name}-select',
        f'{suite.title}: grid search on validation images',
        suite.dataset,
        tuple(rows),
        start=suite.start,
        is_start_per_backbone=suite.is_start_per_backbone,
    )


def choose(runs: Sequence[Run]) -> tuple[Table, str]:
    """Return the table of the grid, and its best point in words.

    The best point has the highest identity accuracy on the validation images, which differ from
    seed to seed; of several, which a hundred images make likely, that with the lowest identity
    loss. Points that lack a seed are shown, but not chosen. Means are given with their standard
    errors over the seeds.
    """
    seeds = {run.seed for run in runs}
    accuracies: dict[str, dict[int, float]] = {}
    losses: dict[str, dict[int, float]] = {}
    labels = {}
    for run in runs:
        if run.is_done:
            validation = run.results.extra['validation']
            branches = [key for key in validation if key in ('acc_global', 'acc_local')]
            accuracy = validation.get('acc_fused', validation[branches[0]])
            loss = np.mean([validation[key.replace('acc', 'loss')] for key in branches])
            accuracies.setdefault(run.row.name, {})[run.seed] = 100 * accuracy
            losses.setdefault(run.row.name, {})[run.seed] = float(loss)
            labels[run.row.name] = run.row.label
    if not labels:
        return Table(_TITLE, _HEAD, []), 'Nothing to choose from: no run is done.'
    means = {name: (_mean(accuracies[name]), _mean(losses[name])) for name in labels}
    # rounded, because equal hundredths in another order have another floating-point mean
    best = min(
        (name for name in labels if len(accuracies[name]) == len(seeds)),
        default=None,
        key=lambda name: (-round(means[name][0], 7), means[name][1]),
    )
    level_with_best = _not_told_apart(best, accuracies) if best else []
    table = Table(
        _TITLE,
        _HEAD,
        [
            [
                labels[name],
                f'{accuracy:.1f}%{_standard_error(accuracies[name], "%", 1)}',
                f'{loss:.3f}{_standard_error(losses[name], "", 3)}',
                str(len(accuracies[name])),
                'best' if name == best else _ALIKE if name in level_with_best else '',
            ]
            for name, (accuracy, loss) in means.items()
        ],
    )
    if best is None:
        return table, 'No best point: none has finished all seeds.'
    words = f'Best: {labels[best]}'
    if level_with_best:
        others = '; '.join(labels[name] for name in level_with_best)
        words += f'. Its identity accuracy is not told apart from that of: {others} ({_BASIS}).'
    return table, words


def _not_told_apart(best: str, accuracies: Mapping[str, Mapping[int, float]]) -> list[str]:
    """Return the points whose accuracy may be as high as that of the best one.

    Paired by seed, with which the held-out images change; Student's t, corrected for the number of
    points by Holm's method. With fewer than three seeds these are all of them.
    """
    others = [name for name in accuracies if name != best]
    p_values = [paired_difference(accuracies[best], accuracies[name]).p_value for name in others]
    adjusted = holm([1.0 if p is None else p for p in p_values])
    return [name for name, p in zip(others, adjusted, strict=True) if p >= 1 - CONFIDENCE]


def _mean(by_seed: Mapping[int, float]) -> float:
    return spread(list(by_seed.values())).mean


def _standard_error(by_seed: Mapping[int, float], unit: str, digits: int) -> str:
    """Return ' ± ...', the standard error of the mean; '' for one seed."""
    std = spread(list(by_seed.values())).std
    return '' if std is None else f' ± {std / sqrt(len(by_seed)):.{digits}f}{unit}'
