"""Plots of a report, with their headings and captions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from midattr_plugin.compare.convergence import curve_pairs
from midattr_plugin.compare.curves import LOSS, CurvesByRun
from midattr_plugin.compare.layers import layer_order, layer_series
from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.query_differences import ZHENG_MAP
from midattr_plugin.compare.suite import Suite
from midattr_plugin.compare.summary import ResultRow, kind_of_images
from midattr_plugin.compare.svg_plots import (
    plot_attributes,
    plot_confusions,
    plot_convergence,
    plot_curves,
    plot_differences,
    plot_gains,
    plot_layers,
    plot_rows,
)
from midattr_plugin.compare.verdicts import Verdict


@dataclass(frozen=True)
class Plot:
    """A heading, a caption and the SVG; a ``folded`` plot is opened by a click."""

    title: str
    caption: str
    svg: str
    folded: bool = False


def overview_plots(
    suite: Suite, result_rows: Sequence[ResultRow], verdicts: Sequence[Verdict], curves: CurvesByRun
) -> Iterator[Plot]:
    """Yield the plots that compare the rows; none if no run is finished."""
    if not result_rows:
        return
    data = kind_of_images(result_rows)
    if tested := {name: verdict for name, verdict in _named(verdicts) if verdict.difference}:
        yield Plot(
            f'Claims ({data})',
            'Differences in percentage points with their 95% confidence intervals. The dot is '
            'filled if the two are told apart, corrected for the number of all comparisons.',
            plot_differences(
                {name: verdict.difference for name, verdict in tested.items()},
                'difference, percentage points',
                filled=[name for name, verdict in tested.items() if verdict.is_significant],
            ),
        )
    series = layer_series(list(curves), result_rows)
    if series:
        yield Plot(
            f'mAP by layer of the attributes ({data})',
            'Rows that differ only in the layer, from no attributes to the middle of the network. '
            'Error bars: one standard deviation over the seeds.',
            plot_layers(series, layer_order()),
        )
    compared = [row for row in _with_model_descriptor(result_rows) if 'mAP' in row.differences]
    if compared:
        several = len({row.target for row in compared}) > 1
        yield Plot(
            f'Difference in mAP from the baseline ({data})',
            'Paired by seed, with the 95% confidence interval of each by itself.',
            plot_differences(
                {
                    f'{row.row.name} vs. {row.row.baseline}'
                    + (f' ({row.target})' if several else ''): row.differences['mAP']
                    for row in compared
                },
                'difference in mAP, percentage points',
            ),
        )
    if pairs := list(curve_pairs(suite, curves)):
        yield Plot(
            f'Difference in mAP over the epochs ({data})',
            'At each test of the training: every seed (thin) and their mean. A gain that shrinks '
            'is one of the speed of learning.',
            plot_gains(pairs),
        )
        yield Plot(
            f'mAP over the epochs ({data})',
            'The row (blue) and the one that it is compared with (red), every seed (thin) and '
            'their mean. A curve that still rises has not converged.',
            plot_convergence(pairs),
        )
    yield Plot(
        f'mAP by row ({data})',
        'Error bars: one standard deviation over the seeds. Diamonds: published, with ours by the '
        f'same rule as circles ({ZHENG_MAP}).',
        plot_rows(result_rows),
    )


def detail_plots(result_rows: Sequence[ResultRow], curves: CurvesByRun) -> Iterator[Plot]:
    """Yield attribute scores, loss curves and confusions by row; none if no run is finished."""
    if not result_rows:
        return
    data = kind_of_images(result_rows)
    finished: dict[str, list[Run]] = {}
    for run in curves:
        finished.setdefault(run.row.name, []).append(run)
    attributes = {
        name: scores for name, runs in finished.items() if (scores := _mean_attribute_scores(runs))
    }
    if attributes:
        yield Plot(
            f'Attribute accuracy ({data})',
            'Percentage of correct predictions (dot) and that of always predicting the most '
            'frequent class (tick), among the images with a known label.',
            plot_attributes(attributes),
        )
    losses = {name: [curves[run][LOSS] for run in runs] for name, runs in finished.items()}
    yield Plot(
        'Training loss',
        'One curve per seed: the mean since the start of the epoch. Each row has its own scale, '
        'because rows may have different losses.',
        plot_curves(losses, 'loss'),
    )
    for name, runs in finished.items():
        if confusions := _summed_confusions(runs):
            yield Plot(
                f'Attribute confusions: {name} ({data})',
                'Percentage of each true class (row) by predicted class (column).',
                plot_confusions(confusions),
                folded=True,
            )


def _named(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, Verdict]]:
    several = len({verdict.target for verdict in verdicts}) > 1
    for verdict in verdicts:
        target = f' ({verdict.target})' if several else ''
        yield f'{verdict.comparison}: {verdict.comparison.score}{target}', verdict


def _with_model_descriptor(result_rows: Sequence[ResultRow]) -> list[ResultRow]:
    """Return, by row and target, that of the descriptor which the model returns, the first."""
    first: dict[tuple[str, str], ResultRow] = {}
    for result_row in result_rows:
        first.setdefault((result_row.row.name, result_row.target), result_row)
    return list(first.values())


def _mean_attribute_scores(runs: Sequence[Run]) -> dict[str, dict[str, float]]:
    """Return attribute -> score on the first target, averaged over the seeds."""
    seeds = [next(iter(run.results.attributes.values()), {}) for run in runs]
    names = ('accuracy', 'majority')
    return {
        attribute: {
            name: float(np.mean([scores[attribute][name] for scores in seeds])) for name in names
        }
        for attribute in _common(seeds)
        if attribute != 'average'
        # without an image that has a label
        and all(scores[attribute].get(name) is not None for scores in seeds for name in names)
    }


def _summed_confusions(runs: Sequence[Run]) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return attribute -> classes and counts on the first target, summed over the seeds."""
    seeds = [next(iter(run.results.confusion.values()), {}) for run in runs]
    return {
        attribute: (
            seeds[0][attribute]['classes'],
            sum(np.array(confusions[attribute]['counts']) for confusions in seeds),
        )
        for attribute in _common(seeds)
        if all(
            confusions[attribute]['classes'] == seeds[0][attribute]['classes']
            for confusions in seeds
        )
    }


def _common(seeds: Sequence[Mapping]) -> list[str]:
    """Return the names that the results of all seeds have, in the order of the first."""
    return [name for name in seeds[0] if all(name in seed for seed in seeds)]
