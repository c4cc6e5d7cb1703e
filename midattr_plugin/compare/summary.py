"""Summary of the finished runs of a suite: a result row per row, target and descriptor."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from midattr_plugin.compare.intervals import Difference, Spread, spread
from midattr_plugin.compare.measured import Measured
from midattr_plugin.compare.plan import Run, is_from_start
from midattr_plugin.compare.publication import deviation, is_dataset
from midattr_plugin.compare.query_differences import ZHENG_MAP
from midattr_plugin.compare.suite import START, Row, Suite
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
        planned_seeds: all seeds of the suite.
        rendered: whether the target's images are rendered, not real.
        not_comparable: why the scores cannot be compared with published ones, as a clause; '' if
            they can.
        measured: the scores of each seed and query.
        differences: score -> paired difference from the baseline, over the seeds that both have.
        baseline_descriptor: the descriptor of the baseline in ``differences``: the same one or,
            where there is none, the one that the baseline's model returns; '' without differences.
        published: score -> value published for the suite's dataset.
        parameters: number of weights of the model.
        multiply_adds: of the forward pass of one image.
        started_from: what the training started from, as in the results, or 'start'; '' if unknown.
    """

    row: Row
    target: str
    descriptor: str
    planned_seeds: tuple[int, ...]
    rendered: bool
    not_comparable: str
    measured: Measured
    differences: dict[str, Difference]
    baseline_descriptor: str
    published: dict[str, float]
    parameters: int | None
    multiply_adds: int | None
    started_from: str

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the finished runs."""
        return tuple(self.measured.scores)

    @cached_property
    def values(self) -> dict[str, list[float]]:
        """Score -> value of each seed."""
        by_seed = list(self.measured.scores.values())
        return {name: [scores[name] for scores in by_seed] for name in by_seed[0]}

    @cached_property
    def scores(self) -> dict[str, Spread]:
        """Score -> spread over the seeds."""
        return {name: spread(values) for name, values in self.values.items()}

    @property
    def is_comparable(self) -> bool:
        """Whether the scores can be compared with published ones."""
        return not self.not_comparable

    @property
    def minus_published(self) -> dict[str, float]:
        """Our scores minus the published ones; empty if they cannot be compared.

        A published mAP is that of Zheng et al.'s code, and so is ours here.
        """
        if not self.is_comparable:
            return {}
        ours = {name: ZHENG_MAP if name == 'mAP' else name for name in self.published}
        return {
            name: self.scores[ours[name]].mean - value
            for name, value in self.published.items()
            if ours[name] in self.scores
        }


def summarize(suite: Suite, runs: Sequence[Run]) -> list[ResultRow]:
    """Return the result rows of all finished runs, in the order of the suite's rows."""
    finished: dict[str, dict[int, Run]] = {row.name: {} for row in suite.rows}
    for run in runs:
        if run.is_done:
            finished[run.row.name][run.seed] = run
    for name, by_seed in finished.items():
        _check_same_scores(name, {seed: run.results for seed, run in by_seed.items()})
    planned = tuple(dict.fromkeys(run.seed for run in runs))
    return [
        result_row
        for row in suite.rows
        if finished[row.name]
        for result_row in _result_rows(row, finished, planned, suite.dataset)
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
    row: Row, finished: Mapping[str, Mapping[int, Run]], planned: tuple[int, ...], dataset: str
) -> Iterator[ResultRow]:
    runs = finished[row.name]
    one_run = next(iter(runs.values()))
    first = one_run.results
    deviates = deviation(row, one_run.cfg, dataset)
    baseline = finished.get(row.baseline, {})
    for target, descriptors in first.reid.items():
        rendered = first.rendered[target]
        not_comparable = _not_comparable(target, rendered, dataset) or deviates
        for descriptor in descriptors:
            measured = _measured(runs, target, descriptor)
            counterpart = _counterpart(baseline, target, descriptor)
            differences = (
                measured.minus(_measured(baseline, target, counterpart)) if counterpart else {}
            )
            yield ResultRow(
                row,
                target,
                descriptor,
                planned,
                rendered,
                not_comparable,
                measured,
                differences,
                counterpart if differences else '',
                dict(row.published.get(descriptor, {})),
                first.parameters,
                first.multiply_adds,
                START if is_from_start(one_run.cfg) else first.started_from or '',
            )


def _not_comparable(target: str, rendered: bool, dataset: str) -> str:
    if rendered:
        return 'the images are rendered'
    if not is_dataset(target, dataset):
        return f'tested on {target}, not on {dataset or "a dataset that the suite names"}'
    return ''


def _counterpart(baseline: Mapping[int, Run], target: str, descriptor: str) -> str:
    """Return the same descriptor of the baseline, or else its first, which its model returns."""
    for run in baseline.values():
        descriptors = run.results.reid.get(target, {})
        return descriptor if descriptor in descriptors else next(iter(descriptors), '')
    return ''


def _measured(runs: Mapping[int, Run], target: str, descriptor: str) -> Measured:
    name = next(iter(runs.values())).row.name
    return Measured(
        f'row "{name}", {descriptor}',
        {seed: _scores(run.results, target, descriptor) for seed, run in runs.items()},
        {
            seed: run.query_scores[target, descriptor]
            for seed, run in runs.items()
            if (target, descriptor) in run.query_scores
        },
    )


def _scores(result: Results, target: str, descriptor: str) -> dict[str, float]:
    scores = {name: 100 * value for name, value in result.reid[target][descriptor].items()}
    balanced_accuracy = result.mean_balanced_accuracy(target)
    if balanced_accuracy is not None:
        scores['balanced_accuracy'] = 100 * balanced_accuracy
    return scores
