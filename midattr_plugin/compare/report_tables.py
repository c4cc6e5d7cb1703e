"""Tables of a report: scores, differences, published scores, cost, and what rows have learned."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

import numpy as np

from midattr_plugin.compare.curves import TIME, CurvesByRun, rates_of_rows
from midattr_plugin.compare.intervals import Difference
from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.published_table import published_table
from midattr_plugin.compare.suite import Row, Suite
from midattr_plugin.compare.summary import ROW_SCORES, ResultRow, kind_of_images, starts
from midattr_plugin.compare.table_cells import (
    Table,
    difference_cell,
    row_cells,
    seeds_cell,
    spread_cell,
)

FUSED = 'fused'
_MAIN_SCORES = ('rank-1', 'mAP')


def report_tables(
    suite: Suite, result_rows: Sequence[ResultRow], curves: CurvesByRun
) -> Iterator[Table]:
    """Yield the tables of scores, differences, published scores and cost; none is empty."""
    targets = list(dict.fromkeys(result_row.target for result_row in result_rows))
    for target in targets:
        yield from _tables_of_target(
            suite.rows,
            [result_row for result_row in result_rows if result_row.target == target],
            f'{target}, ' if len(targets) > 1 else '',
        )
    yield from published_table(suite, result_rows)
    if result_rows:
        yield _cost_table(result_rows, curves)


def _tables_of_target(
    rows: Sequence[Row], result_rows: Sequence[ResultRow], target: str
) -> Iterator[Table]:
    """Yield scores and differences; ``target`` is for the headings."""
    data = target + kind_of_images(result_rows)
    planned = result_rows[0].planned_seeds
    names = [name for name in ROW_SCORES if any(name in item.scores for item in result_rows)]
    yield Table(
        f'Results ({data})',
        ['row', 'description', 'descriptor', *names, 'seeds'],
        [
            [
                *row_cells(result_row),
                *(spread_cell(result_row.scores.get(name)) for name in names),
                seeds_cell(result_row.seeds, planned),
            ]
            for result_row in result_rows
        ]
        + [
            [row.name, row.label, '', *[''] * len(names), seeds_cell((), planned)]
            for row in rows
            if row.name not in {result_row.row.name for result_row in result_rows}
        ],
    )
    compared = [result_row for result_row in result_rows if result_row.row.baseline]
    names = [
        name
        for name in (*_MAIN_SCORES, 'balanced_accuracy')
        if any(name in item.differences for item in compared)
    ]
    if names:
        yield Table(
            f'Difference from the baseline with the same code, data and seeds ({data})',
            ['row', 'description', 'descriptor', 'baseline', *names, 'pairs', 'intervals cover'],
            [
                [
                    *row_cells(result_row),
                    ', '.join(
                        name
                        for name in (result_row.row.baseline, result_row.baseline_descriptor)
                        if name
                    ),
                    *(difference_cell(result_row.differences.get(name)) for name in names),
                    *_pairs(result_row.differences, planned),
                ]
                for result_row in compared
            ],
        )
    gains = [
        [
            *row_cells(branch),
            *(difference_cell(by_score.get(name)) for name in _MAIN_SCORES),
            *_pairs(by_score, planned),
        ]
        for _, branch, by_score in fusion_gains(result_rows)
    ]
    if gains:
        yield Table(
            f'Gain of the fused descriptor over one branch of the same model ({data})',
            ['row', 'description', 'branch', *_MAIN_SCORES, 'pairs', 'intervals cover'],
            gains,
        )


def _pairs(differences: Mapping[str, Difference], planned: Sequence[int]) -> list[str]:
    """Return the number of pairs, and what the interval of the mAP covers."""
    if 'mAP' not in differences:
        return [seeds_cell((), planned), '']
    return [seeds_cell(differences['mAP'].seeds, planned), differences['mAP'].covers]


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
                yield fused, branch, fused.measured.minus(branch.measured)


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
        'multiply-adds per forward pass',
        'training, images/s (other runs may have run beside it)',
        'extraction, images/s (likewise)',
    ]
    extraction = rates_of_rows(curves)
    first = {result_row.row.name: result_row for result_row in reversed(result_rows)}
    rows = [
        [
            name,
            result_row.row.label,
            '' if result_row.parameters is None else f'{result_row.parameters:,}',
            '' if result_row.multiply_adds is None else f'{result_row.multiply_adds / 1e9:.3f} G',
            f'{median(rates[name]):.1f}' if name in rates else '',
            f'{extraction[name]:.1f}' if name in extraction else '',
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


def _mean(values: Iterable[float]) -> str:
    return f'{np.mean(list(values)):.3f}'
