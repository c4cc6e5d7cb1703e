"""Tables of a report: scores, differences, published scores, cost, and what rows have learned."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from midattr_plugin.compare.curves import TIME, CurvesByRun
from midattr_plugin.compare.intervals import Difference, Spread, paired_difference
from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.suite import Suite
from midattr_plugin.compare.summary import ROW_SCORES, ResultRow, kind_of_images, starts
from midattr_plugin.engine.results import REID_SCORES

FUSED = 'fused'
_MAIN_SCORES = ('rank-1', 'mAP')


@dataclass(frozen=True)
class Table:
    """A heading and cells, for Markdown and HTML."""

    title: str
    head: list[str]
    rows: list[list[str]]


def report_tables(
    suite: Suite, result_rows: Sequence[ResultRow], curves: CurvesByRun
) -> Iterator[Table]:
    """Yield the tables of scores, differences, published scores and cost; none is empty."""
    targets = list(dict.fromkeys(result_row.target for result_row in result_rows))
    for target in targets:
        yield from _tables_of_target(
            [result_row for result_row in result_rows if result_row.target == target],
            f'{target}, ' if len(targets) > 1 else '',
        )
    yield from _published_table(suite, result_rows)
    if result_rows:
        yield _cost_table(result_rows, curves)


def _tables_of_target(result_rows: Sequence[ResultRow], target: str) -> Iterator[Table]:
    """Yield scores and differences; ``target`` is for the headings."""
    data = target + kind_of_images(result_rows)
    names = [name for name in ROW_SCORES if any(name in item.scores for item in result_rows)]
    yield Table(
        f'Results ({data})',
        ['row', 'description', 'descriptor', *names, 'seeds'],
        [
            [
                *_names(result_row),
                *(_spread(result_row.scores.get(name)) for name in names),
                str(len(result_row.seeds)),
            ]
            for result_row in result_rows
        ],
    )
    compared = [result_row for result_row in result_rows if result_row.differences]
    if compared:
        names = [
            name
            for name in (*_MAIN_SCORES, 'balanced_accuracy')
            if any(name in item.differences for item in compared)
        ]
        yield Table(
            f'Difference from the baseline with the same code, data and seeds ({data})',
            ['row', 'description', 'descriptor', 'baseline', *names],
            [
                [
                    *_names(result_row),
                    f'{result_row.row.baseline}, {result_row.baseline_descriptor}',
                    *(_difference(result_row.differences.get(name)) for name in names),
                ]
                for result_row in compared
            ],
        )
    gains = [
        [*_names(branch), *(_difference(by_score[name]) for name in _MAIN_SCORES)]
        for _, branch, by_score in fusion_gains(result_rows)
    ]
    if gains:
        yield Table(
            f'Gain of the fused descriptor over one branch of the same model ({data})',
            ['row', 'description', 'branch', *_MAIN_SCORES],
            gains,
        )


def fusion_gains(
    result_rows: Sequence[ResultRow],
) -> Iterator[tuple[ResultRow, ResultRow, dict[str, Difference]]]:
    """Yield what fusing the branches gains over each of them in the same model (section 3.5).

    Yields:
        The result row of the fused descriptor, that of a branch, and by score the first minus the
        second, paired by seed, in percentage points.
    """
    for fused in (result_row for result_row in result_rows if result_row.descriptor == FUSED):
        for branch in result_rows:
            if (branch.row, branch.target) == (fused.row, fused.target) and branch is not fused:
                gains = {
                    name: paired_difference(fused.values[name], branch.values[name])
                    for name in _MAIN_SCORES
                }
                yield fused, branch, gains


def _published_table(suite: Suite, result_rows: Sequence[ResultRow]) -> Iterator[Table]:
    """Yield the published scores, each once, and our distance to them where it can be told."""
    shown = {  # of several targets the one on which they can be compared, if there is one
        (result_row.row.name, result_row.descriptor): result_row
        for result_row in sorted(result_rows, key=lambda result_row: result_row.is_comparable)
        if result_row.published
    }
    ours = [
        _published(result_row)
        for result_row in result_rows
        if shown.get((result_row.row.name, result_row.descriptor)) is result_row
    ]
    reported = [
        ['reported', row['name'], '', *(_plain(row.get(name)) for name in REID_SCORES), '', '']
        for row in suite.reported
    ]
    if ours or reported:
        yield Table(
            f'Published scores on {suite.dataset} (real images)',
            [
                'row',
                'description',
                'descriptor',
                *REID_SCORES,
                *(f'ours minus published: {name}' for name in _MAIN_SCORES),
            ],
            ours + reported,
        )


def _published(result_row: ResultRow) -> list[str]:
    return [
        *_names(result_row),
        *(_plain(result_row.published.get(name)) for name in REID_SCORES),
        *(
            _signed(result_row.minus_published.get(name))
            if result_row.is_comparable
            else 'not comparable'
            for name in _MAIN_SCORES
        ),
    ]


def _cost_table(result_rows: Sequence[ResultRow], curves: CurvesByRun) -> Table:
    """Return size, speed and start of each row; the start where it is known of any."""
    rates: dict[str, list[float]] = {}
    for run, by_tag in curves.items():
        if by_tag[TIME]:
            rates.setdefault(run.row.name, []).append(
                run.cfg.train.batch_size / median(by_tag[TIME].values())
            )
    head = [
        'row',
        'description',
        'parameters',
        'multiply-adds per image',
        'training, images/s (other runs may have run beside it)',
    ]
    first = {result_row.row.name: result_row for result_row in reversed(result_rows)}
    rows = [
        [
            name,
            result_row.row.label,
            '' if result_row.parameters is None else f'{result_row.parameters:,}',
            '' if result_row.multiply_adds is None else f'{result_row.multiply_adds / 1e9:.3f} G',
            f'{median(rates[name]):.1f}' if name in rates else '',
        ]
        for name, result_row in reversed(first.items())
    ]
    if any(starts(result_rows)):
        head.append('started from')
        rows = [[*row, first[row[0]].started_from] for row in rows]
    return Table('Cost', head, rows)


def learned_tables(runs: Iterable[Run]) -> Iterator[Table]:
    """Yield the weights of layers and of losses that rows have learned, averaged over the seeds."""
    layer_weights = _extra_by_row(runs, 'layer_weights')
    task_weights = _extra_by_row(runs, 'task_weights')
    for row, seeds in layer_weights.items():
        layers = list(next(iter(seeds[0].values())))
        yield Table(
            f'Learned mixture of layers: {row}',
            ['attribute', *layers],
            [
                [
                    attribute,
                    *(_mean(weights[attribute][layer] for weights in seeds) for layer in layers),
                ]
                for attribute in seeds[0]
            ],
        )
    if task_weights:
        losses = dict.fromkeys(loss for seeds in task_weights.values() for loss in seeds[0])
        yield Table(
            'Learned factors of the losses (initially 1)',
            ['loss', *task_weights],
            [
                [
                    loss,
                    *(
                        _mean(factors[loss] for factors in seeds) if loss in seeds[0] else ''
                        for seeds in task_weights.values()
                    ),
                ]
                for loss in losses
            ],
        )


def floor_tables(runs: Iterable[Run]) -> Iterator[Table]:
    """Yield the attributes whose scores show nothing learned, with the seeds; nothing if none."""
    seeds: dict[tuple[str, str, str, str], list[str]] = {}
    for run in runs:
        if run.is_done:
            for target, reasons in run.results.at_floor.items():
                for attribute, reason in reasons.items():
                    cells = run.row.name, target, attribute, reason
                    seeds.setdefault(cells, []).append(str(run.seed))
    if seeds:
        yield Table(
            'Attributes at or below their floor: their scores show nothing learned',
            ['row', 'target', 'attribute', 'reason', 'seeds'],
            [[*cells, ' '.join(numbers)] for cells, numbers in seeds.items()],
        )


def _extra_by_row(runs: Iterable[Run], name: str) -> Mapping[str, Sequence[dict]]:
    """Return row -> the further measurement ``name`` of each finished seed that has it."""
    found: dict[str, list[dict]] = {}
    for run in runs:
        if run.is_done and name in run.results.extra:
            found.setdefault(run.row.name, []).append(run.results.extra[name])
    return found


def _names(result_row: ResultRow) -> list[str]:
    return [result_row.row.name, result_row.row.label, result_row.descriptor]


def _mean(values: Iterable[float]) -> str:
    return f'{np.mean(list(values)):.3f}'


def _spread(value: Spread | None) -> str:
    if value is None:
        return ''
    return f'{value.mean:.1f}' + ('' if value.std is None else f' ± {value.std:.1f}')


def _difference(value: Difference | None) -> str:
    if value is None:
        return ''
    interval = '' if value.low is None else f' [{value.low:+.1f}, {value.high:+.1f}]'
    return f'{value.mean:+.1f}{interval}' + (' *' if value.excludes_zero else '')


def _plain(value: float | None) -> str:
    return '' if value is None else f'{value:.2f}'


def _signed(value: float | None) -> str:
    return '' if value is None else f'{value:+.1f}'
