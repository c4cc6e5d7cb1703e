"""Margins of the identities, against plain numbers and against pytorch-metric-learning."""

import math

import pytest
import torch
from pytorch_metric_learning import losses as library
from torch.nn import functional as F

from midattr_plugin.losses import CLASSIFIERS, ArcFace, CircleSoftmax, CosFace, MidAttrLoss
from midattr_plugin.models.layers import CosineClassifier

KINDS = [kind for kind in CLASSIFIERS.values() if kind is not None]
PIDS = torch.tensor([2, 0, 1, 2])


def cosines():
    """Two of the true identity are 1 and -1."""
    x = torch.rand(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1
    x[0, 2], x[1, 0] = 1, -1
    return x


def plain(kind, cosine, is_true, s, m):
    if kind is CosFace:
        return s * (cosine - m * is_true)
    if kind is CircleSoftmax:
        if is_true:
            return s * max(0, 1 + m - cosine) * (cosine - (1 - m))
        return s * max(0, cosine + m) * (cosine - m)
    if not is_true:
        return s * cosine
    angle = math.acos(cosine)
    if angle + m > math.pi:
        return s * (cosine - m * math.sin(m))
    return s * math.cos(angle + m)


@pytest.mark.parametrize('s, m', [(64.0, 0.35), (30.0, 0.5), (1.0, 0.0)])
@pytest.mark.parametrize('kind', KINDS)
def test_equals_plain_numbers(kind, s, m):
    expected = [
        [plain(kind, float(c), k == pid, s, m) for k, c in enumerate(row)]
        for row, pid in zip(cosines(), PIDS.tolist(), strict=True)
    ]
    found = kind(s, m)(cosines(), PIDS)
    torch.testing.assert_close(found, torch.tensor(expected).double(), rtol=1e-6, atol=0.02)
    torch.testing.assert_close(found[2:], torch.tensor(expected).double()[2:])


@pytest.mark.parametrize(
    'ours, theirs',
    [
        (CosFace(30, 0.2), lambda n, d: library.CosFaceLoss(n, d, margin=0.2, scale=30)),
        (
            ArcFace(30, 0.4),
            lambda n, d: library.ArcFaceLoss(n, d, margin=math.degrees(0.4), scale=30),
        ),
    ],
    ids=['cosface', 'arcface'],
)
def test_equals_the_library(ours, theirs):
    """Losses, and gradients of features and weights."""
    classifier, expected = CosineClassifier(6, 3).double(), theirs(3, 6).double()
    with torch.no_grad():
        expected.W.copy_(classifier.weight.T)
    features = torch.randn(4, 6, dtype=torch.float64, requires_grad=True)
    loss = F.cross_entropy(ours(classifier(features), PIDS), PIDS)
    other = expected(features, PIDS)
    torch.testing.assert_close(loss, other)
    found = torch.autograd.grad(loss, [features, classifier.weight])
    wanted = torch.autograd.grad(other, [features, expected.W])
    torch.testing.assert_close(found[0], wanted[0])
    torch.testing.assert_close(found[1], wanted[1].T)


def test_weights_of_the_circle_have_no_gradient():
    x = cosines().requires_grad_()
    CircleSoftmax(8, 0.25)(x, PIDS).sum().backward()
    expected = [
        [8 * max(0.0, 1.25 - float(c) if k == pid else float(c) + 0.25) for k, c in enumerate(row)]
        for row, pid in zip(cosines(), PIDS.tolist(), strict=True)
    ]
    torch.testing.assert_close(x.grad, torch.tensor(expected).double())


@pytest.mark.parametrize('kind', KINDS)
def test_a_margin_makes_it_harder(kind):
    """But for cosines of 1 it has finite gradients everywhere, and the scale is that of a test."""
    x = cosines().float().requires_grad_()
    loss = F.cross_entropy(kind()(x, PIDS), PIDS)
    loss.backward()
    assert x.grad.isfinite().all()
    assert loss > F.cross_entropy(kind().scaled(x), PIDS)
    assert torch.equal(kind(3.0).scaled(x), 3 * x)


@pytest.mark.parametrize('smoothing', [0.0, 0.1])
@pytest.mark.parametrize('kind', KINDS)
def test_in_the_whole_loss(kind, smoothing):
    pids = PIDS
    logits = {'global': cosines(), 'local': -cosines()}
    margin = kind(10, 0.3)
    terms = MidAttrLoss(label_smoothing=smoothing, margin_softmax=margin)(logits, {}, pids)
    for branch, x in logits.items():
        expected = F.cross_entropy(margin(x, pids), pids, label_smoothing=smoothing)
        torch.testing.assert_close(terms[f'loss_{branch}'], expected)
    torch.testing.assert_close(
        terms['loss'], 0.5 * terms['loss_global'] + 0.4 * terms['loss_local']
    )


def test_logits_of_a_test():
    logits = {'global': cosines()}
    assert MidAttrLoss().scaled_logits(logits) == logits
    scaled = MidAttrLoss(margin_softmax=ArcFace(5)).scaled_logits(logits)
    assert torch.equal(scaled['global'], 5 * cosines())
