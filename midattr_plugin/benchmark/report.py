"""Report of the benchmark as Markdown and as JSON."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from midattr_plugin.benchmark.training import PHASES
from midattr_plugin.files import write_text


def write_report(results: dict, stem: Path) -> list[Path]:
    """Write ``stem``.json and ``stem``.md and return their paths.

    Args:
        results: results of :func:`midattr_plugin.benchmark.cli.run`.
        stem: path without an ending.
    """
    paths = [stem.with_name(stem.name + ending) for ending in ('.json', '.md')]
    for path, text in zip(paths, (json.dumps(results, indent=2), markdown(results)), strict=True):
        write_text(path, text.rstrip() + '\n')
    return paths


def markdown(results: dict) -> str:
    """Return the report as Markdown, with a section for each part that was measured."""
    machine = results['machine']
    lines = [
        '# Speed and memory',
        '',
        'Measured on rendered images, systems in turns (A B A B ...); medians over the turns.',
        '',
        *(f'* {name}: {value}' for name, value in machine.items()),
        '',
    ]
    for name, write in _SECTIONS.items():
        if name in results:
            lines += [*write(results[name]), '']
    return '\n'.join(lines)


def _training(rows: dict) -> Iterable[str]:
    yield '## Training'
    yield ''
    yield from _table(
        [
            'system',
            'img/s',
            'ratio',
            *(f'{phase} ms' for phase in PHASES),
            'GMACs/image',
            'share of peak',
            'workers',
            'peak MiB',
        ],
        (
            [
                name,
                f'{row["img/s"]:.1f}',
                f'{row["ratio"]:.2f}x',
                *(f'{row["ms"][phase]:.0f}' for phase in PHASES),
                f'{row["multiply-adds"] / 1e9:.2f}',
                f'{row["share of peak"]:.0%}',
                f'{row["workers"] or "none"}',
                f'{row["MiB"]:.0f}' if 'MiB' in row else 'not measured',
            ]
            for name, row in rows.items()
        ),
    )


def _extraction(rows: dict) -> Iterable[str]:
    yield '## Feature extraction'
    yield ''
    yield from _table(
        ['system', 'img/s', 'extra time for attributes'],
        (
            [name, f'{row["img/s"]:.1f}', f'{row["extra"]:+.1%}' if 'extra' in row else '']
            for name, row in rows.items()
        ),
    )


def _loading(rows: dict) -> Iterable[str]:
    yield '## Loading (flip, crop, erase; one core)'
    yield ''
    yield from _table(
        ['loader', 'img/s', 'ratio'],
        ([name, f'{row["img/s"]:.0f}', f'{row["ratio"]:.1f}x'] for name, row in rows.items()),
    )


def _ranking(rows: list) -> Iterable[str]:
    yield '## Ranking of 3,368 queries, 2,048 dimensions (memory: the whole process)'
    yield ''
    yield from _table(
        [
            'gallery',
            'by',
            'distances s',
            'ranking s',
            'peak GiB',
            'features GiB',
            'mAP',
            'mAP_zheng2015',
        ],
        (
            [
                f'{row["gallery"]:,}',
                row['by'],
                'in blocks' if row['distances'] is None else f'{row["distances"]:.1f}',
                f'{row["ranking"]:.1f}',
                f'{row["GiB"]:.2f}',
                f'{row["features GiB"]:.2f}',
                f'{row["mAP"]:.6f}',
                f'{row["mAP_zheng2015"]:.6f}',
            ]
            for row in rows
        ),
    )


def _schedule(rows: dict) -> Iterable[str]:
    yield '## Training time of the paper, projected: 50,000 iterations of 16 images'
    yield ''
    yield 'Without tests and checkpoints.'
    yield ''
    yield from _table(
        ['system', 'iterations measured', 'batch', 'hours'],
        (
            [name, f'{row["iterations"]}', f'{row["batch"]}', f'{row["hours"]:.2f}']
            for name, row in rows.items()
        ),
    )


def _table(head: list[str], rows: Iterable[list[str]]) -> Iterable[str]:
    yield '| ' + ' | '.join(head) + ' |'
    yield '|' + '---|' * len(head)
    for row in rows:
        yield '| ' + ' | '.join(row) + ' |'


_SECTIONS: dict[str, Callable[[Any], Iterable[str]]] = {
    'training': _training,
    'extraction': _extraction,
    'loading': _loading,
    'ranking': _ranking,
    'schedule': _schedule,
}
