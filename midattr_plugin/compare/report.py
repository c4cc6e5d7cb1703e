"""The report of a suite: ``report.html``, ``report.md``, ``results.csv``."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from statistics import median

import jinja2
import numpy as np
import torch

from midattr_plugin.compare.curves import read_curves
from midattr_plugin.compare.learned import learned_tables
from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.plots import (
    plot_attributes,
    plot_confusions,
    plot_curves,
    plot_rows,
)
from midattr_plugin.compare.suite import METRICS, Suite
from midattr_plugin.compare.summary import FIGURES, Line, results_csv, summarise
from midattr_plugin.compare.table import Table
from midattr_plugin.files import atomic_path

_LOSS, _TIME = 'Train/loss', 'Train/time'  # as the host's engine names them
_Curves = Mapping[Run, Mapping[str, Mapping[int, float]]]  # of the runs that are done


def write_report(suite: Suite, runs: Sequence[Run], failed: Mapping[Run, str], out: Path,
                 first: Sequence[Table] = ()) -> list[Path]:
    """Writes the three files from the runs that are done; returns their paths.

    Args:
        failed: why runs failed.
        first: tables that come before the others.
    """
    lines = summarise(suite, runs)
    facts = _facts(suite, runs, failed, lines)
    curves = {run: read_curves(run.folder, (_LOSS, _TIME)) for run in runs if run.is_done}
    tables = [*first, *_tables(suite, lines, curves), *learned_tables(runs)]
    environment = jinja2.Environment(loader=jinja2.PackageLoader('midattr_plugin.compare'),
                                     autoescape=jinja2.select_autoescape(('html.j2',)),
                                     trim_blocks=True, lstrip_blocks=True)
    content = {'title': suite.title, 'facts': facts, 'tables': tables,
               'pictures': _pictures(lines, curves)}
    texts = {'results.csv': results_csv(lines)} | {
        name: environment.get_template(f'{name}.j2').render(content)
        for name in ('report.md', 'report.html')}
    paths = []
    for name, text in texts.items():
        with atomic_path(out / name) as temporary:
            temporary.write_text(text.rstrip() + '\n', encoding='utf-8')
        paths.append(out / name)
    return paths


def _facts(suite: Suite, runs: Sequence[Run], failed: Mapping[Run, str],
           lines: Sequence[Line]) -> list[str]:
    """What a reader must know first."""
    facts = []
    for target, rendered in dict.fromkeys((line.target, line.rendered) for line in lines):
        root = runs[0].cfg.data.root
        facts.append(f'Tested on {target} in "{root}": RENDERED images, drawn by a program. No '
                     'figure of ours on this page says anything about real images, and none '
                     'compares with a published one.' if rendered else
                     f'Tested on {target} in "{root}": real images.')
    done = [run for run in runs if run.is_done]
    facts.append(f'{len(done)} of {len(runs)} runs are done (seeds '
                 f'{", ".join(str(seed) for seed in dict.fromkeys(run.seed for run in runs))}). '
                 'Figures are means over the seeds and, after ±, sample standard deviations, in '
                 'percent; differences are paired seed by seed, with their 95% confidence '
                 'interval (Student\'s t), and a star where that does not contain 0.')
    facts += [f'FAILED: row {run.row.name}, seed {run.seed}: {reason}'
              for run, reason in failed.items()]
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else 'CPU'
    facts.append(f'Written {date.today().isoformat()} with torch {torch.__version__} on {device}.')
    return facts


def _tables(suite: Suite, lines: Sequence[Line], curves: _Curves) -> Iterable[Table]:
    data = 'rendered images' if any(line.rendered for line in lines) else 'real images'
    names = [name for name in FIGURES if any(name in line.figures for line in lines)]
    yield Table(f'Results ({data})', ['row', 'what', 'descriptor', *names, 'seeds'], [
        [line.row.name, line.row.label, line.descriptor,
         *(_spread(line.figures.get(name)) for name in names), str(len(line.seeds))]
        for line in lines])
    compared = [line for line in lines if line.differences]
    if compared:
        yield Table(f'Difference to the baseline, same code, data and seeds ({data})',
                    ['row', 'what', 'descriptor', 'baseline', 'rank-1', 'mAP', 'mA'], [
                        [line.row.name, line.row.label, line.descriptor, line.row.baseline,
                         *(_difference(line.differences.get(name)) for name in
                           ('rank-1', 'mAP', 'mA'))] for line in compared])
    published = [line for line in lines if line.published]
    if published or suite.reported:
        yield Table(
            f'Published figures on {suite.dataset} (real images)',
            ['row', 'what', 'descriptor', *METRICS, 'ours minus published: rank-1', 'mAP'],
            [[line.row.name, line.row.label, line.descriptor,
              *(_plain(line.published.get(name)) for name in METRICS),
              *(_signed(line.beyond_published.get(name)) if line.is_comparable else
                'not comparable' for name in ('rank-1', 'mAP'))]
             for line in published]
            + [['reported', row['name'], '', *(_plain(row.get(name)) for name in METRICS), '', '']
               for row in suite.reported])
    yield Table('Cost', ['row', 'what', 'parameters', 'multiply-adds of an image',
                         'training, img/s (whatever ran beside it)'], _costs(lines, curves))


def _costs(lines: Sequence[Line], curves: _Curves) -> list[list[str]]:
    rates: dict[str, list[float]] = {}
    for run, of in curves.items():
        if of[_TIME]:
            rates.setdefault(run.row.name, []).append(
                run.cfg.train.batch_size / median(of[_TIME].values()))
    first = {line.row.name: line for line in reversed(lines)}
    return [[line.row.name, line.row.label,
             '' if line.parameters is None else f'{line.parameters:,}',
             '' if line.multiply_adds is None else f'{line.multiply_adds / 1e9:.3f} G',
             f'{median(rates[name]):.1f}' if name in rates else '']
            for name, line in reversed(first.items())]


def _pictures(lines: Sequence[Line], curves: _Curves) -> list[tuple[str, str, str, bool]]:
    """Title, caption, SVG, and whether it is folded away at first."""
    if not lines:
        return []
    done: dict[str, list[Run]] = {}
    for run in curves:
        done.setdefault(run.row.name, []).append(run)
    pictures = [('mAP by row', 'Bars: one standard deviation over the seeds. Diamonds: published.',
                 plot_rows(lines), False)]
    scores = {name: _mean_scores(of) for name, of in done.items()}
    scores = {name: of for name, of in scores.items() if of}
    if scores:
        pictures.append(('Accuracy of the attributes',
                         'In percent of the images whose label is known (dot), beside that of '
                         'always answering the most frequent class (bar).',
                         plot_attributes(scores), False))
    losses = {name: [curves[run][_LOSS] for run in of] for name, of in done.items()}
    pictures.append(('Training loss', 'A curve per seed, of means since the start of each epoch. '
                     'Each row has a scale of its own, as its loss may be another.',
                     plot_curves(losses, 'loss'), False))
    for name, of in done.items():
        confusions = _summed_confusions(of)
        if confusions:
            pictures.append((f'Confusions of the attributes: {name}',
                             'Percent of each true class (row) by predicted class (column).',
                             plot_confusions(confusions), True))
    return pictures


def _mean_scores(runs: Sequence[Run]) -> dict[str, dict[str, float]]:
    """Of the first target, over the seeds."""
    of_seeds = [next(iter(run.results['attributes'].values()), {}) for run in runs]
    return {name: {key: float(np.mean([scores[name][key] for scores in of_seeds]))
                   for key in ('accuracy', 'majority')}
            for name in of_seeds[0] if name != 'average'}


def _summed_confusions(runs: Sequence[Run]) -> dict[str, tuple[list[str], np.ndarray]]:
    of_seeds = [next(iter(run.results.get('confusion', {}).values()), {}) for run in runs]
    return {name: (first['classes'], sum(np.array(of[name]['counts']) for of in of_seeds))
            for name, first in of_seeds[0].items()}


def _spread(value) -> str:
    if value is None:
        return ''
    return f'{value.mean:.1f}' + ('' if value.std is None else f' ± {value.std:.1f}')


def _difference(value) -> str:
    if value is None:
        return ''
    interval = '' if value.low is None else f' [{value.low:+.1f}, {value.high:+.1f}]'
    return f'{value.mean:+.1f}{interval}' + (' *' if value.excludes_zero else '')


def _plain(value: float | None) -> str:
    return '' if value is None else f'{value:.2f}'


def _signed(value: float | None) -> str:
    return '' if value is None else f'{value:+.1f}'
