"""Fields of the results beyond the fixed ones."""

import json
from types import SimpleNamespace

import pytest
from torch import nn

from helpers.fake_market import write_market_tree
from helpers.tiny_run import arguments
from midattr_plugin.engine.measurements import MEASUREMENTS, layer_weights
from midattr_plugin.engine.results import Results
from midattr_plugin.errors import InputError
from midattr_plugin.train import main


@pytest.fixture
def added():
    """A function that adds a measurement for the duration of a test."""
    names = []

    def add(name, function):
        MEASUREMENTS.register(name)(function)
        names.append(name)

    yield add
    for name in names:
        MEASUREMENTS.unregister(name)


@pytest.mark.parametrize(
    'settings', [(), ('model.name', 'resnet18', 'loss.name', 'softmax')], ids=['ours', 'torchreid']
)
def test_a_field_of_ones_own(tmp_path, added, settings):
    added('num_targets', lambda engine: len(engine.results.reid))
    added('nothing', lambda engine: None)
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3))
    assert main(arguments(tmp_path, 'train.max_epoch', 1, *settings)) == 0
    content = json.loads((tmp_path / 'log/metrics.json').read_text())
    assert content['num_targets'] == 1 and 'nothing' not in content
    assert Results.read(tmp_path / 'log/metrics.json').extra['num_targets'] == 1


@pytest.mark.parametrize('name', ['reid', 'format_version'])
def test_the_name_of_another_field(tmp_path, added, capsys, name):
    added(name, lambda engine: 1)
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3))
    assert main(arguments(tmp_path, 'train.max_epoch', 1)) == 1
    assert f'measurement "{name}" has the name of another field' in capsys.readouterr().err


def test_a_name_that_is_taken():
    with pytest.raises(InputError, match='measurement "validation" is already registered'):
        MEASUREMENTS.register('validation')(print)


def test_a_model_of_others_with_a_child_of_the_same_name():
    model = nn.ModuleDict({'attribute_heads': nn.Linear(1, 1)})
    assert layer_weights(SimpleNamespace(model=model)) is None
