"""The network with a BNNeck in each branch."""

import pytest
import torch

from helpers.normalized import normalized
from helpers.tiny_model import BRANCHES, NUM_IDS, build, images
from midattr_plugin import torchreid_compat
from midattr_plugin.datasets import MARKET1501

NECKS = {'global': 'bnneck', 'local': 'bnneck_part'}
CLASSIFIERS = {'global': 'classifier', 'local': 'classifier_part'}


@pytest.mark.parametrize('branches', BRANCHES)
def test_children_and_parameters(branches):
    plain, model = build(branches=branches), build(branches=branches, bnneck=True)
    names = [name for name, _ in model.named_children()]
    assert [name for name in names if name not in NECKS.values()] == [
        name for name, _ in plain.named_children()
    ]
    for branch, neck in NECKS.items():
        assert (neck in names) == (branch in branches)
        if branch in branches:
            assert names.index(CLASSIFIERS[branch]) == names.index(neck) + 1
    without_bias = {f'{CLASSIFIERS[branch]}.bias' for branch in branches}
    neck_keys = {
        f'{NECKS[branch]}.{name}'
        for branch in branches
        for name in ('weight', 'running_mean', 'running_var', 'num_batches_tracked')
    }
    assert set(model.state_dict()) == set(plain.state_dict()) - without_bias | neck_keys


@torch.no_grad()
@pytest.mark.parametrize('branches', BRANCHES)
def test_which_feature_is_read(branches):
    """The classifier and the descriptor read behind the neck; the features are before it."""
    plain, model = build(branches=branches), build(branches=branches, bnneck=True, dropout=0.0)
    model.load_state_dict(plain.state_dict(), strict=False)
    for branch in branches:
        torch.nn.init.uniform_(getattr(model, NECKS[branch]).weight, 0.5, 2)
    output = model(images(), return_dict=True)
    before = plain(images(), return_dict=True)['features']
    for branch in branches:
        x = output['features'][branch]
        torch.testing.assert_close(x, before[branch])
        neck, classifier = getattr(model, NECKS[branch]), getattr(model, CLASSIFIERS[branch])
        behind = normalized(x, neck, x.mean(0), x.var(0, unbiased=False))
        torch.testing.assert_close(
            output['identity_logits'][branch], behind @ classifier.weight.T, rtol=1e-3, atol=1e-4
        )

    output = model.eval()(images(), return_dict=True)
    for branch, columns in model.descriptor_slices.items():
        neck = getattr(model, NECKS[branch])
        behind = normalized(output['features'][branch], neck, neck.running_mean, neck.running_var)
        expected = behind / behind.square().sum(1, keepdim=True).sqrt()
        torch.testing.assert_close(output['descriptor'][:, columns], expected)
        torch.testing.assert_close(model(images())[:, columns], expected)
    for branch, logits in model.classify_identity(output['features']).items():
        neck, classifier = getattr(model, NECKS[branch]), getattr(model, CLASSIFIERS[branch])
        behind = normalized(output['features'][branch], neck, neck.running_mean, neck.running_var)
        torch.testing.assert_close(logits, behind @ classifier.weight.T)


@pytest.mark.parametrize('branches', BRANCHES)
def test_a_triplet_loss_takes_the_features_before_it(branches):
    model = build(branches=branches, loss='triplet', dropout=0.0, bnneck=True)
    _, features = model(images())
    features = features if len(branches) > 1 else (features,)
    before = model(images(), return_dict=True)['features']
    for x, branch in zip(features, branches, strict=True):
        torch.testing.assert_close(x, before[branch])


def test_torchreid_freezes_and_opens_by_name():
    model = build(schema=MARKET1501, bnneck=True)
    new = ['bnneck', 'classifier', 'part_reduction', 'bnneck_part', 'classifier_part']
    torchreid_compat.utils.open_specified_layers(model, new)
    open_ = {name.split('.')[0] for name, p in model.named_parameters() if p.requires_grad}
    assert open_ == set(new)
    assert model.bnneck.training and not model.layer4.training
    # torchreid does this before every epoch; there must be no bias to learn then
    torchreid_compat.utils.open_all_layers(model)
    assert not any(
        name.endswith('.bias')
        for name, _ in model.named_parameters()
        if name.split('.')[0] in NECKS.values()
    )


def test_state_dict_round_trip(tmp_path):
    model = build(bnneck=True)
    model(images())
    torch.save(model.state_dict(), tmp_path / 'model.pth')
    other = build(bnneck=True, num_classes=NUM_IDS)
    other.load_state_dict(torch.load(tmp_path / 'model.pth', weights_only=True))
    assert torch.equal(model.eval()(images()), other.eval()(images()))


def test_bf16():
    model = build(bnneck=True)
    with torch.autocast('cpu', torch.bfloat16):
        output = model(images(), return_dict=True)
    sum(x.float().square().sum() for x in output['identity_logits'].values()).backward()
    assert model.bnneck.weight.grad.abs().sum() > 0
