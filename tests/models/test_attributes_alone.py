"""A model of attributes alone, against one that also knows identities."""

import pytest
import torch

from helpers.tiny_model import build, images
from midattr_plugin import MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.losses import MidAttrLoss
from midattr_plugin.models.spec import ModelSpec
from midattr_plugin.models.zoo import midattr_model

LAYERS = {
    'res3d': 'layer2',
    'res4f': 'layer3',
    'res5c': 'layer4',
    'pool5': 'layer4',
    'mixture': 'layer4',
}


def alone(layer='res3d', **options):
    return build(num_classes=0, schema=MARKET1501, attribute_layer=layer, loss='midattr', **options)


@pytest.mark.parametrize(('layer', 'last'), LAYERS.items())
def test_it_ends_behind_the_layer_that_is_read(layer, last):
    names = [name for name, _ in alone(layer).named_children()]
    assert names[-2:] == [last, 'attribute_heads']
    assert not any('part' in name or 'classifier' in name or 'neck' in name for name in names)


@pytest.mark.parametrize('layer', LAYERS)
def test_attributes_are_those_of_a_whole_model(layer):
    whole = build(schema=MARKET1501, attribute_layer=layer).eval()
    model = alone(layer, bnneck=True).eval()
    model.load_state_dict({name: whole.state_dict()[name] for name in model.state_dict()})
    with torch.no_grad():
        ours = model(images(), return_dict=True)
        expected = whole(images(), return_dict=True)['attribute_logits']
    assert ours['attribute_logits'].keys() == expected.keys()
    for name, logits in expected.items():
        assert torch.equal(ours['attribute_logits'][name], logits)
    assert ours['descriptor'].shape == (4, 0) and model.feature_dim == 0
    assert model(images()).shape == (4, 0)
    with torch.no_grad():
        maps, theirs = model.layer_maps(images()), whole.layer_maps(images())
        last = model(images(), return_featuremaps=True)
    assert ('pool5' in maps) == (LAYERS[layer] == 'layer4')
    assert all(torch.equal(maps[name], theirs[name]) for name in maps)
    assert torch.equal(last, maps['res5c' if 'pool5' in maps else layer])


@pytest.mark.parametrize('layer', LAYERS)
def test_every_weight_is_trained(layer):
    model = alone(layer).train()
    output = model(images(), return_dict=True)
    assert output['identity_logits'] == {}
    labels = torch.zeros(4, len(MARKET1501), dtype=torch.int64)
    terms = MidAttrLoss()({}, output['attribute_logits'], torch.zeros(4, dtype=int), labels)
    assert set(terms) == {'loss', *(f'loss_{name}' for name in MARKET1501.names)}
    losses = [terms[f'loss_{name}'] for name in MARKET1501.names]
    assert terms['loss'].item() == pytest.approx(0.1 * sum(losses).item())
    terms['loss'].backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_its_description_builds_it_again():
    model = midattr_model(
        0, 'midattr', False, backbone='resnet18', schema=MARKET1501, image_size=(64, 32)
    )
    again = ModelSpec.from_dict(model.spec.as_dict()).build()
    assert again.num_classes == 0
    assert list(again.state_dict()) == list(model.state_dict())


def test_nothing_to_learn():
    with pytest.raises(InputError, match='neither identities nor attributes'):
        build(num_classes=0, loss='midattr')
    with pytest.raises(InputError, match='loss.name: "softmax" is one of identities'):
        build(num_classes=0, schema=MARKET1501)
