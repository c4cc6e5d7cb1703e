"""A table of a report, and how scores are written in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from midattr_plugin.compare.intervals import Difference, Spread
from midattr_plugin.compare.summary import ResultRow


@dataclass(frozen=True)
class Table:
    """A heading and cells, for Markdown and HTML."""

    title: str
    head: list[str]
    rows: list[list[str]]


def row_cells(result_row: ResultRow) -> list[str]:
    """Return row, description and descriptor."""
    return [result_row.row.name, result_row.row.label, result_row.descriptor]


def spread_cell(value: Spread | None) -> str:
    """Return mean and standard deviation, '' for None."""
    if value is None:
        return ''
    return f'{value.mean:.1f}' + ('' if value.std is None else f' ± {value.std:.1f}')


def difference_cell(value: Difference | None) -> str:
    """Return the difference with its interval, '' for None."""
    if value is None:
        return ''
    interval = '' if value.low is None else f' [{value.low:+.1f}, {value.high:+.1f}]'
    return f'{value.mean:+.1f}{interval}'


def seeds_cell(found: Sequence[int], planned: Sequence[int]) -> str:
    """Return the number of seeds, with those that are missing."""
    missing = [str(seed) for seed in planned if seed not in found]
    if not missing:
        return str(len(found))
    plural = 's' if len(missing) > 1 else ''
    return f'{len(found)} of {len(planned)}; seed{plural} {" ".join(missing)} missing'


def plain_cell(value: float | None) -> str:
    """Return a published score, '' for None."""
    return '' if value is None else f'{value:.2f}'


def signed_cell(value: float | None) -> str:
    """Return a distance, '' for None."""
    return '' if value is None else f'{value:+.1f}'
