"""A suite whose runs are done: their results are made up, nothing is trained."""

import json

import yaml
from torch.utils.tensorboard import SummaryWriter

from helpers.tiny_run import write_config
from midattr_plugin.compare.folder import claim_folder
from midattr_plugin.compare.plan import plan_runs
from midattr_plugin.compare.suite import load_suite

PUBLISHED = {'global': {'rank-1': 70.0, 'mAP': 50.5}}
ROWS = [
    {'name': 'plain', 'label': 'without', 'set': {'model.name': 'midattr_resnet18'}},
    {'name': 'more', 'label': 'with', 'baseline': 'plain', 'published': PUBLISHED},
]


def result(target, mAP, mA=None, rendered=True):
    """Results of a run; rank-1 is 10 points above the mAP, the local feature 1 below it."""
    scores = {'rank-1': mAP + 0.1, 'mAP': mAP}
    return {
        'reid': {
            target: {
                'fused': scores,
                'global': scores,
                'local': {key: value - 0.01 for key, value in scores.items()},
            }
        },
        'attributes': {}
        if mA is None
        else {
            target: {
                'gender': {'accuracy': 0.8, 'majority': 0.6, 'mA': mA},
                'hat': {'accuracy': 0.9, 'majority': 0.95, 'mA': mA},
                'average': {'accuracy': 0.85, 'majority': 0.775, 'mA': mA},
            }
        },
        'confusion': {}
        if mA is None
        else {
            target: {
                'gender': {'classes': ['male', 'female'], 'counts': [[3, 1], [0, 6]]},
                'hat': {'classes': ['no', 'yes'], 'counts': [[9, 0], [1, 0]]},
            }
        },
        'rendered': {target: rendered},
        'epoch': 2,
        'parameters': 1234,
        'multiply_adds': 5_000_000,
    }


def write_runs(folder, rendered=True, seeds=(1, 2), unfinished=(), rows=ROWS):
    """(suite, runs, out); only the row 'more' has attributes, and a higher mAP, too."""
    write_config(folder / 'base.yaml')
    path = folder / 'fake.yaml'
    path.write_text(
        yaml.safe_dump(
            {
                'title': 'Made <up>',
                'dataset': 'Market-1501',
                'config': 'base.yaml',
                'rows': rows,
                'reported': [{'name': 'APR', 'rank-1': 84.29, 'mAP': 64.67}],
            }
        )
    )
    suite, out = load_suite(path), folder / 'out'
    runs = plan_runs(suite, seeds, out, str(folder))
    claim_folder(suite, runs, out)
    for run in runs:
        if (run.row.name, run.seed) not in unfinished:
            more = run.row.name == 'more'
            made_up = result(
                'market1501_attr',
                0.4 + 0.02 * run.seed + 0.05 * run.seed * more,
                0.7 if more else None,
                rendered,
            )
            (run.folder / 'done.json').write_text(json.dumps(made_up))
            writer = SummaryWriter(str(run.folder))
            for step in range(4):
                writer.add_scalar('Train/loss', 3 - step / 2, step)
                writer.add_scalar('Train/time', 0.5, step)
            writer.close()
    return suite, runs, out
