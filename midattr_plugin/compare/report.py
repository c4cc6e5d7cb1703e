"""Report of a suite: ``report.html``, ``report.md`` and ``results.csv``."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import jinja2
import torch

from midattr_plugin.compare.attribute_tables import attribute_tables
from midattr_plugin.compare.claims_table import claims_table
from midattr_plugin.compare.convergence import convergence_facts, unlearned_facts, unlearned_starts
from midattr_plugin.compare.curves import CurvesByRun, curves_of_runs
from midattr_plugin.compare.gain_and_cost import gain_and_cost_tables, gain_facts
from midattr_plugin.compare.interval_facts import interval_facts
from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.report_plots import detail_plots, overview_plots
from midattr_plugin.compare.report_tables import floor_tables, learned_tables, report_tables
from midattr_plugin.compare.results_csv import results_csv
from midattr_plugin.compare.start import start_facts
from midattr_plugin.compare.suite import Suite
from midattr_plugin.compare.summary import (
    ResultRow,
    kind_of_images,
    starts,
    summarize,
)
from midattr_plugin.compare.table_cells import Table
from midattr_plugin.compare.tested_alike import describe_tests
from midattr_plugin.compare.verdicts import Verdict, judge
from midattr_plugin.config.unread import describe_unread
from midattr_plugin.engine.chosen_on import IMAGES
from midattr_plugin.files import write_text


def write_report(
    suite: Suite,
    runs: Sequence[Run],
    failed: Mapping[Run, str],
    out: Path,
    first: Sequence[Table] = (),
    start_runs: Sequence[Run] = (),
) -> list[Path]:
    """Write the three files from the finished runs and return their paths.

    Args:
        suite: the suite.
        runs: all its runs, finished or not.
        failed: why runs failed.
        out: folder of the files.
        first: tables that come before the others.
        start_runs: from whose weights runs start, if they do.
    """
    result_rows = summarize(suite, runs)
    verdicts = judge(suite.claims, result_rows)
    curves = curves_of_runs(runs)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader('midattr_plugin.compare'),
        autoescape=jinja2.select_autoescape(('html.j2',)),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters['markdown_cell'] = _markdown_cell
    content = {
        'title': suite.title,
        'facts': _facts(suite, runs, failed, result_rows, verdicts, curves, start_runs),
        'tables': [
            *first,
            *claims_table(verdicts, kind_of_images(result_rows)),
            *gain_and_cost_tables(result_rows, curves),
            *report_tables(suite, result_rows, curves),
            *attribute_tables(runs),
            *floor_tables(runs),
            *learned_tables(runs),
        ],
        'overview': list(overview_plots(suite, result_rows, verdicts, curves)),
        'details': list(detail_plots(result_rows, curves)),
    }
    texts = {'results.csv': results_csv(result_rows)} | {
        name: environment.get_template(f'{name}.j2').render(content)
        for name in ('report.md', 'report.html')
    }
    paths = []
    for name, text in texts.items():
        write_text(out / name, text.rstrip() + '\n')
        paths.append(out / name)
    return paths


def _markdown_cell(text: str) -> str:
    """Return ``text`` without what would end the cell."""
    return ' '.join(text.split()).replace('|', r'\|')


def _facts(
    suite: Suite,
    runs: Sequence[Run],
    failed: Mapping[Run, str],
    result_rows: Sequence[ResultRow],
    verdicts: Sequence[Verdict],
    curves: CurvesByRun,
    start_runs: Sequence[Run],
) -> list[str]:
    """Return the facts at the head of the report: data, seeds, failures, software."""
    facts = []
    for target, rendered in dict.fromkeys((row.target, row.rendered) for row in result_rows):
        root = runs[0].cfg.data.root
        facts.append(
            f'Tested on {target} in "{root}": RENDERED images, drawn by a program. Our scores on '
            'this page say nothing about real images and cannot be compared with published scores.'
            if rendered
            else f'Tested on {target} in "{root}": real images.'
        )
    facts += start_facts(start_runs, runs)
    finished = [run for run in runs if run.is_done]
    facts += _tested_epochs(finished)
    seeds = ', '.join(str(seed) for seed in dict.fromkeys(run.seed for run in runs))
    facts.append(
        f'{len(finished)} of {len(runs)} runs are done (seeds {seeds}). Scores are means over the '
        'seeds ± sample standard deviations, in percent.'
    )
    facts += gain_facts(result_rows)
    facts += interval_facts(suite, result_rows, verdicts)
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
    facts += unlearned_starts(start_runs)
    facts += unlearned_facts(curves)
    facts += convergence_facts(runs, curves)
    names = {start or 'unknown': rows for start, rows in starts(result_rows).items()}
    if len(names) > 1:
        facts.append(
            'DIFFERENT STARTS: a difference between these rows is also one of the weights that '
            'they started from: '
            + '; '.join(f'{start}: {", ".join(rows)}' for start, rows in names.items())
            + '.'
        )
    facts += describe_tests(runs, suite.compared_rows)
    facts += _without_effect(runs)
    on_gpu = torch.cuda.is_available() and any(run.cfg.use_gpu for run in runs)
    device = torch.cuda.get_device_name() if on_gpu else 'CPU'
    facts.append(f'Written {date.today().isoformat()} with torch {torch.__version__} on {device}.')
    return facts


def _tested_epochs(finished: Sequence[Run]) -> list[str]:
    """Return which epochs the scores are of, and on what they were chosen if they were."""
    chosen = {
        f'row {run.row.name}, seed {run.seed}, on {IMAGES.get(found, found)}'
        for run in finished
        if (found := run.results.chosen_on) is not None
    }
    if chosen:
        return [
            'CHOSEN EPOCHS: the epochs of these runs were not given beforehand, and their scores '
            f'are too high if they were chosen on the test images: {"; ".join(sorted(chosen))}.'
        ]
    return ['Scores are those of the last epoch of each run, not of the best.'] if finished else []


def _without_effect(runs: Sequence[Run]) -> list[str]:
    """Return the settings that change nothing in rows, and these rows."""
    rows: dict[str, list[str]] = {}
    for name, line in {run.row.name: describe_unread(run.cfg) for run in runs}.items():
        if line:
            rows.setdefault(line, []).append(name)
    return [f'No effect in {", ".join(names)}: {line}.' for line, names in rows.items()]
