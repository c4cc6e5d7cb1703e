"""What the finished runs of a suite say: one line per row, target and descriptor."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yacs.config import CfgNode

from midattr_plugin.compare.intervals import Difference, Spread, paired_difference, spread
from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.suite import Row, Suite
from midattr_plugin.compare.suite_file import METRICS

FIGURES = (*METRICS, 'mA')
"""Figures of a line, in percent; mA is that of the row, whatever the descriptor."""


@dataclass(frozen=True)
class Line:
    """Figures of one descriptor of one row on one target.

    Attributes:
        seeds: that are done.
        rendered: the target's images are not real.
        is_comparable: with published figures: trained and tested on the suite's dataset alone, as
            it is published, and its images are real.
        values: name -> figure of each seed, percent.
        figures: name -> spread over the seeds, percent.
        differences: name -> to the same descriptor of the baseline, or else to the descriptor
            that the baseline reports; over the seeds that both have.
        baseline_descriptor: which that is; '' without differences.
        published: name -> percent, on the suite's dataset.
        parameters, multiply_adds: of the model, and of the forward pass of an image.
    """

    row: Row
    target: str
    descriptor: str
    seeds: tuple[int, ...]
    rendered: bool
    is_comparable: bool
    values: dict[str, list[float]]
    figures: dict[str, Spread]
    differences: dict[str, Difference]
    baseline_descriptor: str
    published: dict[str, float]
    parameters: int | None
    multiply_adds: int | None

    @property
    def minus_published(self) -> dict[str, float]:
        """Ours minus the published figures, if they can be compared."""
        if not self.is_comparable:
            return {}
        return {
            name: self.figures[name].mean - value
            for name, value in self.published.items()
            if name in self.figures
        }


def summarize(suite: Suite, runs: Sequence[Run]) -> list[Line]:
    """The lines of all runs that are done, in the order of the rows."""
    results: dict[str, dict[int, dict]] = {row.name: {} for row in suite.rows}
    as_published = {}
    for run in runs:
        if run.is_done:
            results[run.row.name][run.seed] = run.results
            as_published[run.row.name] = _is_trained_as_published(run.cfg, suite.dataset)
    return [
        line
        for row in suite.rows
        if row.name in as_published
        for line in _lines(row, results, as_published[row.name], suite.dataset)
    ]


def kind_of_images(lines: Sequence[Line]) -> str:
    """'real images', 'rendered images' or both, for what shows several lines."""
    kinds = {'rendered' if line.rendered else 'real' for line in lines}
    return f'{" and ".join(sorted(kinds))} images'


def _lines(row: Row, results: dict, as_published: bool, dataset: str) -> Iterator[Line]:
    of_seed = results[row.name]
    any_of = next(iter(of_seed.values()))
    baseline = results.get(row.baseline, {})
    for target, descriptors in any_of['reid'].items():
        for descriptor in descriptors:
            by_seed = {
                seed: _figures(result, target, descriptor) for seed, result in of_seed.items()
            }
            values = {
                name: [figures[name] for figures in by_seed.values()]
                for name in next(iter(by_seed.values()))
            }
            rendered = any_of['rendered'][target]
            other = _counterpart(baseline, target, descriptor)
            differences = _differences(
                by_seed,
                {
                    seed: _figures(result, target, other)
                    for seed, result in baseline.items()
                    if other
                },
            )
            yield Line(
                row,
                target,
                descriptor,
                tuple(of_seed),
                rendered,
                as_published and not rendered and _is_of(target, dataset),
                values,
                {name: spread(of) for name, of in values.items()},
                differences,
                other if differences else '',
                dict(row.published.get(descriptor, {})),
                any_of.get('parameters'),
                any_of.get('multiply_adds'),
            )


def _is_of(target: str, dataset: str) -> bool:
    """Whether a dataset of torchreid, as market1501_attr, is the one of this name, Market-1501."""
    return target.removesuffix('_attr') == dataset.lower().replace('-', '')


def _is_trained_as_published(cfg: CfgNode, dataset: str) -> bool:
    """On its training images and no others, and tested without further distractors."""
    return (
        all(_is_of(source, dataset) for source in cfg.data.sources)
        and not cfg.data.combineall
        and not cfg.market1501.use_500k_distractors
    )


def _counterpart(baseline: dict[int, dict], target: str, descriptor: str) -> str:
    """The same descriptor of the baseline, or else the one that its model returns, the first."""
    for result in baseline.values():
        descriptors = result['reid'].get(target, {})
        return descriptor if descriptor in descriptors else next(iter(descriptors), '')
    return ''


def _figures(result: dict, target: str, descriptor: str) -> dict[str, float]:
    figures = {name: 100 * value for name, value in result['reid'][target][descriptor].items()}
    if target in result['attributes']:
        figures['mA'] = 100 * result['attributes'][target]['average']['mA']
    return figures


def _differences(values: dict[int, dict], baseline: dict[int, dict]) -> dict[str, Difference]:
    """Of the figures of each seed, over the seeds and figures that both have."""
    common = [seed for seed in values if seed in baseline]
    if not common:
        return {}
    return {
        name: paired_difference(
            [values[seed][name] for seed in common], [baseline[seed][name] for seed in common]
        )
        for name in values[common[0]]
        if name in baseline[common[0]]
    }


def results_csv(lines: Sequence[Line]) -> str:
    """All lines with all their figures in percent. It has no times: the same results give the
    same text.
    """
    text = io.StringIO()
    columns = ['row', 'label', 'target', 'images', 'descriptor', 'seeds']
    for name in FIGURES:
        columns += [f'{name} mean', f'{name} std', f'{name} of each seed']
    columns += ['baseline', 'baseline descriptor']
    for name in FIGURES:
        columns += [f'{name} difference', f'{name} low', f'{name} high']
    columns += [f'{name} published' for name in METRICS]
    columns += [f'{name} ours minus published' for name in METRICS]
    columns += ['parameters', 'multiply-adds']
    writer = csv.DictWriter(text, columns, lineterminator='\n')
    writer.writeheader()
    for line in lines:
        cells = {
            'row': line.row.name,
            'label': line.row.label,
            'target': line.target,
            'images': 'rendered' if line.rendered else 'real',
            'descriptor': line.descriptor,
            'seeds': ' '.join(map(str, line.seeds)),
            'baseline': line.row.baseline,
            'baseline descriptor': line.baseline_descriptor,
            'parameters': line.parameters,
            'multiply-adds': line.multiply_adds,
        }
        for name, value in line.figures.items():
            cells |= {
                f'{name} mean': _number(value.mean),
                f'{name} std': _number(value.std),
                f'{name} of each seed': ' '.join(map(_number, line.values[name])),
            }
        for name, value in line.differences.items():
            cells |= {
                f'{name} difference': _number(value.mean),
                f'{name} low': _number(value.low),
                f'{name} high': _number(value.high),
            }
        for name, value in line.published.items():
            cells[f'{name} published'] = _number(value)
        for name, value in line.minus_published.items():
            cells[f'{name} ours minus published'] = _number(value)
        writer.writerow(cells)
    return text.getvalue()


def _number(value: float | None) -> str:
    return '' if value is None else f'{value:.4f}'
