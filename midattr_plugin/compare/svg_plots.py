"""The pictures of a report, as SVG that a page can hold."""

import io
import math
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from midattr_plugin.compare.intervals import Spread
from midattr_plugin.compare.summary import Line

_OURS, _OTHER, _FAINT = '#1f5fa8', '#c8553d', '#9aa0a6'
_COLUMNS = 4


def plot_rows(lines: Sequence[Line], figure: str = 'mAP') -> str:
    """One figure of each line with its standard deviation, and the published one if it compares."""
    shown = [line for line in lines if figure in line.figures]
    picture, axes = _axes_of(
        shown, [f'{line.row.name}, {line.descriptor}' for line in shown], f'{figure}, %'
    )
    for place, line in enumerate(shown):
        value = line.figures[figure]
        axes.errorbar(value.mean, place, xerr=value.std, fmt='o', color=_OURS, capsize=3, ms=5)
        if figure in line.published and line.is_comparable:
            axes.plot(line.published[figure], place, 'D', mfc='none', color=_OTHER, ms=5)
    return _svg(picture)


def plot_differences(lines: Sequence[Line], figure: str = 'mAP') -> str:
    """Difference of each line to its baseline with the confidence interval."""
    picture, axes = _axes_of(
        lines,
        [f'{line.row.name} against {line.row.baseline}' for line in lines],
        f'difference in {figure}, points of %',
    )
    axes.axvline(0, color=_FAINT, lw=1)
    for place, line in enumerate(lines):
        value = line.differences[figure]
        if value.low is not None:
            axes.plot([value.low, value.high], [place, place], '-|', color=_OURS, lw=1.2)
        axes.plot(
            value.mean, place, 'o', color=_OURS, ms=5, mfc=_OURS if value.excludes_zero else 'white'
        )
    return _svg(picture)


def plot_layers(
    series: Mapping[str, Mapping[str, Spread]], layers: Sequence[str], figure: str = 'mAP'
) -> str:
    """Descriptor -> layer of the attributes -> figure: a line each, with standard deviations.

    Args:
        layers: their order.
    """
    picture = Figure((6, 3.4))
    axes = picture.subplots()
    shown = [layer for layer in layers if any(layer in points for points in series.values())]
    for number, (name, points) in enumerate(series.items()):
        places = [shown.index(layer) + 0.06 * number for layer in points]  # bars side by side
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
    axes.set_ylabel(f'{figure}, %')
    axes.legend(title='descriptor', frameon=False)
    axes.grid(axis='y', color='#e3e5e8')
    return _svg(picture)


def plot_curves(curves: Mapping[str, Sequence[Mapping[int, float]]], label: str) -> str:
    """Row -> one curve per seed, each row in a panel of its own with the scale of its loss."""
    picture, panels = _panels(len(curves), 2.1, 1.5)
    for axes, (name, seeds) in zip(panels, curves.items(), strict=False):
        for curve in seeds:
            axes.plot(list(curve), list(curve.values()), color=_OURS, lw=0.9, alpha=0.8)
        axes.set_title(name, fontsize=9)
    picture.supylabel(label, fontsize=9)
    picture.supxlabel('iteration', fontsize=9)
    return _svg(picture)


def plot_attributes(scores: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Row -> attribute -> 'accuracy' and 'majority' as fractions: dots against the floor."""
    names = list(dict.fromkeys(name for row in scores.values() for name in row))
    picture, panels = _panels(len(scores), 2.3, 0.4 + 0.17 * len(names), sharey=True)
    for axes, (row, of) in zip(panels, scores.items(), strict=False):
        for place, name in enumerate(names):
            if name in of:
                floor, value = 100 * of[name]['majority'], 100 * of[name]['accuracy']
                axes.plot([floor, value], [place, place], color=_FAINT, lw=1)
                axes.plot(floor, place, '|', color=_OTHER, ms=9, mew=2)
                axes.plot(value, place, 'o', color=_OURS, ms=4)
        axes.set_title(row, fontsize=9)
        axes.grid(axis='x', color='#e3e5e8')
        axes.set_yticks(range(len(names)), names)
    panels[0].invert_yaxis()  # which all panels share
    return _svg(picture)


def plot_confusions(confusions: Mapping[str, tuple[Sequence[str], np.ndarray]]) -> str:
    """Attribute -> classes and counts (c, c): the share of each true class (row) by prediction."""
    picture, panels = _panels(len(confusions), 2.3, 2.3)
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
    return _svg(picture)


def _axes_of(lines: Sequence[Line], names: Sequence[str], label: str) -> tuple[Figure, Axes]:
    """A place for each line, from the top, with its name and, if there are several, its target."""
    picture = Figure((8, 0.7 + 0.26 * len(lines)))
    axes = picture.subplots()
    if len({line.target for line in lines}) > 1:
        names = [f'{name} ({line.target})' for name, line in zip(names, lines, strict=True)]
    axes.set_yticks(range(len(lines)), names)
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.grid(axis='x', color='#e3e5e8')
    axes.set_axisbelow(True)
    return picture, axes


def _panels(
    count: int, width: float, height: float, sharey: bool = False
) -> tuple[Figure, list[Axes]]:
    columns = min(_COLUMNS, max(count, 1))
    rows = max(1, math.ceil(count / columns))
    picture = Figure((width * columns + 0.6, height * rows + 0.5))
    panels = list(picture.subplots(rows, columns, sharey=sharey, squeeze=False).flat)
    for axes in panels:
        axes.tick_params(labelsize=7)
    for axes in panels[count:]:
        axes.set_visible(False)
    return picture, panels


def _svg(picture: Figure) -> str:
    text = io.StringIO()
    # text stays text, and the same data gives the same file
    with mpl.rc_context({'svg.fonttype': 'none', 'svg.hashsalt': 'midattr'}):
        picture.set_layout_engine('constrained')
        picture.savefig(text, format='svg', metadata={'Date': None})
    return text.getvalue()[text.getvalue().index('<svg') :]
