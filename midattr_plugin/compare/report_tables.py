"""The tables of a report."""

from collections.abc import Iterator, Sequence
from statistics import median

from midattr_plugin.compare.curves import TIME, CurvesOfRuns
from midattr_plugin.compare.fusion import fusion_gains
from midattr_plugin.compare.intervals import Difference, Spread
from midattr_plugin.compare.suite import Suite
from midattr_plugin.compare.suite_file import METRICS
from midattr_plugin.compare.summary import FIGURES, Line, kind_of_images
from midattr_plugin.compare.table import Table


def report_tables(suite: Suite, lines: Sequence[Line], curves: CurvesOfRuns) -> Iterator[Table]:
    """What came out, differences, published figures, and cost; empty ones are left out."""
    targets = list(dict.fromkeys(line.target for line in lines))
    for target in targets:
        yield from _tables_of_target(
            [line for line in lines if line.target == target],
            f'{target}, ' if len(targets) > 1 else '',
        )
    # once each, for the target on which it can be compared, if there is one
    published = {
        (line.row.name, line.descriptor): line
        for line in sorted(lines, key=lambda line: line.is_comparable)
        if line.published
    }
    if published or suite.reported:
        yield Table(
            f'Published figures on {suite.dataset} (real images)',
            ['row', 'what', 'descriptor', *METRICS, 'ours minus published: rank-1', 'mAP'],
            [
                _published(line)
                for line in lines
                if published.get((line.row.name, line.descriptor)) is line
            ]
            + [
                ['reported', row['name'], '', *(_plain(row.get(name)) for name in METRICS), '', '']
                for row in suite.reported
            ],
        )
    if lines:
        yield Table(
            'Cost',
            [
                'row',
                'what',
                'parameters',
                'multiply-adds of an image',
                'training, img/s (whatever ran beside it)',
            ],
            _costs(lines, curves),
        )


def _tables_of_target(lines: Sequence[Line], target: str) -> Iterator[Table]:
    """Results and differences; ``target`` is for the headings."""
    data = target + kind_of_images(lines)
    names = [name for name in FIGURES if any(name in line.figures for line in lines)]
    yield Table(
        f'Results ({data})',
        ['row', 'what', 'descriptor', *names, 'seeds'],
        [
            [
                line.row.name,
                line.row.label,
                line.descriptor,
                *(_spread(line.figures.get(name)) for name in names),
                str(len(line.seeds)),
            ]
            for line in lines
        ],
    )
    differences = [
        [
            line.row.name,
            line.row.label,
            line.descriptor,
            f'{line.row.baseline}, {line.baseline_descriptor}',
            *(_difference(line.differences.get(name)) for name in ('rank-1', 'mAP', 'mA')),
        ]
        for line in lines
        if line.differences
    ]
    if differences:
        yield Table(
            f'Difference to the baseline, same code, data and seeds ({data})',
            ['row', 'what', 'descriptor', 'baseline', 'rank-1', 'mAP', 'mA'],
            differences,
        )
    fusion = [
        [
            line.row.name,
            line.row.label,
            single.descriptor,
            *(_difference(gains[name]) for name in ('rank-1', 'mAP')),
        ]
        for line, single, gains in fusion_gains(lines)
    ]
    if fusion:
        yield Table(
            f'Difference of the fused feature to one branch of the same model ({data})',
            ['row', 'what', 'branch', 'rank-1', 'mAP'],
            fusion,
        )


def _published(line: Line) -> list[str]:
    ours = [
        _signed(line.minus_published.get(name)) if line.is_comparable else 'not comparable'
        for name in ('rank-1', 'mAP')
    ]
    return [
        line.row.name,
        line.row.label,
        line.descriptor,
        *(_plain(line.published.get(name)) for name in METRICS),
        *ours,
    ]


def _costs(lines: Sequence[Line], curves: CurvesOfRuns) -> list[list[str]]:
    rates: dict[str, list[float]] = {}
    for run, of in curves.items():
        if of[TIME]:
            rates.setdefault(run.row.name, []).append(
                run.cfg.train.batch_size / median(of[TIME].values())
            )
    first = {line.row.name: line for line in reversed(lines)}
    return [
        [
            line.row.name,
            line.row.label,
            '' if line.parameters is None else f'{line.parameters:,}',
            '' if line.multiply_adds is None else f'{line.multiply_adds / 1e9:.3f} G',
            f'{median(rates[name]):.1f}' if name in rates else '',
        ]
        for name, line in reversed(first.items())
    ]


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
