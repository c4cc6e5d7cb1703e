"""The network with cosines in the place of identity logits."""

import pytest
import torch

from helpers.tiny_model import BRANCHES, NUM_IDS, build, images
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.losses import CircleSoftmax, MidAttrLoss

COSINES = {'classifier': 'cosine', 'loss': 'midattr'}
CHILDREN = {'global': 'classifier', 'local': 'classifier_part'}


@pytest.mark.parametrize('bnneck', [False, True])
@pytest.mark.parametrize('branches', BRANCHES)
def test_only_the_classifiers_are_others(branches, bnneck):
    options = {'branches': branches, 'bnneck': bnneck, 'schema': MARKET1501, 'loss': 'midattr'}
    plain, model = build(**options), build(**options | COSINES)
    ours, before = model.state_dict(), plain.state_dict()
    biases = set() if bnneck else {f'{CHILDREN[branch]}.bias' for branch in branches}
    assert set(ours) == set(before) - biases
    others = {f'{CHILDREN[branch]}.weight' for branch in branches}
    assert {name for name in ours if not torch.equal(ours[name], before[name])} == others
    assert model.has_cosines and not plain.has_cosines
    assert model.new_layers == plain.new_layers


@pytest.mark.parametrize('branches', BRANCHES)
def test_cosines(branches):
    model = build(branches=branches, dropout=0.0, **COSINES)
    output = model(images(), return_dict=True)
    for branch in branches:
        weight = getattr(model, CHILDREN[branch]).weight
        feature = output['features'][branch]
        expected = torch.cosine_similarity(feature[:, None], weight[None], dim=2)
        torch.testing.assert_close(output['identity_logits'][branch], expected)
        assert expected.shape == (4, NUM_IDS)


def test_every_weight_is_trained():
    model = build(schema=MARKET1501, bnneck=True, **COSINES)
    output = model(images(), return_dict=True)
    criterion = MidAttrLoss(margin_softmax=CircleSoftmax())
    attrs = torch.zeros(4, len(MARKET1501), dtype=torch.int64)
    logits = output['identity_logits'], output['attribute_logits']
    criterion(*logits, torch.arange(4), attrs)['loss'].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_bf16():
    """The loss multiplies cosines by 64: they are not rounded to 8 bits."""
    model = build(dropout=0.0, **COSINES)
    with torch.autocast('cpu', torch.bfloat16):
        output = model(images(height=128, width=64), return_dict=True)
    assert {x.dtype for x in output['identity_logits'].values()} == {torch.float32}
    exact = model.double().classify_identity(
        {branch: x.double() for branch, x in output['features'].items()}
    )
    for branch, x in output['identity_logits'].items():
        torch.testing.assert_close(x.double(), exact[branch], atol=1e-6, rtol=1e-5)


def test_attributes_alone_have_none():
    assert not build(num_classes=0, schema=MARKET1501, **COSINES).has_cosines
