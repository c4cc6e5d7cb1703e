"""Grid search of loss weights on validation images, as the authors did (section 3.2)."""

import itertools
from collections.abc import Sequence

from midattr_plugin.compare.intervals import spread
from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.report_tables import Table
from midattr_plugin.compare.suite import Row, Suite, check_names
from midattr_plugin.errors import InputError

VALIDATION_IMAGES = 100  # section 3.2
_TITLE = 'Grid search on held-out training images'
_HEAD = ['point', 'identity accuracy', 'identity loss', 'seeds', '']
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
    )


def choose(runs: Sequence[Run]) -> tuple[Table, str]:
    """Return the table of the grid, and its best point in words.

    The best point has the highest identity accuracy on the validation images, which differ from
    seed to seed; of several, which a hundred images make likely, that with the lowest identity
    loss. Points that lack a seed are shown, but not chosen.
    """
    seeds = {run.seed for run in runs}
    measured: dict[str, list[tuple[float, float]]] = {}
    labels = {}
    for run in runs:
        if run.is_done:
            validation = run.results.extra['validation']
            accuracies = {
                key: value
                for key, value in validation.items()
                if key in ('acc_global', 'acc_local')
            }
            accuracy = validation.get('acc_fused', next(iter(accuracies.values())))
            losses = [validation[key.replace('acc', 'loss')] for key in accuracies]
            measured.setdefault(run.row.name, []).append((accuracy, sum(losses) / len(losses)))
            labels[run.row.name] = run.row.label
    if not measured:
        return Table(_TITLE, _HEAD, []), 'Nothing to choose from: no run is done.'
    means = {
        name: tuple(spread(column).mean for column in zip(*values, strict=True))
        for name, values in measured.items()
    }
    # rounded, because equal hundredths in another order have another floating-point mean
    best = min(
        (name for name in means if len(measured[name]) == len(seeds)),
        default=None,
        key=lambda name: (-round(means[name][0], 9), means[name][1]),
    )
    table = Table(
        _TITLE,
        _HEAD,
        [
            [
                labels[name],
                f'{accuracy:.1%}',
                f'{loss:.3f}',
                str(len(measured[name])),
                'best' if name == best else '',
            ]
            for name, (accuracy, loss) in means.items()
        ],
    )
    return table, f'Best: {labels[best]}' if best else 'No best point: none has finished all seeds.'
