"""The first epochs of ``train.fixbase_epoch``: new layers learn, the backbone stays as it is."""

import pytest
import torch

from helpers.fake_market import write_market_tree
from helpers.same_content import assert_same
from helpers.tiny_run import arguments
from midattr_plugin.config import parse_config
from midattr_plugin.train import run

FROZEN = 2
RECIPE = [
    'train.fixbase_epoch',
    FROZEN,
    'train.max_epoch',
    4,
    'train.lr_scheduler',
    'cosine',
    'midattr.warmup_epochs',
    1,
    'midattr.flat_epochs',
    1,
    'midattr.ema_decay',
    0.9,
    'midattr.bnneck',
    True,
    'midattr.task_weights',
    'uncertainty',
    'test.eval_freq',
    1,
]
NEW = ('attribute_heads', 'bnneck', 'classifier', 'part_reduction')


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('data')
    write_market_tree(root, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    return root


def train(root, *pairs):
    return run(parse_config(arguments(root, *RECIPE, *pairs)))


def load(root, name):
    return torch.load(root / f'log/model/model.pth.tar-{name}', weights_only=True)


@pytest.mark.parametrize('optim', ['sgd', 'adam'])
def test_the_backbone_is_trained_from_the_first_open_epoch_on(root, optim, capsys):
    train(root, 'train.optim', optim)
    states = [load(root, epoch)['averaging']['weights'] for epoch in range(1, 5)]
    for name, value in states[0].items():
        if not value.is_floating_point():
            continue
        is_same = [torch.equal(a[name], b[name]) for a, b in zip(states, states[1:], strict=False)]
        expected = [False] * 3 if name.startswith(NEW) else [True] * (FROZEN - 1) + [False] * 2
        # a bias may get no gradient, and statistics of a dead channel stay
        if value.numel() > 1 and 'bias' not in name:
            assert is_same == expected, name
    assert capsys.readouterr().out.count('* Only train [') == FROZEN


def test_a_resume_is_exact_from_every_epoch(root):
    train(root)
    expected = {name: load(root, name) for name in ('3', '4', 'last')}
    for epoch in (1, 2, 3):
        start = root / f'from{epoch}'
        start.write_bytes((root / f'log/model/model.pth.tar-{epoch}').read_bytes())
        train(root, 'model.resume', start)
        for name in expected if epoch < 3 else ('4', 'last'):
            assert_same(load(root, name), expected[name])
