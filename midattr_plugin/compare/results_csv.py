"""The result rows of a suite as CSV, with all their scores."""

import csv
import io
from collections.abc import Mapping, Sequence

from midattr_plugin.compare.intervals import SEEDS, Difference
from midattr_plugin.compare.query_differences import QUERY_SCORES
from midattr_plugin.compare.suite_file import PUBLISHED_SCORES
from midattr_plugin.compare.summary import ROW_SCORES, ResultRow


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
    columns += ['pairs', 'intervals cover']
    columns += [f'{name} published' for name in PUBLISHED_SCORES]
    columns += [f'{name} ours minus published' for name in PUBLISHED_SCORES]
    columns += ['not comparable']
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
        if result_row.differences:
            cells |= {
                'pairs': len(next(iter(result_row.differences.values())).seeds),
                'intervals cover': _covered(result_row.differences),
            }
        if result_row.published:
            cells['not comparable'] = result_row.not_comparable
        for name, value in result_row.published.items():
            cells[f'{name} published'] = _number(value)
        for name, value in result_row.minus_published.items():
            cells[f'{name} ours minus published'] = _number(value)
        writer.writerow(cells)
    return text.getvalue()


def _covered(differences: Mapping[str, Difference]) -> str:
    """Return what the intervals of the scores over queries cover; the others cover seeds."""
    return next((differences[name].covers for name in QUERY_SCORES if name in differences), SEEDS)


def _number(value: float | None) -> str:
    return '' if value is None else f'{value:.4f}'
