"""Whole runs with the recipes beyond the paper: training, resuming, what the checkpoint holds."""

import json

import pytest
import torch

from helpers.fake_market import write_market_tree
from helpers.tiny_run import arguments
from midattr_plugin import load_model
from midattr_plugin.train import main

EACH = [
    *('sampler.train_sampler', 'RandomIdentitySampler', 'sampler.num_instances', 2),
    *('test.eval_freq', 1),  # and a checkpoint with each test
]
RECIPES = {
    'gem, soft margin, cosface, non-local': [
        *('midattr.pooling', 'gem', 'midattr.metric_loss', 'soft_margin'),
        *('midattr.triplet_weight', 1, 'midattr.classifier', 'cosface'),
        *('midattr.non_local', '[res3d, res4f]', 'midattr.bnneck', True),
    ],
    'max, circle, circle': [
        *('midattr.pooling', 'max', 'midattr.metric_loss', 'circle'),
        *('midattr.triplet_weight', 0.01, 'midattr.classifier', 'circle'),
        *('loss.softmax.label_smooth', True, 'midattr.validation_images', 4),
    ],
}


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('recipes')
    write_market_tree(root, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    return root


@pytest.mark.parametrize('recipe', RECIPES.values(), ids=RECIPES)
def test_a_recipe(root, tmp_path, recipe, capsys):
    pairs = [*EACH, *recipe]
    whole, resumed = tmp_path / 'whole', tmp_path / 'resumed'
    assert main(arguments(root, *pairs, 'data.save_dir', whole)) == 0
    assert 'No effect' not in capsys.readouterr().out
    last = whole / 'model/model.pth.tar-last'
    before = ['model.resume', whole / 'model/model.pth.tar-1']
    assert main(arguments(root, *pairs, *before, 'data.save_dir', resumed)) == 0
    weights, again = (
        torch.load(folder / 'model/model.pth.tar-last', weights_only=True)['state_dict']
        for folder in (whole, resumed)
    )
    assert weights.keys() == again.keys()
    assert all(torch.equal(weights[name], again[name]) for name in weights)
    model = load_model(last)
    assert all(torch.equal(x, weights[name]) for name, x in model.state_dict().items())
    tested = tmp_path / 'tested'
    test = ['test.evaluate', True, 'model.load_weights', last, 'data.save_dir', tested]
    assert main(arguments(root, *pairs, *test)) == 0
    first, second = (
        json.loads(path.read_text())
        for path in (whole / 'metrics.json', tested / 'metrics-test.json')
    )
    assert first['reid'] == second['reid'] and first['attributes'] == second['attributes']


@pytest.mark.parametrize('key, value', [('midattr.pooling', 'max'), ('midattr.non_local', '[]')])
def test_another_model_is_not_resumed(root, tmp_path, key, value, capsys):
    pairs = [*EACH, *RECIPES['gem, soft margin, cosface, non-local']]
    assert main(arguments(root, *pairs, 'data.save_dir', tmp_path)) == 0
    before = ['model.resume', tmp_path / 'model/model.pth.tar-1', key, value]
    assert main(arguments(root, *pairs, *before, 'data.save_dir', tmp_path / 'other')) == 1
    assert f'was written with {key} ' in capsys.readouterr().err
