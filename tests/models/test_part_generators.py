"""Networks of one random state share the initial weights of the parts that both have."""

import pytest
import torch

from helpers.tiny_model import build
from midattr_plugin import torchreid_compat
from midattr_plugin.datasets import DUKEMTMCREID, MARKET1501
from midattr_plugin.models.part_generators import PartGenerators

WHOLE = {'schema': MARKET1501}


@pytest.mark.parametrize(
    'options',
    [
        {'schema': None},
        {'branches': ['global']},
        {'branches': ['local']},
        {'attribute_layer': 'mixture'},
        {'layer_overrides': ['age=res5c', 'gender=res4f']},
        {'schema': DUKEMTMCREID},
        {'bnneck': True},
        {'non_local': ['res3d', 'res4f']},
        {'pooling': 'gem'},
        {'dropout': 0.0, 'part_rows': 1},
        {'num_classes': 7},
        {'freeze_bn': True},
    ],
    ids=str,
)
def test_shared_layers_start_with_the_same_weights(options):
    first, second = build(**WHOLE), build(**WHOLE | options)
    drawn = torch.rand(1)
    build(**WHOLE)
    assert torch.rand(1) == drawn  # what follows, e.g. dropout, is the same, too
    weights, others = dict(first.named_parameters()), dict(second.named_parameters())
    shared = [
        name for name in weights.keys() & others.keys() if weights[name].shape == others[name].shape
    ]
    assert len(shared) > 30
    assert any(name.startswith('classifier') for name in shared) or 'num_classes' in options
    for name in shared:
        assert torch.equal(weights[name], others[name]), name


def test_a_mixture_starts_with_the_heads_of_its_layers():
    plain, mixed = build(**WHOLE), build(**WHOLE, attribute_layer='mixture')
    for name, head in plain.attribute_heads.heads.items():
        by_layer = mixed.attribute_heads.heads[name]
        assert torch.equal(head.weight, by_layer['res3d'].weight)
        assert by_layer['res4f'].weight.flatten()[0] != head.weight.flatten()[0]


def test_parts_differ_from_each_other_and_from_seed_to_seed():
    heads = build(**WHOLE).attribute_heads.heads
    assert heads['gender'].weight.shape == heads['age'].weight[:2].shape
    assert not torch.equal(heads['gender'].weight, heads['age'].weight[:2])
    torch.manual_seed(1)
    one, two, three = (PartGenerators() for _ in range(3))
    drawn = []
    for generators, name in ((one, 'a'), (one, 'b'), (two, 'a'), (three, 'ab')):
        with generators.part(name):
            drawn.append(torch.rand(1).item())
    assert len(set(drawn)) == 4


def test_models_one_after_the_other_differ():
    """As an ensemble of them must."""
    torchreid_compat.utils.set_random_seed(1)
    first, second = (
        torchreid_compat.models.build_model('midattr_resnet18_market', 5, pretrained=False)
        for _ in range(2)
    )
    for name, weight in first.classifier.named_parameters():
        assert name == 'bias' or not torch.equal(weight, second.classifier.get_parameter(name))
