"""A run small enough for a test: 16 noise images, a network of few weights, a second."""

from pathlib import Path

import yaml

EXTENSION = str(Path(__file__).with_name('tiny_extension.py'))

SETTINGS = {
    'use_gpu': False,
    'model': {'name': 'midattr_tiny_market', 'pretrained': False},
    'data': {
        'sources': ['market1501_attr'],
        'targets': ['market1501_attr'],
        'height': 32,
        'width': 16,
        'workers': 0,
        'transforms': ['random_flip', 'random_crop'],
    },
    'loss': {'name': 'midattr', 'softmax': {'label_smooth': False}},
    'train': {
        'optim': 'sgd',
        'lr': 0.01,
        'max_epoch': 2,
        'batch_size': 4,
        'print_freq': 2,
        'lr_scheduler': 'single_step',
        'stepsize': [1],
    },
    'midattr': {'part_dim': 8, 'extensions': [EXTENSION], 'checkpoint_seconds': 0},
    'test': {'batch_size': 5},
}


UNTRAINED = ['test.evaluate', True, 'midattr.untrained', True]
"""Settings of a test without a training."""


def write_config(path: Path) -> Path:
    path.write_text(yaml.safe_dump(SETTINGS))
    return path


def arguments(folder: Path, *pairs) -> list[str]:
    """Return arguments of midattr-train for data in ``folder`` and results in ``folder/log``."""
    config = write_config(folder / 'tiny.yaml')
    return [
        '--config-file',
        str(config),
        '--root',
        str(folder),
        'data.save_dir',
        str(folder / 'log'),
        *map(str, pairs),
    ]
