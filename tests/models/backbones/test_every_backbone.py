"""What every backbone must be able to do.

The slower of these tests take the first backbones alone, or as many as ``--backbones`` says.
"""

import math

import pytest
import torch
import torchvision

from helpers.backbone_names import NAMES, TORCHREID, image_size
from helpers.fake_market import write_market_tree
from helpers.tiny_run import arguments
from midattr_plugin import load_model, torchreid_compat
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.losses import MidAttrLoss
from midattr_plugin.models import BACKBONES, MODELS, MidAttrNet
from midattr_plugin.models.backbone import find_backbone
from midattr_plugin.train import main

UNPADDED = ('inception', 'squeezenet', 'xception')  # their maps have a row or two less


def library_maps(name, x):
    """The last map of a network of the library as the library computes it."""
    torch.manual_seed(4)
    if name in TORCHREID:
        network = torchreid_compat.models.build_model(name, 1, pretrained=False, use_gpu=False)
        network.eval()
        if hasattr(network, 'featuremaps'):
            return network.featuremaps(x)
        if hasattr(network, 'features'):
            return network.features(x)
        for child in ('conv1', 'stage2', 'stage3', 'stage4'):  # shufflenet, in its forward
            x = getattr(network, child)(x)
        return x
    maps = []
    network = torchvision.models.get_model(name).eval()
    if name.startswith(('densenet', 'mnasnet', 'shufflenet', 'mobilenet_v2')):
        # what these average is no module's input
        mean, average = torch.Tensor.mean, torch.nn.functional.adaptive_avg_pool2d
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch.Tensor, 'mean', lambda x, *a: maps.append(x) or mean(x, *a))
            patch.setattr(
                torch.nn.functional,
                'adaptive_avg_pool2d',
                lambda x, size: maps.append(x) or average(x, size),
            )
            network(x)
    else:
        network.avgpool.register_forward_hook(lambda module, given, output: maps.append(given[0]))
        network(x)
    return maps[-1]


@torch.no_grad()
@pytest.mark.parametrize('name', NAMES)
def test_it_is_the_network_of_its_library(name):
    """And layers are the deepest maps of their stride; the tail is what follows the trunk."""
    image = image_size(name)
    x = torch.rand(1, 3, *image)
    torch.manual_seed(4)
    backbone = BACKBONES[name]()
    layer_after = {child: layer for layer, child in backbone.layers.items()}
    maps = {}
    y = x
    for child, module in {**backbone.trunk, backbone.tail_name: backbone.tail}.items():
        y = module.eval()(y)
        if child in layer_after:
            maps[layer_after[child]] = y
    kept = {layer: value.clone() for layer, value in maps.items()}
    assert torch.equal(y, library_maps(name, x))
    assert list(maps) == list(backbone.layers) == list(BACKBONES[name].layers)
    for layer, value in maps.items():
        assert torch.equal(value, kept[layer])
        size = tuple(math.ceil(pixels / backbone.strides[layer]) for pixels in image)
        assert value.shape[1] == backbone.channels[layer]
        if not name.startswith(UNPADDED):
            assert value.shape[2:] == size, layer
    assert backbone.map_sizes(*image) == {layer: value.shape[1:] for layer, value in maps.items()}
    *_, before, last = backbone.strides.values()
    assert (before, last) in [(8, 16), (16, 32)]


def test_layers_are_not_overwritten(some_backbone):
    """A module that works in place must not change the map that attributes read."""
    torch.manual_seed(0)
    name, image = some_backbone, image_size(some_backbone)
    model = MidAttrNet(3, BACKBONES[name](), MARKET1501, 'mixture', image_size=image, part_dim=4)
    x = torch.rand(2, 3, *image)
    seen = {}
    for layer, child in BACKBONES[name].layers.items():
        getattr(model, child).register_forward_hook(
            lambda module, given, output, layer=layer: seen.update(
                {layer: (output, output.clone())}
            )
        )
    model(x, return_dict=True)
    assert set(seen) == set(BACKBONES[name].layers)
    for layer, (value, kept) in seen.items():
        assert torch.equal(value, kept), layer


def test_a_step_reaches_every_parameter(some_backbone):
    torch.manual_seed(0)
    image = image_size(some_backbone)
    model = MODELS[f'midattr_{some_backbone}_market'](
        3, 'midattr', False, attribute_layer='s8', image_size=image, part_dim=4, dropout=0.0
    )
    images = torch.rand(4, 3, *image)
    output = model(images, return_dict=True)
    attrs = torch.zeros(4, len(MARKET1501), dtype=torch.int64)
    loss = MidAttrLoss()(
        output['identity_logits'], output['attribute_logits'], torch.tensor([0, 1, 2, 0]), attrs
    )['loss']
    loss.backward()
    lacking = [name for name, p in model.named_parameters() if p.grad is None]
    assert not lacking
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    torch.optim.SGD(model.parameters(), 0.1).step()
    assert all(torch.isfinite(p).all() for p in model.parameters())
    # a shift behind which a normalization follows has no slope but rounding
    moved = [name for name, p in model.named_parameters() if not torch.equal(p, before[name])]
    assert len(moved) > 0.9 * len(before)
    assert set(model.attribute_heads.layer_of.values()) == {
        next(iter(BACKBONES[some_backbone].layers))
    }


def test_train_test_resume_and_load(some_backbone, tmp_path, capsys):
    height, width = image_size(some_backbone)
    write_market_tree(tmp_path, train_ids=(2, 7), test_ids=(1, 3))
    line = arguments(
        tmp_path,
        *('model.name', f'midattr_{some_backbone}_market', 'midattr.attribute_layer', 's8'),
        *('data.height', height, 'data.width', width, 'train.batch_size', 4),
        *('midattr.extensions', '[]', 'data.transforms', "['random_flip']"),
    )
    assert main([*line, 'train.max_epoch', '1']) == 0
    checkpoint = tmp_path / 'log/model/model.pth.tar-last'
    assert main([*line, 'train.max_epoch', '2', 'model.resume', str(checkpoint)]) == 0
    assert 'fused' in capsys.readouterr().out
    model = load_model(checkpoint)
    assert model.spec.backbone == some_backbone
    with torch.no_grad():
        output = model(torch.rand(2, 3, height, width), return_dict=True)
    assert output['descriptor'].shape == (2, model.feature_dim)
    assert list(output['attribute_logits']) == list(MARKET1501.names)


@pytest.mark.parametrize('name', NAMES)
def test_last_stride_1_has_the_rows_of_the_layer_before(name):
    kind = BACKBONES[name]
    if name.startswith(('inception', 'squeezenet', 'convnext')):
        with pytest.raises(InputError, match='midattr.last_stride: the stride of the end of'):
            kind(None, 1)
        return
    torch.manual_seed(1)
    backbone = kind(None, 1)
    *_, before, last = backbone.map_sizes(*image_size(name)).values()
    assert last[1:] == before[1:]
    torch.manual_seed(1)
    plain = kind(None, 2)
    for one, other in ((backbone.tail, plain.tail), *zip_modules(backbone.trunk, plain.trunk)):
        weights = list(one.state_dict().values()), list(other.state_dict().values())
        assert all(torch.equal(a, b) for a, b in zip(*weights, strict=True))


def zip_modules(one, other):
    return [(one[name], other[name]) for name in one]


def test_normalization_of_the_pretrained_weights():
    imagenet = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    others = {name for name in BACKBONES if BACKBONES[name].normalization() != imagenet}
    assert others == {'inceptionv4', 'inceptionresnetv2', 'xception', 'efficientnet_v2_l'}
    assert BACKBONES['xception'].normalization() == ((0.5,) * 3, (0.5,) * 3)


def test_the_list_has_a_network_of_every_family():
    families = {name[:6] for name in NAMES}
    assert {name[:6] for name in BACKBONES} - families <= {'wide_r', 'timm', 'tiny'}
    assert len(NAMES) >= 25 and set(NAMES) <= set(BACKBONES)
    assert all(find_backbone(name) is BACKBONES[name] for name in NAMES)
