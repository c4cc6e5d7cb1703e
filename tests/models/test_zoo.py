"""Names, arguments and sizes of the registered models; the large ones without any memory."""

import pytest
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets import DUKEMTMCREID, MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.models import BACKBONES, MODELS

NUM_IDS = 751


def on_meta(name, **options):
    with torch.device('meta'):
        return MODELS[name](NUM_IDS, pretrained=False, **options)


def num_parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


def test_names():
    assert set(MODELS) == {
        f'midattr_{backbone}{ending}'
        for backbone in BACKBONES
        for ending in ('', '_market', '_duke', '_market_duke')
    }


@pytest.mark.parametrize(
    'ending, names',
    [
        ('', None),
        ('_market', set(MARKET1501.names)),
        ('_duke', set(DUKEMTMCREID.names)),
        ('_market_duke', {*MARKET1501.names, *DUKEMTMCREID.names}),
    ],
)
def test_attributes(ending, names):
    model = on_meta(f'midattr_resnet18{ending}')
    assert (model.schema and set(model.schema.names)) == names
    assert hasattr(model, 'attribute_heads') == (names is not None)


@pytest.mark.parametrize('depth', [18, 34, 50, 101, 152])
def test_without_part_branch_it_is_torchreids_resnet(depth):
    with torch.device('meta'):
        theirs = torchreid_compat.models.build_model(f'resnet{depth}', NUM_IDS, pretrained=False)
    ours = on_meta(f'midattr_resnet{depth}', branches=('global',))
    assert num_parameters(ours) == num_parameters(theirs)
    assert {key: value.shape for key, value in ours.state_dict().items()} == {
        key: value.shape for key, value in theirs.state_dict().items()
    }


def test_what_the_part_branch_and_the_attributes_add():
    whole = on_meta('midattr_resnet50_market')
    without_part = on_meta('midattr_resnet50_market', branches=('global',))
    without_attributes = on_meta('midattr_resnet50', branches=('global',))

    with torch.device('meta'):
        conv5 = num_parameters(torchvision.models.resnet50().layer4)
    reduction = 2048 * 256 + 256
    classifier = 8 * 256 * NUM_IDS + NUM_IDS
    assert num_parameters(whole) - num_parameters(without_part) == conv5 + reduction + classifier

    heads = sum((512 * len(a.parts) + 1) * len(a.classes) for a in MARKET1501)
    assert num_parameters(without_part) - num_parameters(without_attributes) == heads


def multiply_adds(model, height, width, **arguments):
    """Of one image in eval mode, by PyTorch's counter of operations."""
    with torch.device('meta'), FlopCounterMode(display=False) as counter:
        model.eval()(torch.rand(1, 3, height, width), **arguments)
    return counter.get_total_flops() / 2


@pytest.mark.parametrize('height, width', [(256, 128), (224, 224)])
def test_multiply_adds(height, width):
    """The global branch costs nothing more; the part branch a conv5, the 1x1 next to nothing."""
    with torch.device('meta'):
        theirs = torchreid_compat.models.build_model('resnet50', NUM_IDS, pretrained=False)
    alone = multiply_adds(theirs, height, width)
    ours = on_meta('midattr_resnet50_market', part_rows=height // 32)
    assert multiply_adds(on_meta('midattr_resnet50', branches=('global',)), height, width) == alone
    with torch.device('meta'), FlopCounterMode(display=False) as counter:
        ours.layer4(torch.rand(1, 1024, height // 16, width // 16))
    conv5 = counter.get_total_flops() / 2
    reduction = height // 32 * 2048 * 256
    whole = multiply_adds(ours, height, width)
    assert whole == alone + conv5 + reduction
    heads = sum(512 * len(a.parts) * len(a.classes) for a in MARKET1501)
    assert multiply_adds(ours, height, width, return_dict=True) == whole + heads
    with torch.device('meta'):
        _, counted_by_torchreid = torchreid_compat.utils.compute_model_complexity(
            ours, (1, 3, height, width)
        )
    assert counted_by_torchreid == pytest.approx(whole, rel=1e-5)  # it adds biases


def test_torchreids_build_model_builds_it():
    torchreid_compat.register_model('midattr_resnet18_duke', MODELS['midattr_resnet18_duke'])
    with torch.device('meta'):
        model = torchreid_compat.models.build_model(
            'midattr_resnet18_duke', NUM_IDS, loss='triplet', pretrained=False, use_gpu=False
        )
    assert model.loss == 'triplet'
    assert model.classifier.out_features == model.classifier_part.out_features == NUM_IDS


def test_options_are_passed_on():
    model = on_meta(
        'midattr_resnet18_market',
        use_gpu=False,
        loss='midattr',
        part_rows=7,
        part_dim=32,
        descriptor='local',
        layer_overrides=('age=res4f',),
    )
    assert model.feature_dim == 7 * 32
    assert model.attribute_heads.layer_of['age'] == 'res4f'
    model = on_meta(
        'midattr_resnet18_duke', bnneck=True, last_stride=1, part_rows=16, attribute_layer='mixture'
    )
    assert model.bnneck.num_features == 512 and model.bnneck_part.num_features == 16 * 256
    assert model.layer4[0].conv1.stride == model.layer4_part[0].conv1.stride == (1, 1)
    assert model.attribute_heads.mixture.logits.shape == (len(DUKEMTMCREID), 3)


def test_pretrained_weights(tmp_path):
    torch.manual_seed(5)
    state = torchvision.models.resnet18().state_dict()
    torch.save(state, tmp_path / 'resnet18.pth')
    model = MODELS['midattr_resnet18'](3, weights_file=str(tmp_path / 'resnet18.pth'))
    for key in ('conv1.weight', 'layer4.1.bn2.running_mean'):
        assert torch.equal(model.state_dict()[key], state[key])
    for key, tensor in model.layer4_part.state_dict().items():
        assert torch.equal(tensor, state[f'layer4.{key}'])


def test_weights_that_cannot_be_had(tmp_path):
    with pytest.raises(InputError, match='midattr.weights_file'):
        MODELS['midattr_resnet50'](3, weights_file=str(tmp_path / 'none.pth'))
    with pytest.raises(InputError, match='midattr.weights: '):
        MODELS['midattr_resnet50'](3, weights='IMAGENET9')


def test_unknown_loss():
    with pytest.raises(InputError, match='loss.name: .*softmax, triplet, midattr'):
        on_meta('midattr_resnet18', loss='center')
