"""Scores of a predictor on a dataset, against those of a test."""

import json

import numpy as np
import pytest

from helpers.fake_market import write_market_tree
from helpers.tiny_checkpoint import write_checkpoint
from helpers.tiny_run import UNTRAINED, arguments
from midattr_plugin.config import parse_config
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.export.scores import (
    Scores,
    score,
    score_table,
    scores_by_target,
    targets_of,
)
from midattr_plugin.predict import Prediction, Predictor
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


def test_normalized_descriptors(tmp_path):
    """Those of torchreid's models have lengths, which a key takes away."""
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))

    class Long:
        """Lengths of descriptors that change the order."""

        schema = None

        def batches(self, paths):
            random = np.random.default_rng(len(paths))
            for _ in paths:
                values = random.normal(size=(1, 4)) * random.uniform(0.1, 10)
                yield Prediction(None, {}, values.astype(np.float32))

    found = {}
    for is_on in (False, True):
        given = arguments(tmp_path, *UNTRAINED, 'test.normalize_feature', is_on)
        found[is_on] = scores_by_target({'x': Long()}, parse_config(given))
    [(_, query, gallery)] = [
        (name, *splits) for name, splits in targets_of(parse_config(given)).items()
    ]

    class Unit(Long):
        def batches(self, paths):
            for one in super().batches(paths):
                values = one.descriptors / np.linalg.norm(one.descriptors)
                yield Prediction(None, {}, values)

    assert found[True]['market1501_attr']['x'] == score(Unit(), query, gallery)
    assert found[False] != found[True]


@pytest.mark.parametrize(
    'key, value, remedy',
    [
        ('test.rerank', True, 'False'),
        ('midattr.test_flip', True, 'False'),
        ('midattr.query_expansion', 5, '0'),
        ('cuhk03.use_metric_cuhk03', True, 'False'),
    ],
)
def test_other_rankings_are_refused(tmp_path, key, value, remedy):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    cfg = parse_config(arguments(tmp_path, *UNTRAINED))
    section, name = key.split('.')
    cfg[section][name] = value
    with pytest.raises(InputError, match=f'{key} is {value}, but exported .* set it to {remedy}'):
        scores_by_target({}, cfg)


def test_rendered_images_are_called_so(tmp_path):
    tree = write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    (tree / 'RENDERED.txt').touch()
    scores = scores_by_target({}, parse_config(arguments(tmp_path, *UNTRAINED)))
    assert list(scores) == ['market1501_attr (rendered images)']


def test_table():
    text = score_table(
        {'market': {'PyTorch': Scores(0.5, 0.75, None), 'a.onnx': Scores(0.495, 0.75, None)}}
    )
    assert [line.split() for line in text.splitlines()] == [
        ['market', 'mAP', 'rank-1', 'mA'],
        ['PyTorch', '50.0%', '75.0%', '-'],
        ['a.onnx', '49.5%', '(-0.50)', '75.0%', '(+0.00)', '-'],
    ]
