"""Scores of a predictor on a dataset, against those of a test."""

import json

import pytest

from helpers.fake_market import write_market_tree
from helpers.tiny_checkpoint import write_checkpoint
from helpers.tiny_run import UNTRAINED, arguments
from midattr_plugin.config import parse_config
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.export.scores import Scores, score_table, scores_by_target
from midattr_plugin.predict import Predictor
from midattr_plugin.train import main


@pytest.mark.parametrize('metric', ['euclidean', 'cosine'])
def test_equals_a_test(tmp_path, metric):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    path = write_checkpoint(
        tmp_path / 'm.pth',
        num_classes=4,
        schema=MARKET1501,
        image_size=(32, 16),
        options={'part_dim': 8},
    )
    test = ['test.evaluate', True, 'model.load_weights', path, 'test.dist_metric', metric]
    assert main(arguments(tmp_path, *test)) == 0
    results = json.loads((tmp_path / 'log/metrics-test.json').read_text())
    expected = results['reid']['market1501_attr']['fused']
    cfg = parse_config(arguments(tmp_path, *UNTRAINED, 'test.dist_metric', metric))
    predictor = Predictor(path, use_gpu=False, precision='fp32', batch_size=3)
    scores = scores_by_target({'ours': predictor}, cfg)['market1501_attr']['ours']
    assert scores.mAP == pytest.approx(expected['mAP'])
    assert scores.rank1 == pytest.approx(expected['rank-1'])
    binary = results['attributes_binary']['market1501_attr']['mean']['mA']
    assert scores.mA == pytest.approx(binary)


def test_table():
    text = score_table(
        {'market': {'PyTorch': Scores(0.5, 0.75, None), 'a.onnx': Scores(0.495, 0.75, None)}}
    )
    assert [line.split() for line in text.splitlines()] == [
        ['market', 'mAP', 'rank-1', 'mA'],
        ['PyTorch', '50.0%', '75.0%', '-'],
        ['a.onnx', '49.5%', '(-0.50)', '75.0%', '(+0.00)', '-'],
    ]
