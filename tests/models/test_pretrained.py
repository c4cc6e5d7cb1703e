import pytest
import torch
from torch import nn

from helpers import tiny_model
from midattr_plugin import torchreid_compat
from midattr_plugin.models.pretrained import WeightsError, build_and_compare, new_layers


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.base = nn.Linear(3, 10, bias=False)  # 30 weights
        self.fc = nn.Linear(10, 1, bias=False)  # 10
        self.classifier = nn.Linear(1, 100)


def factory(*loaded):
    """Build a network with pretrained weights in some of its children."""

    def build(pretrained):
        net = Net()
        for name in loaded if pretrained else ():
            nn.init.constant_(getattr(net, name).weight, 5)
        return net

    return build


@pytest.mark.parametrize(
    'loaded, share, lacking',
    [
        ((), 0, ('base', 'fc')),
        (('base',), 0.75, ('fc',)),
        (('fc',), 0.25, ('base',)),
        (('base', 'fc'), 1, ()),
        (('classifier',), 0, ('base', 'fc')),
    ],
)
def test_share_of_loaded_weights(loaded, share, lacking):
    _, found = build_and_compare(factory(*loaded))
    assert found.share == share and found.lacking == lacking


def test_the_comparison_draws_no_random_numbers():
    torch.manual_seed(3)
    expected, following = Net(), torch.rand(1)
    torch.manual_seed(3)
    net, _ = build_and_compare(factory())
    assert torch.equal(torch.rand(1), following)
    assert torch.equal(net.base.weight, expected.base.weight)


def test_errors_of_the_weights_and_of_the_model():
    def build(pretrained):
        if pretrained:
            raise OSError('no network')
        return Net()

    with pytest.raises(WeightsError) as error:
        build_and_compare(build)
    assert isinstance(error.value.__cause__, OSError)
    with pytest.raises(ZeroDivisionError):  # a bug
        build_and_compare(lambda pretrained: 1 / 0)


@pytest.mark.parametrize('bnneck', [False, True])
@pytest.mark.parametrize('branches', tiny_model.BRANCHES)
def test_new_layers_of_our_models(branches, bnneck):
    """All children but those of the backbone and the copy of its tail."""
    model = tiny_model.build(branches=branches, bnneck=bnneck)
    backbone = 'conv1 bn1 relu maxpool layer1 layer2 layer3 layer4 layer4_part'.split()
    children = [name for name, _ in model.named_children()]
    assert list(new_layers(model)) == [name for name in children if name not in backbone]
    assert ('part_reduction' in new_layers(model)) == ('local' in branches)
    model.more = nn.Linear(1, 1)  # of a head of one's own
    assert new_layers(model)[-1] == 'more'


@pytest.mark.parametrize(
    'name, expected',
    [
        ('resnet18', ['classifier']),
        ('osnet_x0_25', ['classifier']),
        ('hacnn', ['classifier_global', 'classifier_local']),
    ],
)
def test_new_layers_of_torchreids_models(name, expected):
    model = torchreid_compat.models.build_model(name, 3, pretrained=False, use_gpu=False)
    assert sorted(new_layers(model)) == expected
