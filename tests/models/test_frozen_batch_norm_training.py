"""Trainings with frozen batch normalization, and checkpoints with and without it."""

import json

import pytest
import torch

from helpers.fake_market import write_market_tree
from helpers.tiny_run import UNTRAINED, arguments
from midattr_plugin import load_model
from midattr_plugin.models.frozen_batch_norm import FrozenBatchNorm
from midattr_plugin.train import main

PLAIN = 'midattr_tiny'
FROZEN = ['midattr.freeze_bn', True]
ONE_BRANCH = ['midattr.branches', 'global', 'midattr.descriptor', 'global']


@pytest.fixture
def root(tmp_path):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    return tmp_path


def train(root, name, *pairs):
    folder = root / name
    assert main(arguments(root, 'train.max_epoch', 1, 'data.save_dir', folder, *pairs)) == 0
    return folder / 'model/model.pth.tar-last'


def refused(root, capsys, *pairs):
    assert main(arguments(root, 'data.save_dir', root / 'refused', *pairs)) == 1
    assert not (root / 'refused/model').exists() and not (root / 'refused/config.yaml').exists()
    return capsys.readouterr().err.strip().splitlines()[-1]


def normalization(path):
    state = torch.load(path, weights_only=True)['state_dict']
    return {
        name: value for name, value in state.items() if name.startswith('layer') and '.1.' in name
    }


def same(first, second):
    return all(torch.equal(value, second[name]) for name, value in first.items())


@pytest.mark.parametrize(
    'pairs',
    [
        [],
        ['train.staged_lr', True],
        ['train.fixbase_epoch', 1, 'train.max_epoch', 2],
        ['loss.name', 'softmax', 'model.name', PLAIN],
    ],
    ids=lambda pairs: '-'.join(map(str, pairs[::2])) or 'plain',
)
def test_what_a_training_started_from_stays(root, pairs):
    """The rest learns; from a model with trained batch normalization, of as many other people."""
    other = root / 'other'
    write_market_tree(other, train_ids=(3, 6, 8, 9), test_ids=(1, 4, 5))
    first = train(other, 'first', 'model.name', PLAIN)
    second = train(root, 'second', *FROZEN, 'model.load_weights', first, *pairs)
    assert len(normalization(first)) == 5 * 5
    assert same(normalization(first), normalization(second))
    before, after = (torch.load(path, weights_only=True)['state_dict'] for path in (first, second))
    for name in ('layer1.0.weight', 'layer4_part.0.weight'):
        assert not torch.equal(before[name], after[name])
    trained = train(root, 'trained', 'model.load_weights', first, *pairs)
    assert not same(normalization(first), normalization(trained))


def test_checkpoints_load_into_each_other(root, capsys):
    """Only a training has to be like the one that it goes on with."""
    first = train(root, 'first')
    second = train(root, 'second', *FROZEN, 'model.load_weights', first)
    capsys.readouterr()
    for path in (first, second):
        scores = []
        for frozen in (True, False):
            test = [
                'test.evaluate',
                True,
                'midattr.freeze_bn',
                frozen,
                'data.save_dir',
                root / 'test',
            ]
            assert main(arguments(root, 'model.load_weights', path, *test)) == 0
            assert 'left out: none' in capsys.readouterr().out
            scores.append(json.loads((root / 'test/metrics-test.json').read_text())['reid'])
        assert scores[0] == scores[1]
    model = load_model(second)
    assert sum(isinstance(layer, FrozenBatchNorm) for layer in model.modules()) == 5
    text = refused(root, capsys, 'model.resume', second, 'train.max_epoch', 2)
    assert 'midattr.freeze_bn True, which cannot become False' in text
    resumed = ['model.resume', second, 'train.max_epoch', 2, 'data.save_dir', root / 'second']
    assert main(arguments(root, *FROZEN, *resumed)) == 0
    assert same(normalization(first), normalization(second))


def test_statistics_that_the_weights_do_not_bring_are_asked_for(root, capsys):
    text = refused(root, capsys, *FROZEN)
    assert 'midattr.freeze_bn is True, but random weights' in text and 'load_weights' in text
    one = train(root, 'one', *ONE_BRANCH)
    text = refused(root, capsys, *FROZEN, 'model.load_weights', one)
    assert '1 of the 5 layers' in text and 'first: layer4_part.1' in text
    train(root, 'both', *FROZEN, *ONE_BRANCH, 'model.load_weights', one)
    # a test changes none of them
    assert main(arguments(root, *FROZEN, *UNTRAINED)) == 0


def test_an_older_training_is_not_resumed_with_frozen_layers(root, capsys):
    """Its settings do not have the key."""
    path = train(root, 'old')
    checkpoint = torch.load(path, weights_only=True)
    del checkpoint['settings']['midattr.freeze_bn'], checkpoint['model']['options']['freeze_bn']
    torch.save(checkpoint, path)
    text = refused(root, capsys, *FROZEN, 'model.resume', path, 'train.max_epoch', 2)
    assert 'midattr.freeze_bn as they were' in text
    config = root / 'old/config.yaml'
    assert load_model(path, config).spec.options['freeze_bn'] is False
