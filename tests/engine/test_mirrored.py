"""Image and mirror image against plain means of what the model says of each."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from helpers import tiny_engine, tiny_model
from helpers.fake_market import write_market_tree
from helpers.tiny_run import arguments
from midattr_plugin.engine import evaluation
from midattr_plugin.engine.mirrored import network_output
from midattr_plugin.engine.precision import Precision
from midattr_plugin.schema import HEAD, NO_YES, UPPER_BODY, Attribute, AttributeSchema
from midattr_plugin.train import main

SCHEMA = AttributeSchema(
    'street',
    (Attribute('hat', NO_YES, HEAD), Attribute('vest', ('red', 'green', 'blue'), UPPER_BODY)),
)
FP32 = Precision('fp32', 'cpu')


@pytest.fixture
def root(tmp_path):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    return tmp_path


def trained_once(**options):
    model = tiny_model.build(schema=SCHEMA, **options)
    model(tiny_model.images(8))  # statistics of batch normalization
    return model.eval()


@torch.no_grad()
@pytest.mark.parametrize('bnneck', [False, True])
@pytest.mark.parametrize('branches', tiny_model.BRANCHES)
def test_features_are_averaged_before_they_are_normalized(branches, bnneck):
    model, images = trained_once(branches=branches, bnneck=bnneck), tiny_model.images()
    output = network_output(model, images, FP32, flip=True)
    for number, image in enumerate(images):
        views = [model(x[None], return_dict=True) for x in (image, image.flip(2))]
        parts = []
        for branch in model.descriptor_slices:
            feature = sum(view['features'][branch] for view in views) / 2
            if bnneck:
                feature = getattr(model, 'bnneck' if branch == 'global' else 'bnneck_part')(feature)
            parts.append(feature / feature.norm())
        expected = torch.cat(parts, 1)[0]
        torch.testing.assert_close(output['descriptor'][number], expected, atol=1e-5, rtol=1e-4)
        for name in SCHEMA.names:
            logs = [view['attribute_logits'][name].softmax(1).log()[0] for view in views]
            likely = ((logs[0] + logs[1]) / 2).exp()
            found = output['attribute_logits'][name][number].softmax(0)
            torch.testing.assert_close(found, likely / likely.sum(), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_both_directions_get_the_same_answer_to_the_last_bit():
    model, images = trained_once(), tiny_model.images()
    answers = [network_output(model, x, FP32, flip=True) for x in (images, images.flip(-1))]
    assert torch.equal(answers[0]['descriptor'], answers[1]['descriptor'])
    single = network_output(model, images, FP32)
    torch.testing.assert_close(single['descriptor'], model(images))
    assert not torch.equal(single['descriptor'], answers[0]['descriptor'])


@torch.no_grad()
def test_a_model_of_attributes_alone():
    model = tiny_model.build(schema=SCHEMA, num_classes=0, loss='midattr').eval()
    output = network_output(model, tiny_model.images(), FP32, flip=True)
    assert output['descriptor'].shape == (4, 0) and set(output['attribute_logits']) == {
        'hat',
        'vest',
    }


def scores(engine):
    engine.test()
    results = engine.results
    queries = {key: queries.average_precision for key, queries in engine.query_scores.items()}
    return results.reid, results.attributes, results.confusion, queries


def test_all_scores_are_those_of_both_directions(root):
    """Ranking by branches, attributes and their counts do not change if all images are mirrored."""
    engine = tiny_engine.build(root)
    engine.test_flip = True
    expected = scores(engine)
    assert engine.results.test_flip is True
    for loader in engine.test_loader['market1501_attr'].values():
        loader.dataset.transform.transforms.append(nn.Module())
        loader.dataset.transform.transforms[-1].forward = lambda image: image.flip(-1)
        break  # both splits have the same transform
    np.testing.assert_equal(scores(engine), expected)


SOFTMAX = ['model.name', 'resnet18', 'loss.name', 'softmax']


@pytest.mark.parametrize('pairs', [[], SOFTMAX], ids=['ours', 'of torchreid'])
def test_the_key_reaches_extraction_and_results(root, pairs, monkeypatch, capsys):
    described = []
    describe = evaluation.EvaluationMixin._describe

    def keep(engine, data):
        images = data['img'].clone()
        result = describe(engine, data)
        described.append((engine, images, result[0].clone()))
        return result

    monkeypatch.setattr(evaluation.EvaluationMixin, '_describe', keep)
    assert main(arguments(root, *pairs, 'train.max_epoch', 1, 'midattr.test_flip', True)) == 0
    assert json.loads((root / 'log/metrics.json').read_text())['test_flip'] is True
    assert 'together with its mirror image' in capsys.readouterr().out
    engine, images, features = described[-1]
    with torch.no_grad():
        model = engine.model.eval()
        if pairs:
            expected = (model(images) + model(images.flip(3))) / 2
        else:
            expected = network_output(model, images, FP32, flip=True)['descriptor']
    torch.testing.assert_close(features, expected)
    assert main(arguments(root, *pairs, 'train.max_epoch', 1)) == 0
    assert 'test_flip' not in json.loads((root / 'log/metrics.json').read_text())
