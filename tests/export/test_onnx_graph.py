"""The graph of a model: what it takes, what it gives, and that this is what PyTorch gives."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from helpers.tiny_checkpoint import SCHEMA, SIZE, write_checkpoint
from midattr_plugin import __version__
from midattr_plugin.errors import InputError
from midattr_plugin.export.onnx_graph import write_onnx
from midattr_plugin.export.runtime import OnnxPredictor
from midattr_plugin.predict import Predictor

ODD = {
    'layers of 7, 4 and 2 rows, a mixture, parts that do not divide': {
        'image_size': (56, 24),
        'options': {'attribute_layer': 'mixture', 'part_rows': 3, 'part_dim': 4, 'bnneck': True},
    },
    'a generalized mean': {
        'options': {'attribute_layer': 'pool5', 'part_dim': 4, 'pooling': 'gem'},
    },
    'non-local blocks on both sides of d = N': {
        'image_size': (96, 80),
        'options': {'part_dim': 4, 'non_local': ['res3d', 'res4f']},
    },
    'a maximum': {
        'options': {'branches': ['global'], 'pooling': 'max'},
    },
    'without attributes': {
        'name': 'midattr_tiny',
        'schema': None,
        'options': {'branches': ['local'], 'part_dim': 4, 'part_rows': 1},
        'norm_mean': (0.1, 0.2, 0.3),
    },
    'attributes alone': {
        'num_classes': 0,
        'options': {'attribute_layer': 'res4f'},
    },
    'of torchreid': {
        'name': 'squeezenet1_0',
        'backbone': '',
        'loss': 'softmax',
        'schema': None,
        'options': {},
    },
}


def check_same(reference, other):
    assert np.allclose(reference.descriptors, other.descriptors, rtol=1e-4, atol=1e-5)
    assert list(reference.probabilities) == list(other.probabilities)
    for name, values in reference.probabilities.items():
        assert np.allclose(values, other.probabilities[name], atol=1e-5)


@pytest.mark.parametrize('batch_size', [1, 3, 64])
def test_says_the_same(predictor, onnx_path, images, batch_size):
    check_same(predictor(images), OnnxPredictor(onnx_path, batch_size=batch_size)(images))


@pytest.mark.parametrize('facts', ODD.values(), ids=ODD)
def test_other_models(facts, images, tmp_path):
    path = write_checkpoint(tmp_path / 'm.pth', **facts)
    predictor = Predictor(path, use_gpu=False, precision='fp32')
    write_onnx(predictor.model, tmp_path / 'm.onnx')
    exported = OnnxPredictor(tmp_path / 'm.onnx', batch_size=3)
    check_same(predictor(images), exported(images))
    assert exported.schema == facts.get('schema', SCHEMA)


def test_the_graph_alone(predictor, onnx_path):
    """What a program in another language meets."""
    session = onnxruntime.InferenceSession(onnx_path)
    [images] = session.get_inputs()
    assert (images.name, images.type, images.shape) == (
        'images',
        'tensor(uint8)',
        ['batch', *SIZE, 3],
    )
    outputs = {output.name: output.shape for output in session.get_outputs()}
    assert outputs == {
        'descriptor': ['batch', predictor.model.feature_dim],
        'attribute/hat': ['batch', 2],
        'attribute/vest color': ['batch', 3],
    }
    pixels = np.random.default_rng(0).integers(0, 256, (2, *SIZE, 3), np.uint8)
    _, _, logits = session.run(None, {'images': pixels})
    with torch.no_grad():
        normalized = (
            torch.tensor(pixels).permute(0, 3, 1, 2) / 255
            - torch.tensor(predictor.model.spec.norm_mean).view(3, 1, 1)
        ) / torch.tensor(predictor.model.spec.norm_std).view(3, 1, 1)
        expected = predictor.model(normalized, return_dict=True)['attribute_logits']['vest color']
    assert np.allclose(logits, expected, atol=1e-4)


def test_facts_in_the_file(onnx_path):
    model = onnx.load(onnx_path)
    onnx.checker.check_model(model, full_check=True)
    properties = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert properties == {
        'midattr_format_version': 1,
        'midattr_model': 'midattr_tiny_market',
        'midattr_schema': {
            'name': 'street',
            'attributes': [
                {'name': 'hat', 'classes': ['no', 'yes'], 'parts': [1]},
                {'name': 'vest color', 'classes': ['red', 'green', 'blue'], 'parts': [1, 2]},
            ],
        },
        'midattr_descriptor_size': 24,
        'midattr_image_size': [64, 32],
        'midattr_norm_mean': [0.485, 0.456, 0.406],
        'midattr_norm_std': [0.229, 0.224, 0.225],
        'midattr_trained_on_rendered': None,
        'midattr_written_by': __version__,
        'midattr_numbers': 'float32',
        'midattr_resize': 'bilinear, antialiased, as of Pillow',
    }


def test_the_model_is_not_changed(predictor, onnx_path):
    weight = predictor.model.layer1[0].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert not predictor.model.training


def test_no_counterpart(predictor, tmp_path):
    class Branching(nn.Module):
        spec, trained_on_rendered = predictor.model.spec, None

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))

        def forward(self, x, return_dict=False):
            descriptor = x.flatten(1) if x.sum() > self.weight else -x.flatten(1)
            return {'descriptor': descriptor, 'attribute_logits': {}} if return_dict else descriptor

    with pytest.raises(InputError, match='"midattr_tiny_market" cannot be exported'):
        write_onnx(Branching(), tmp_path / 'm.onnx')
    assert not list(tmp_path.iterdir())


def test_a_pytorch_that_is_too_old(predictor, tmp_path, monkeypatch):
    monkeypatch.setattr(torch, '__version__', '2.6.0+cu124')
    with pytest.raises(InputError, match=r'needs PyTorch 2.11 or later, and this is 2.6.0\+cu124'):
        write_onnx(predictor.model, tmp_path / 'm.onnx')
    assert not list(tmp_path.iterdir())
