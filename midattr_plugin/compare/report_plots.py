"""The pictures of a report, with what is written above them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from midattr_plugin.compare.curves import LOSS, CurvesOfRuns
from midattr_plugin.compare.layers import LAYERS, layer_series
from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.summary import Line, kind_of_images
from midattr_plugin.compare.svg_plots import (
    plot_attributes,
    plot_confusions,
    plot_curves,
    plot_differences,
    plot_layers,
    plot_rows,
)


@dataclass(frozen=True)
class Picture:
    """A heading, what is to be known of it, and the SVG; ``folded``: opened by a click."""

    title: str
    caption: str
    svg: str
    folded: bool = False


def overview_pictures(lines: Sequence[Line], curves: CurvesOfRuns) -> Iterator[Picture]:
    """The comparison of the rows, of which some run is done."""
    if not lines:
        return
    data = kind_of_images(lines)
    series = layer_series(list(curves), lines)
    if series:
        yield Picture(
            f'Layer of the attributes ({data})',
            'Rows that differ in nothing but the '
            'layer, from no attributes to the middle of the network. Bars: one standard '
            'deviation over the seeds.',
            plot_layers(series, LAYERS),
        )
    compared = [line for line in _of_the_models(lines) if 'mAP' in line.differences]
    if compared:
        yield Picture(
            f'Difference in mAP to the baseline ({data})',
            'Paired seed by seed, with '
            'the 95% confidence interval; the dot is filled where that does not contain '
            '0.',
            plot_differences(compared),
        )
    yield Picture(
        f'mAP by row ({data})',
        'Bars: one standard deviation over the seeds. Diamonds: published.',
        plot_rows(lines),
    )


def detail_pictures(lines: Sequence[Line], curves: CurvesOfRuns) -> Iterator[Picture]:
    """Attributes, curves and confusions of each row, of which some run is done."""
    if not lines:
        return
    data = kind_of_images(lines)
    done: dict[str, list[Run]] = {}
    for run in curves:
        done.setdefault(run.row.name, []).append(run)
    scores = {name: of for name, runs in done.items() if (of := _mean_scores(runs))}
    if scores:
        yield Picture(
            f'Accuracy of the attributes ({data})',
            'In percent of the images whose '
            'label is known (dot), beside that of always answering the most frequent '
            'class (bar).',
            plot_attributes(scores),
        )
    losses = {name: [curves[run][LOSS] for run in runs] for name, runs in done.items()}
    yield Picture(
        'Training loss',
        'A curve per seed, of means since the start of each epoch. Each '
        'row has a scale of its own, as its loss may be another.',
        plot_curves(losses, 'loss'),
    )
    for name, runs in done.items():
        if confusions := _summed_confusions(runs):
            yield Picture(
                f'Confusions of the attributes: {name} ({data})',
                'Percent of each true class (row) by predicted class (column).',
                plot_confusions(confusions),
                folded=True,
            )


def _of_the_models(lines: Sequence[Line]) -> list[Line]:
    """Of each row and target the descriptor that the model returns, which is the first."""
    first: dict[tuple[str, str], Line] = {}
    for line in lines:
        first.setdefault((line.row.name, line.target), line)
    return list(first.values())


def _mean_scores(runs: Sequence[Run]) -> dict[str, dict[str, float]]:
    """Of the first target, over the seeds."""
    of_seeds = [next(iter(run.results['attributes'].values()), {}) for run in runs]
    return {
        name: {
            key: float(np.mean([scores[name][key] for scores in of_seeds]))
            for key in ('accuracy', 'majority')
        }
        for name in of_seeds[0]
        if name != 'average'
    }


def _summed_confusions(runs: Sequence[Run]) -> dict[str, tuple[list[str], np.ndarray]]:
    of_seeds = [next(iter(run.results.get('confusion', {}).values()), {}) for run in runs]
    return {
        name: (first['classes'], sum(np.array(of[name]['counts']) for of in of_seeds))
        for name, first in of_seeds[0].items()
    }
