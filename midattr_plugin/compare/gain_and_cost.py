"""What each row gains over its baseline, beside what it costs: is it worth it?"""

from collections.abc import Iterator, Mapping, Sequence

from midattr_plugin.compare.curves import CurvesByRun, rates_of_rows
from midattr_plugin.compare.intervals import MIN_PAIRS, Difference
from midattr_plugin.compare.summary import ResultRow, kind_of_images
from midattr_plugin.compare.table_cells import Table, difference_cell, spread_cell

HIGHER, LOWER, WITHIN = 'higher', 'lower', 'not told apart'
UNTESTED = 'too few seeds'
_SCORE = 'mAP'
_HEAD = [
    *('row', 'description', 'baseline', 'mAP of the baseline', 'mAP', 'difference'),
    *('beyond its interval', 'parameters', 'multiply-adds per forward pass'),
    'extraction, images/s',
]


def gain_and_cost_tables(result_rows: Sequence[ResultRow], curves: CurvesByRun) -> Iterator[Table]:
    """Yield for each target the mAP of rows with a baseline, and both costs; none is empty."""
    rates = rates_of_rows(curves)
    first = {item.row.name: item for item in reversed(result_rows)}
    by_target = _compared(result_rows)
    for target, compared in by_target.items():
        several = f'{target}, ' if len(by_target) > 1 else ''
        rows = []
        for ours in compared:
            theirs = first[ours.row.baseline or '']
            [baseline] = [
                item.scores.get(_SCORE)
                for item in result_rows
                if (item.row, item.target, item.descriptor)
                == (theirs.row, target, ours.baseline_descriptor)
            ]
            difference = ours.differences[_SCORE]
            rows.append(
                [
                    *(ours.row.name, ours.row.label, theirs.row.name),
                    *(spread_cell(baseline), spread_cell(ours.scores.get(_SCORE))),
                    *(difference_cell(difference), side_of(difference)),
                    _cost_cell(ours.parameters, theirs.parameters, 1e6, 2, ' M'),
                    _cost_cell(ours.multiply_adds, theirs.multiply_adds, 1e9, 3, ' G'),
                    _cost_cell(rates.get(ours.row.name), rates.get(theirs.row.name), 1, 0, ''),
                ]
            )
        yield Table(f'Gain and cost ({several}{kind_of_images(compared)})', _HEAD, rows)


def gain_facts(result_rows: Sequence[ResultRow]) -> list[str]:
    """Return for each target how many rows are told apart from their baselines, and which."""
    facts = []
    by_target = _compared(result_rows)
    for target, compared in by_target.items():
        names: dict[str, list[str]] = {HIGHER: [], LOWER: [], WITHIN: []}
        for item in compared:
            names.setdefault(side_of(item.differences[_SCORE]), []).append(item.row.name)
        counts = '; '.join(
            f'{side}: {len(rows)} of {len(compared)}' + (f' ({", ".join(rows)})' if rows else '')
            for side, rows in names.items()
        )
        where = f' on {target}' if len(by_target) > 1 else ''
        facts.append(
            f'mAP of the rows{where} beside that of their baselines, by the interval of each by '
            f'itself: {counts}.'
        )
    return facts


def side_of(difference: Difference) -> str:
    """Return on which side of 0 the interval of a difference lies; within if it contains 0.

    Seeds that do not differ tell nothing apart.
    """
    if len(difference.seeds) < MIN_PAIRS:
        return UNTESTED
    if difference.obstacle or difference.low is None or difference.high is None:
        return WITHIN
    if difference.low > 0:
        return HIGHER
    return LOWER if difference.high < 0 else WITHIN


def _compared(result_rows: Sequence[ResultRow]) -> Mapping[str, list[ResultRow]]:
    """Return by target the descriptors that models return, of rows compared with a baseline."""
    by_target: dict[str, dict[str, ResultRow]] = {}
    for item in result_rows:  # the model's own descriptor comes first
        by_target.setdefault(item.target, {}).setdefault(item.row.name, item)
    compared = {
        target: [item for item in items.values() if _SCORE in item.differences]
        for target, items in by_target.items()
    }
    return {target: items for target, items in compared.items() if items}


def _cost_cell(
    ours: float | None, theirs: float | None, unit: float, digits: int, name: str
) -> str:
    """Return a cost, and what it is times that of the baseline; '' if it is not known."""
    if ours is None:
        return ''
    cell = f'{ours / unit:,.{digits}f}{name}'
    return f'{cell} ({ours / theirs:.2f}x)' if theirs else cell
