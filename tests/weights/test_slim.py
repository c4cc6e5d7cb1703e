"""A small checkpoint says what the large one says."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.fake_market import write_market_tree
from helpers.tiny_checkpoint import write_checkpoint
from helpers.tiny_run import arguments
from midattr_plugin import load_model
from midattr_plugin.errors import InputError
from midattr_plugin.predict import Predictor
from midattr_plugin.train import main
from midattr_plugin.weights import slim_checkpoint

TOOL = Path(__file__).parents[2] / 'tools/slim_checkpoint.py'


@pytest.fixture
def images():
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (64, 32, 3), np.uint8) for _ in range(5)]


def test_answers_are_the_same_but_for_rounding(tmp_path, images):
    large, small = write_checkpoint(tmp_path / 'large.pth', num_classes=70), tmp_path / 'small.pth'
    slim_checkpoint(large, small)
    one, other = (
        Predictor(path, use_gpu=False, precision='fp32')(images) for path in (large, small)
    )
    assert np.allclose(one.descriptors, other.descriptors, atol=2e-3)
    for name, values in one.probabilities.items():
        assert np.allclose(values, other.probabilities[name], atol=2e-3)
    assert small.stat().st_size < 0.6 * large.stat().st_size
    model = load_model(small)
    assert model.spec.num_classes == 1
    assert model.classifier.weight.shape[0] == model.classifier_part.weight.shape[0] == 1


def test_a_training_leaves_only_what_matters(tmp_path):
    write_market_tree(tmp_path, train_ids=(2, 7), test_ids=(1, 3))
    assert main(arguments(tmp_path, 'train.max_epoch', 1, 'midattr.bnneck', True)) == 0
    large, small = tmp_path / 'log/model/model.pth.tar-last', tmp_path / 'small.pth'
    assert subprocess.run([sys.executable, TOOL, large, small]).returncode == 0
    content = torch.load(small, weights_only=True)
    assert set(content) == {
        *('model', 'state_dict', 'training_images', 'chosen_on', 'epoch', 'started_from')
    }
    before = torch.load(large, weights_only=False)
    assert content['training_images'] == before['training_images']
    assert str(tmp_path).encode() not in small.read_bytes()  # no path of a machine
    assert {value.dtype for value in content['state_dict'].values()} == {torch.half, torch.int64}
    line = arguments(tmp_path, 'train.max_epoch', 1, 'midattr.bnneck', True)
    assert (
        main([*line, 'model.load_weights', str(small), 'data.save_dir', str(tmp_path / 'b')]) == 0
    )


def test_attributes_alone(tmp_path):
    large = write_checkpoint(tmp_path / 'large.pth', num_classes=0, options={})
    slim_checkpoint(large, tmp_path / 'small.pth')
    assert load_model(tmp_path / 'small.pth').spec.num_classes == 0


def test_what_is_refused(tmp_path):
    theirs = write_checkpoint(
        tmp_path / 'a.pth',
        name='squeezenet1_0',
        backbone='',
        loss='softmax',
        schema=None,
        options={},
    )
    with pytest.raises(InputError, match='does not describe a model of this project; take one'):
        slim_checkpoint(theirs, tmp_path / 'small.pth')
    large = write_checkpoint(tmp_path / 'large.pth')
    content = torch.load(large, weights_only=True)
    name, weight = next(iter(content['state_dict'].items()))
    weight.fill_(1e6)
    torch.save(content, large)
    with pytest.raises(InputError, match=f'large.pth" has a weight, {name}, of 1e[+]06, which'):
        slim_checkpoint(large, tmp_path / 'small.pth')
    assert not (tmp_path / 'small.pth').exists()
