"""Learned weights of the layers, from the command line to ``metrics.json``."""

import json

import pytest
import torch

from helpers.fake_market import write_market_tree
from helpers.tiny_run import arguments
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.models import ResNet
from midattr_plugin.train import main

MIXED_LAYERS = list(ResNet.layers)

EXTENDED = [
    'midattr.attribute_layer',
    'mixture',
    'midattr.layer_overrides',
    "['age=res4f']",
    'midattr.bnneck',
    True,
    'midattr.last_stride',
    1,
]


@pytest.fixture
def root(tmp_path):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    return tmp_path


def metrics(root, name='metrics.json'):
    return json.loads((root / 'log' / name).read_text())


def test_weights_are_in_the_results(root, capsys):
    assert main(arguments(root, *EXTENDED)) == 0
    out = capsys.readouterr().out
    weights = metrics(root)['layer_weights']
    assert list(weights) == [name for name in MARKET1501.names if name != 'age']
    checkpoint = torch.load(root / 'log/model/model.pth.tar-best', weights_only=True)
    logits = checkpoint['state_dict']['attribute_heads.mixture.logits'].double()
    assert logits.abs().sum() > 0  # it has learned
    for row, expected in zip(weights.values(), logits.exp(), strict=True):
        assert list(row) == MIXED_LAYERS
        assert sum(row.values()) == pytest.approx(1)
        assert list(row.values()) == pytest.approx((expected / expected.sum()).tolist())
    table = out.split('** Weights of the mixed layers **\n')[1].splitlines()
    assert table[0].split() == MIXED_LAYERS
    assert [line.split()[0] for line in table[1:12]] == list(weights)

    before = metrics(root)
    weights_file = root / 'log/model/model.pth.tar-last'
    assert (
        main(arguments(root, *EXTENDED, 'test.evaluate', True, 'model.load_weights', weights_file))
        == 0
    )
    assert 'left out: none' in capsys.readouterr().out
    assert metrics(root, 'metrics-test.json') == before


def test_without_mixed_layers_there_are_none(root, capsys):
    assert main(arguments(root, 'train.max_epoch', 1)) == 0
    assert 'layer_weights' not in metrics(root)
    assert 'Weights of the mixed layers' not in capsys.readouterr().out
