"""Summary of the finished runs of a suite: a result row per row, target and descriptor."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from yacs.config import CfgNode

from midattr_plugin.compare.intervals import Difference, Spread, paired_difference, spread
from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.suite import Row, Suite
from midattr_plugin.engine.results import REID_SCORES, Results
from midattr_plugin.errors import InputError

ROW_SCORES = (*REID_SCORES, 'balanced_accuracy')
"""Scores of a result row, in percent. All descriptors of a row and target share the last one."""

ResultsBySeed = Mapping[int, Results]


@dataclass(frozen=True)
class ResultRow:
    """Scores of one row of a suite on one target with one descriptor, all in percent.

    Attributes:
        row: the row of the suite.
        target: dataset of the test.
        descriptor: 'fused', 'global', 'local', ...
        seeds: seeds of the finished runs.
        rendered: whether the target's images are rendered, not real.
        is_comparable: whether the scores can be compared with published ones: trained and tested
            on the suite's dataset alone, as it is published, and its images are real.
        values: score -> value of each seed.
        scores: score -> spread over the seeds.
        differences: score -> paired difference from the baseline, over the seeds that both have.
        baseline_descriptor: the descriptor of the baseline in ``differences``: the same one or,
            where there is none, the one that the baseline's model returns; '' without differences.
        published: score -> value published for the suite's dataset.
        parameters: number of weights of the model.
        multiply_adds: of the forward pass of one image.
        started_from: what the training started from, as in the results; '' if that is not known.
    """

    row: Row
    target: str
    descriptor: str
    seeds: tuple[int, ...]
    rendered: bool
    is_comparable: bool
    values: dict[str, list[float]]
    scores: dict[str, Spread]
    differences: dict[str, Difference]
    baseline_descriptor: str
    published: dict[str, float]
    parameters: int | None
    multiply_adds: int | None
    started_from: str

    @property
    def minus_published(self) -> dict[str, float]:
        """Our scores minus the published ones; empty if they cannot be compared."""
        if not self.is_comparable:
            return {}
        return {
            name: self.scores[name].mean - value
            for name, value in self.published.items()
            if name in self.scores
        }


def summarize(suite: Suite, runs: Sequence[Run]) -> list[ResultRow]:
    """Return the result rows of all finished runs, in the order of the suite's rows."""
    results: dict[str, dict[int, Results]] = {row.name: {} for row in suite.rows}
    as_published: dict[str, bool] = {}
    for run in runs:
        if run.is_done:
            results[run.row.name][run.seed] = run.results
            as_published[run.row.name] = _is_trained_as_published(run.cfg, suite.dataset)
    for name, by_seed in results.items():
        _check_same_scores(name, by_seed)
    return [
        result_row
        for row in suite.rows
        if row.name in as_published
        for result_row in _result_rows(row, results, as_published[row.name], suite.dataset)
    ]


def _check_same_scores(name: str, results: ResultsBySeed) -> None:
    """Check that the seeds of a row have the same targets, descriptors and scores.

    Raises:
        InputError: one of them has others.
    """
    found = {
        seed: (
            {
                target: {descriptor: list(scores) for descriptor, scores in descriptors.items()}
                for target, descriptors in result.reid.items()
            },
            list(result.attributes),
            set(result.reid) - set(result.rendered),
        )
        for seed, result in results.items()
    }
    for seed, scores in found.items():
        if scores[-1] or scores != next(iter(found.values())):
            raise InputError(
                f'row "{name}": the results of seed {seed} hold other scores than those of the '
                f'other seeds, or not all; remove done.json in the folder of seed {seed}, and run '
                'the suite again'
            )


def kind_of_images(result_rows: Sequence[ResultRow]) -> str:
    """Return 'real images', 'rendered images' or 'real and rendered images'."""
    kinds = {'rendered' if result_row.rendered else 'real' for result_row in result_rows}
    return f'{" and ".join(sorted(kinds))} images'


def starts(result_rows: Sequence[ResultRow]) -> dict[str, list[str]]:
    """Return what the rows started from -> their names, in the order of the rows."""
    names: dict[str, list[str]] = {}
    for result_row in result_rows:
        rows = names.setdefault(result_row.started_from, [])
        if result_row.row.name not in rows:
            rows.append(result_row.row.name)
    return names


def _result_rows(
    row: Row, results: Mapping[str, ResultsBySeed], as_published: bool, dataset: str
) -> Iterator[ResultRow]:
    own_results = results[row.name]
    first = next(iter(own_results.values()))
    baseline = results.get(row.baseline, {})
    for target, descriptors in first.reid.items():
        rendered = first.rendered[target]
        for descriptor in descriptors:
            scores = _scores_by_seed(own_results, target, descriptor)
            values = {
                name: [seed_scores[name] for seed_scores in scores.values()]
                for name in next(iter(scores.values()))
            }
            counterpart = _counterpart(baseline, target, descriptor)
            differences = _differences(
                scores, _scores_by_seed(baseline, target, counterpart) if counterpart else {}
            )
            yield ResultRow(
                row,
                target,
                descriptor,
                tuple(own_results),
                rendered,
                as_published and not rendered and _is_dataset(target, dataset),
                values,
                {name: spread(seed_values) for name, seed_values in values.items()},
                differences,
                counterpart if differences else '',
                dict(row.published.get(descriptor, {})),
                first.parameters,
                first.multiply_adds,
                first.started_from or '',
            )


def _is_dataset(name: str, dataset: str) -> bool:
    """Return whether torchreid's ``name``, e.g. market1501_attr, is ``dataset``, Market-1501."""
    return name.removesuffix('_attr') == dataset.lower().replace('-', '')


def _is_trained_as_published(cfg: CfgNode, dataset: str) -> bool:
    """Return whether it trains on the training images alone and tests without more distractors."""
    return (
        all(_is_dataset(source, dataset) for source in cfg.data.sources)
        and not cfg.data.combineall
        and not cfg.market1501.use_500k_distractors
    )


def _counterpart(baseline: ResultsBySeed, target: str, descriptor: str) -> str:
    """Return the same descriptor of the baseline, or else its first, which its model returns."""
    for result in baseline.values():
        descriptors = result.reid.get(target, {})
        return descriptor if descriptor in descriptors else next(iter(descriptors), '')
    return ''


def _scores_by_seed(
    results: ResultsBySeed, target: str, descriptor: str
) -> dict[int, dict[str, float]]:
    return {seed: _scores(result, target, descriptor) for seed, result in results.items()}


def _scores(result: Results, target: str, descriptor: str) -> dict[str, float]:
    scores = {name: 100 * value for name, value in result.reid[target][descriptor].items()}
    balanced_accuracy = result.mean_balanced_accuracy(target)
    if balanced_accuracy is not None:
        scores['balanced_accuracy'] = 100 * balanced_accuracy
    return scores


def _differences(
    scores: Mapping[int, Mapping[str, float]], baseline: Mapping[int, Mapping[str, float]]
) -> dict[str, Difference]:
    """Return the difference in each score, over the seeds that both have."""
    common = [seed for seed in scores if seed in baseline]
    if not common:
        return {}
    return {
        name: paired_difference(
            [scores[seed][name] for seed in common], [baseline[seed][name] for seed in common]
        )
        for name in scores[common[0]]
        if name in baseline[common[0]]
    }


def results_csv(result_rows: Sequence[ResultRow]) -> str:
    """Return all result rows with all their scores, as CSV.

    It holds no times, so the same results give the same text.
    """
    text = io.StringIO()
    columns = ['row', 'label', 'target', 'images', 'descriptor', 'seeds']
    for name in ROW_SCORES:
        columns += [f'{name} mean', f'{name} std', f'{name} of each seed']
    columns += ['baseline', 'baseline descriptor']
    for name in ROW_SCORES:
        columns += [f'{name} difference', f'{name} low', f'{name} high']
    columns += [f'{name} published' for name in REID_SCORES]
    columns += [f'{name} ours minus published' for name in REID_SCORES]
    columns += ['parameters', 'multiply-adds', 'started from']
    writer = csv.DictWriter(text, columns, lineterminator='\n')
    writer.writeheader()
    for result_row in result_rows:
        cells = {
            'row': result_row.row.name,
            'label': result_row.row.label,
            'target': result_row.target,
            'images': 'rendered' if result_row.rendered else 'real',
            'descriptor': result_row.descriptor,
            'seeds': ' '.join(map(str, result_row.seeds)),
            'baseline': result_row.row.baseline,
            'baseline descriptor': result_row.baseline_descriptor,
            'parameters': result_row.parameters,
            'multiply-adds': result_row.multiply_adds,
            'started from': result_row.started_from,
        }
        for name, score in result_row.scores.items():
            cells |= {
                f'{name} mean': _number(score.mean),
                f'{name} std': _number(score.std),
                f'{name} of each seed': ' '.join(map(_number, result_row.values[name])),
            }
        for name, difference in result_row.differences.items():
            cells |= {
                f'{name} difference': _number(difference.mean),
                f'{name} low': _number(difference.low),
                f'{name} high': _number(difference.high),
            }
        for name, value in result_row.published.items():
            cells[f'{name} published'] = _number(value)
        for name, value in result_row.minus_published.items():
            cells[f'{name} ours minus published'] = _number(value)
        writer.writerow(cells)
    return text.getvalue()


def _number(value: float | None) -> str:
    return '' if value is None else f'{value:.4f}'
