import pytest
import torch

from helpers import tiny_model
from midattr_plugin import torchreid_compat
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.engine.reached_outputs import reached_outputs


def reached(model, *prefixes, size=(64, 32)):
    names = [
        name
        for name, weight in model.state_dict().items()
        if weight.is_floating_point() and name.startswith(prefixes)
    ]
    assert names
    return reached_outputs(model, names, *size)


@pytest.fixture(scope='module')
def model():
    return tiny_model.build('tiny', schema=MARKET1501)


def test_each_output_is_reached_from_what_it_is_computed_from(model):
    everything = ['descriptor', *MARKET1501.names]
    assert reached(model, 'layer1') == everything
    assert reached(model, 'layer3') == ['descriptor']
    assert reached(model, 'layer4_part') == ['descriptor']
    assert reached(model, 'part_reduction') == ['descriptor']
    assert reached(model, 'attribute_heads.heads.hat') == ['hat']
    assert reached(model, 'classifier') == []
    assert reached_outputs(model, [], 64, 32) == []


def test_batch_statistics_alone_are_enough(model):
    assert reached(model, 'layer3.1.running_var') == ['descriptor']


def test_a_descriptor_of_one_branch():
    model = tiny_model.build('tiny', schema=None, descriptor='global')
    assert reached(model, 'layer4_part') == []
    assert reached(model, 'layer4') == ['descriptor']


def test_the_model_is_left_as_it_was(model):
    model.train()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    state = torch.get_rng_state()
    reached(model, 'layer2')
    assert model.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], weight) for name, weight in model.state_dict().items())


@pytest.mark.parametrize('name', ['osnet_x0_25', 'mobilenetv2_x1_0', 'resnet18'])
def test_models_of_torchreid(name):
    net = torchreid_compat.models.build_model(name, 3, pretrained=False)
    assert reached(net, 'classifier') == []
    assert reached(net, next(iter(net.state_dict()))) == ['descriptor']
