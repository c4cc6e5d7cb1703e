"""The table of published scores, and our distance from them where it can be told."""

from collections.abc import Iterator, Sequence

from midattr_plugin.compare.query_differences import ZHENG_MAP
from midattr_plugin.compare.suite import Suite
from midattr_plugin.compare.suite_file import PUBLISHED_SCORES
from midattr_plugin.compare.summary import ResultRow
from midattr_plugin.compare.table_cells import Table, plain_cell, row_cells, signed_cell

_DISTANCES = ('rank-1', 'mAP')


def published_table(suite: Suite, result_rows: Sequence[ResultRow]) -> Iterator[Table]:
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
        ['reported', row['name'], '', *(plain_cell(row.get(name)) for name in PUBLISHED_SCORES)]
        + [''] * (len(_DISTANCES) + 1)
        for row in suite.reported
    ]
    if ours or reported:
        yield Table(
            f'Published scores on {suite.dataset} (real images)',
            [
                'row',
                'description',
                'descriptor',
                *(f'published {name}' for name in PUBLISHED_SCORES),
                *(
                    f'ours minus published: {name}'
                    + (f' (ours: {ZHENG_MAP})' if name == 'mAP' else '')
                    for name in _DISTANCES
                ),
                'why not',
            ],
            ours + reported,
        )


def _published(result_row: ResultRow) -> list[str]:
    minus, why_not = result_row.minus_published, result_row.not_comparable
    if not why_not and 'mAP' in result_row.published and 'mAP' not in minus:
        why_not = f'the results have no {ZHENG_MAP}'
    return [
        *row_cells(result_row),
        *(plain_cell(result_row.published.get(name)) for name in PUBLISHED_SCORES),
        *(
            'not comparable' if why_not and name not in minus else signed_cell(minus.get(name))
            for name in _DISTANCES
        ),
        why_not,
    ]
