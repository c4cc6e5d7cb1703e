"""The report of a suite: ``report.html``, ``report.md``, ``results.csv``."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import jinja2
import torch

from midattr_plugin.compare.curves import curves_of_runs
from midattr_plugin.compare.learned import learned_tables
from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.report_plots import detail_pictures, overview_pictures
from midattr_plugin.compare.report_tables import report_tables
from midattr_plugin.compare.suite import Suite
from midattr_plugin.compare.summary import Line, results_csv, summarize
from midattr_plugin.compare.table import Table
from midattr_plugin.files import atomic_path


def write_report(
    suite: Suite,
    runs: Sequence[Run],
    failed: Mapping[Run, str],
    out: Path,
    first: Sequence[Table] = (),
) -> list[Path]:
    """Writes the three files from the runs that are done; returns their paths.

    Args:
        failed: why runs failed.
        first: tables that come before the others.
    """
    lines = summarize(suite, runs)
    facts = _facts(suite, runs, failed, lines)
    curves = curves_of_runs(runs)
    tables = [*first, *report_tables(suite, lines, curves), *learned_tables(runs)]
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader('midattr_plugin.compare'),
        autoescape=jinja2.select_autoescape(('html.j2',)),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters['markdown_cell'] = _markdown_cell
    content = {
        'title': suite.title,
        'facts': facts,
        'tables': tables,
        'overview': list(overview_pictures(lines, curves)),
        'details': list(detail_pictures(lines, curves)),
    }
    texts = {'results.csv': results_csv(lines)} | {
        name: environment.get_template(f'{name}.j2').render(content)
        for name in ('report.md', 'report.html')
    }
    paths = []
    for name, text in texts.items():
        with atomic_path(out / name) as temporary:
            temporary.write_text(text.rstrip() + '\n', encoding='utf-8')
        paths.append(out / name)
    return paths


def _markdown_cell(text: str) -> str:
    """Without what would end the cell."""
    return ' '.join(text.split()).replace('|', r'\|')


def _facts(
    suite: Suite, runs: Sequence[Run], failed: Mapping[Run, str], lines: Sequence[Line]
) -> list[str]:
    """What a reader must know first."""
    facts = []
    for target, rendered in dict.fromkeys((line.target, line.rendered) for line in lines):
        root = runs[0].cfg.data.root
        facts.append(
            f'Tested on {target} in "{root}": RENDERED images, drawn by a program. No '
            'figure of ours on this page says anything about real images, and none '
            'compares with a published one.'
            if rendered
            else f'Tested on {target} in "{root}": real images.'
        )
    done = [run for run in runs if run.is_done]
    facts.append(
        f'{len(done)} of {len(runs)} runs are done (seeds '
        f'{", ".join(str(seed) for seed in dict.fromkeys(run.seed for run in runs))}). '
        'Figures are means over the seeds and, after ±, sample standard deviations, in '
        'percent; differences are paired seed by seed, with their 95% confidence '
        "interval (Student's t), and a star where that does not contain 0."
    )
    facts += [
        f'FAILED: row {run.row.name}, seed {run.seed}: {reason}' for run, reason in failed.items()
    ]
    missing: dict[str, list[str]] = {}
    for run in runs:
        if not run.is_done and run not in failed:
            missing.setdefault(run.row.name, []).append(str(run.seed))
    if missing:
        facts.append(
            'NOT DONE: '
            + ', '.join(f'row {name} (seeds {" ".join(seeds)})' for name, seeds in missing.items())
            + '.'
        )
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else 'CPU'
    facts.append(f'Written {date.today().isoformat()} with torch {torch.__version__} on {device}.')
    return facts
