"""A suite whose runs are finished: their results are made up, nothing is trained."""

from collections.abc import Callable
from pathlib import Path

import yaml
from torch.utils.tensorboard import SummaryWriter

from helpers.tiny_run import write_config
from midattr_plugin.compare.folder import claim_folder
from midattr_plugin.compare.plan import Run, plan_runs
from midattr_plugin.compare.suite import Suite, load_suite
from midattr_plugin.engine.results import Results

TARGET = 'market1501_attr'
PUBLISHED = {'global': {'rank-1': 70.0, 'mAP': 50.5}}
ROWS = [
    {'name': 'plain', 'label': 'without', 'set': {'model.name': 'midattr_resnet18'}},
    {'name': 'more', 'label': 'with', 'baseline': 'plain', 'published': PUBLISHED},
]


def make_suite(folder: Path, *rows: dict, name: str = 'suite', **content) -> Suite:
    """Write a suite of tiny runs and return it.

    Args:
        folder: of the suite and its configuration.
        rows: as in the file.
        name: of the suite.
        content: what else the file says.
    """
    write_config(folder / 'base.yaml')
    path = folder / f'{name}.yaml'
    path.write_text(yaml.safe_dump({'config': 'base.yaml', 'rows': list(rows), **content}))
    return load_suite(path)


def made_up_results(
    mAP: float, balanced_accuracy: float | None = None, rendered: bool = True, target: str = TARGET
) -> Results:
    """Return results whose rank-1 is 10 points above the mAP, and the local branch 1 below.

    ``mAP_zheng2015`` is 1 point below the mAP.
    """
    scores = {'rank-1': mAP + 0.1, 'mAP': mAP, 'mAP_zheng2015': mAP - 0.01}
    results = Results(
        epoch=2,
        reid={
            target: {
                'fused': dict(scores),
                'global': dict(scores),
                'local': {name: value - 0.01 for name, value in scores.items()},
            }
        },
        rendered={target: rendered},
        parameters=1234,
        multiply_adds=5_000_000,
        query_scores_sha256='of no file',
    )
    if balanced_accuracy is not None:
        results.attributes[target] = {
            name: {
                'accuracy': accuracy,
                'majority': majority,
                'balanced_accuracy': balanced_accuracy,
            }
            for name, accuracy, majority in (
                ('gender', 0.8, 0.6),
                ('hat', 0.9, 0.95),
                ('average', 0.85, 0.775),
            )
        }
        results.confusion[target] = {
            'gender': {'classes': ['male', 'female'], 'counts': [[3, 1], [0, 6]]},
            'hat': {'classes': ['no', 'yes'], 'counts': [[9, 0], [1, 0]]},
        }
    return results


def finish(run: Run, results: Results) -> None:
    """Write the file that makes a run finished."""
    results.write(run.folder / 'done.json')


def change_results(run: Run, change: Callable[[Results], object]) -> None:
    """Change the results of a finished run that has not been read."""
    results = Results.read(run.folder / 'done.json')
    change(results)
    finish(run, results)


def write_runs(
    folder: Path,
    rendered: bool = True,
    seeds=(1, 2),
    unfinished=(),
    rows=ROWS,
    curves: bool = False,
    **content,
) -> tuple[Suite, list[Run], Path]:
    """Return suite, runs and the folder of the results.

    Only the row 'more' has attributes, and it has a higher mAP.

    Args:
        folder: of everything.
        rendered: whether the images are.
        seeds: of each row.
        unfinished: pairs of row and seed.
        rows: of the suite.
        curves: write training curves, too.
        content: what else the suite says.
    """
    suite = make_suite(
        folder,
        *rows,
        **content,
        title='Made <up>',
        dataset='Market-1501',
        reported=[{'name': 'APR', 'rank-1': 84.29, 'mAP': 64.67}],
    )
    out = folder / 'out'
    runs = plan_runs(suite, seeds, out, str(folder))
    claim_folder(suite, runs, out)
    for run in runs:
        if (run.row.name, run.seed) in unfinished:
            continue
        is_more = run.row.name == 'more'
        mAP = 0.4 + 0.02 * run.seed + 0.05 * run.seed * is_more
        finish(run, made_up_results(mAP, 0.7 if is_more else None, rendered))
        if curves:
            write_curves(run.folder)
    return suite, runs, out


def write_curves(folder: Path) -> None:
    """Write the curves of one run: loss and time of four iterations, rates of three tests."""
    with SummaryWriter(str(folder)) as writer:
        for step in range(4):
            writer.add_scalar('Train/loss', 3 - step / 2, step)
            writer.add_scalar('Train/time', 0.5, step)
        for step, rate in enumerate((20, 90, 100)):
            writer.add_scalar(f'Test/{TARGET}/images_per_second', rate, step)
