"""Drawing of the plots of a report, as SVG to be embedded in a page."""

import io
import math
from collections.abc import Collection, Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from midattr_plugin.compare.convergence import CurvePair, CurvesBySeed, mean_curve
from midattr_plugin.compare.intervals import Difference, Spread
from midattr_plugin.compare.summary import ResultRow

_OURS, _OTHER, _FAINT, _GRID = '#1f5fa8', '#c8553d', '#9aa0a6', '#e3e5e8'
_COLUMNS = 4
_TITLE = 26  # letters above a panel, of which a line holds as many


def plot_rows(result_rows: Sequence[ResultRow], score: str = 'mAP') -> str:
    """Draw a score of each result row with its standard deviation.

    Where published scores can be compared, the published mAP stands beside ours by the same rule.
    """
    shown = [result_row for result_row in result_rows if score in result_row.scores]
    figure, axes = _row_axes(shown, [f'{row.row.name}, {row.descriptor}' for row in shown])
    axes.set_xlabel(f'{score}, %')
    for place, result_row in enumerate(shown):
        value = result_row.scores[score]
        axes.errorbar(value.mean, place, xerr=value.std, fmt='o', color=_OURS, capsize=3, ms=5)
        if score in result_row.minus_published:
            published = result_row.published[score]
            axes.plot(published, place, 'D', mfc='none', color=_OTHER, ms=5)
            ours = published + result_row.minus_published[score]
            axes.plot(ours, place, 'o', mfc='none', color=_OURS, ms=5)
    return _svg(figure)


def plot_differences(
    differences: Mapping[str, Difference], label: str, filled: Collection[str] = ()
) -> str:
    """Draw differences with their confidence intervals.

    Args:
        differences: name -> difference, from the top.
        label: of the axis.
        filled: the names whose dots are filled.
    """
    figure, axes = _named_axes(list(differences))
    axes.set_xlabel(label)
    axes.axvline(0, color=_FAINT, lw=1)
    for place, (name, value) in enumerate(differences.items()):
        if value.low is not None:
            axes.plot([value.low, value.high], [place, place], '-|', color=_OURS, lw=1.2)
        color = _OURS if name in filled else 'white'
        axes.plot(value.mean, place, 'o', color=_OURS, ms=5, mfc=color)
    return _svg(figure)


def plot_layers(
    series: Mapping[str, Mapping[str, Spread]], layers: Sequence[str], score: str = 'mAP'
) -> str:
    """Draw a line per descriptor, with standard deviations.

    Args:
        series: descriptor -> layer of the attributes -> score.
        layers: their order.
        score: its name.
    """
    figure = Figure((6, 3.4))
    axes = figure.subplots()
    shown = [layer for layer in layers if any(layer in points for points in series.values())]
    for number, (name, points) in enumerate(series.items()):
        places = [shown.index(layer) + 0.06 * number for layer in points]  # error bars side by side
        axes.errorbar(
            places,
            [value.mean for value in points.values()],
            [value.std or 0 for value in points.values()],
            fmt='-o',
            capsize=3,
            ms=5,
            label=name,
            color=(_OURS, _OTHER, _FAINT)[number % 3],
        )
    axes.set_xticks(range(len(shown)), shown)
    axes.set_xlabel('layer on which the attributes are recognized')
    axes.set_ylabel(f'{score}, %')
    axes.legend(title='descriptor', frameon=False)
    axes.grid(axis='y', color=_GRID)
    return _svg(figure)


def plot_curves(curves: Mapping[str, Sequence[Mapping[int, float]]], label: str) -> str:
    """Draw a panel per row, each with its own scale and a curve per seed.

    Args:
        curves: row -> for each seed: iteration -> value.
        label: of the values.
    """
    figure, panels = _panels(len(curves), 2.1, 1.5)
    for axes, (name, seeds) in zip(panels, curves.items(), strict=False):
        for curve in seeds:
            axes.plot(list(curve), list(curve.values()), color=_OURS, lw=0.9, alpha=0.8)
        axes.set_title(name, fontsize=9)
    figure.supylabel(label, fontsize=9)
    figure.supxlabel('iteration', fontsize=9)
    return _svg(figure)


def plot_gains(pairs: Sequence[CurvePair]) -> str:
    """Draw the difference in mAP over the epochs, a panel per pair: each seed thin, their mean."""
    figure, panels = _panels(len(pairs), 2.3, 1.7)
    for axes, pair in zip(panels, pairs, strict=False):
        axes.axhline(0, color=_FAINT, lw=1)
        _plot_seeds(axes, pair.gains, _OURS)
        axes.set_title(_pair_title(pair), fontsize=8)
    figure.supylabel('difference in mAP, points', fontsize=9)
    figure.supxlabel('epochs', fontsize=9)
    return _svg(figure)


def plot_convergence(pairs: Sequence[CurvePair]) -> str:
    """Draw the mAP of both rows over the epochs, a panel per pair: each seed thin, their mean."""
    figure, panels = _panels(len(pairs), 2.3, 1.7)
    for axes, pair in zip(panels, pairs, strict=False):
        _plot_seeds(axes, pair.over_curves, _OTHER)
        _plot_seeds(axes, pair.row_curves, _OURS)
        axes.set_title(_pair_title(pair), fontsize=8)
    figure.supylabel('mAP, %', fontsize=9)
    figure.supxlabel('epochs', fontsize=9)
    return _svg(figure)


def _pair_title(pair: CurvePair) -> str:
    """Return the title of a panel, in two lines where one would reach into the next panel."""
    title = f'{pair.row} over {pair.over}'
    return title if len(title) <= _TITLE else f'{pair.row}\nover {pair.over}'


def _plot_seeds(axes: Axes, curves: CurvesBySeed, color: str) -> None:
    for curve in curves.values():
        axes.plot(list(curve), list(curve.values()), color=color, lw=0.6, alpha=0.5)
    mean = mean_curve(curves)
    axes.plot(list(mean), list(mean.values()), '-o', color=color, lw=1.6, ms=3)
    axes.locator_params(axis='x', integer=True)  # there are no halves of an epoch


def plot_attributes(attributes: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Draw a panel per row with the accuracy of each attribute, beside that of the majority class.

    Args:
        attributes: row -> attribute -> 'accuracy' and 'majority', as fractions.
    """
    names = list(dict.fromkeys(name for by_name in attributes.values() for name in by_name))
    figure, panels = _panels(len(attributes), 2.3, 0.4 + 0.17 * len(names), sharey=True)
    for axes, (row, by_name) in zip(panels, attributes.items(), strict=False):
        for place, name in enumerate(names):
            if name in by_name:
                majority = 100 * by_name[name]['majority']
                accuracy = 100 * by_name[name]['accuracy']
                axes.plot([majority, accuracy], [place, place], color=_FAINT, lw=1)
                axes.plot(majority, place, '|', color=_OTHER, ms=9, mew=2)
                axes.plot(accuracy, place, 'o', color=_OURS, ms=4)
        axes.set_title(row, fontsize=9)
        axes.grid(axis='x', color=_GRID)
        axes.set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.5, -0.5)  # shared by all panels; the first on top
    return _svg(figure)


def plot_confusions(confusions: Mapping[str, tuple[Sequence[str], np.ndarray]]) -> str:
    """Draw a matrix per attribute: the share of each true class (row) by predicted class.

    Args:
        confusions: attribute -> classes and counts (c, c), true x predicted.
    """
    figure, panels = _panels(len(confusions), 2.3, 2.3)
    for axes, (name, (classes, counts)) in zip(panels, confusions.items(), strict=False):
        shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        axes.imshow(shares, cmap='Blues', vmin=0, vmax=1)
        axes.set_title(name, fontsize=9)
        axes.set_xticks(range(len(counts)), classes, rotation=60, ha='right', fontsize=7)
        axes.set_yticks(range(len(counts)), classes, fontsize=7)
        if len(counts) <= 4:
            for (i, j), share in np.ndenumerate(shares):
                axes.text(
                    j,
                    i,
                    f'{100 * share:.0f}',
                    ha='center',
                    va='center',
                    fontsize=8,
                    color='white' if share > 0.6 else 'black',
                )
    return _svg(figure)


def _row_axes(result_rows: Sequence[ResultRow], names: Sequence[str]) -> tuple[Figure, Axes]:
    """Return axes with a place for each result row, with the targets if there are several."""
    if len({result_row.target for result_row in result_rows}) > 1:
        names = [f'{name} ({row.target})' for name, row in zip(names, result_rows, strict=True)]
    return _named_axes(names)


def _named_axes(names: Sequence[str]) -> tuple[Figure, Axes]:
    """Return axes with a place for each of the names, from the top."""
    figure = Figure((8, 0.7 + 0.26 * len(names)))
    axes = figure.subplots()
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)  # the first on top
    axes.grid(axis='x', color=_GRID)
    axes.set_axisbelow(True)
    return figure, axes


def _panels(
    count: int, width: float, height: float, sharey: bool = False
) -> tuple[Figure, list[Axes]]:
    """Return a grid of at least ``count`` axes, each of this size in inches; the rest is hidden."""
    columns = min(_COLUMNS, max(count, 1))
    rows = max(1, math.ceil(count / columns))
    figure = Figure((width * columns + 0.6, height * rows + 0.5))
    panels = list(figure.subplots(rows, columns, sharey=sharey, squeeze=False).flat)
    for axes in panels:
        axes.tick_params(labelsize=7)
    for axes in panels[count:]:
        axes.set_visible(False)
    return figure, panels


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    # text stays text, and the same data gives the same file
    with mpl.rc_context({'svg.fonttype': 'none', 'svg.hashsalt': 'midattr'}):
        figure.set_layout_engine('constrained')
        figure.savefig(text, format='svg', metadata={'Date': None})
    return text.getvalue()[text.getvalue().index('<svg') :]
