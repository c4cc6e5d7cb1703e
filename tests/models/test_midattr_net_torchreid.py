"""The network under torchreid's own engines, freezing and learning rates."""

from types import SimpleNamespace

import pytest
import torch

from helpers.tiny_model import BRANCHES, NUM_IDS, build, images
from midattr_plugin import torchreid_compat
from midattr_plugin.datasets import MARKET1501

NEW_LAYERS = ['classifier', 'part_reduction', 'classifier_part', 'attribute_heads']


def engine(name, model):
    loaders = SimpleNamespace(train_loader=[], test_loader={}, num_train_pids=NUM_IDS)
    optimizer = torchreid_compat.optim.build_optimizer(model, optim='sgd', lr=0.01)
    return getattr(torchreid_compat, name)(loaders, model, optimizer, use_gpu=False)


@pytest.mark.parametrize('branches', BRANCHES)
@pytest.mark.parametrize('loss', ['softmax', 'triplet'])
@pytest.mark.parametrize('bnneck', [False, True])
def test_trains_under_torchreid_engines(bnneck, loss, branches):
    model = build(branches=branches, loss=loss, dropout=0.0, bnneck=bnneck)
    output = model(images())
    logits, features = output if loss == 'triplet' else (output, None)
    kind = tuple if len(branches) > 1 else torch.Tensor
    assert isinstance(logits, kind)
    assert features is None or isinstance(features, kind)

    trainer = engine(f'Image{loss.capitalize()}Engine', model)
    data = {'img': images(), 'pid': torch.tensor([0, 0, 3, 3])}
    summaries = [trainer.forward_backward(data) for _ in range(6)]
    key = 'loss' if loss == 'softmax' else 'loss_x'
    assert summaries[-1][key] < summaries[0][key]
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_torchreid_freezes_by_name():
    model = build(schema=MARKET1501)
    torchreid_compat.utils.open_specified_layers(model, NEW_LAYERS)
    open_ = {name.split('.')[0] for name, p in model.named_parameters() if p.requires_grad}
    assert open_ == set(NEW_LAYERS)
    assert model.training and not model.layer4_part.training
    torchreid_compat.utils.open_all_layers(model)
    assert all(p.requires_grad for p in model.parameters())


def test_torchreid_gives_new_layers_their_own_rate():
    model = build(schema=MARKET1501)
    optimizer = torchreid_compat.optim.build_optimizer(
        model, optim='sgd', lr=0.1, staged_lr=True, new_layers=NEW_LAYERS, base_lr_mult=0.1
    )
    rate = {id(p): group['lr'] for group in optimizer.param_groups for p in group['params']}
    assert len(rate) == len(list(model.parameters()))
    for name, parameter in model.named_parameters():
        expected = 0.1 if name.split('.')[0] in NEW_LAYERS else 0.01
        assert rate[id(parameter)] == pytest.approx(expected), name
