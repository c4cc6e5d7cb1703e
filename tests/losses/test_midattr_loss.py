import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.plain_cross_entropy import reference
from midattr_plugin.errors import InputError
from midattr_plugin.losses import (
    AttributeLoss,
    BatchHardTripletLoss,
    FocalLoss,
    MidAttrLoss,
    TaskUncertainty,
)
from midattr_plugin.losses.midattr_loss import READINGS

CLASSES = {'gender': 2, 'age': 4, 'upper_color': 8}


def batch(size, seed=0, branches=('global', 'local'), attributes=tuple(CLASSES)):
    generator = torch.Generator().manual_seed(seed)

    def randn(columns):
        return torch.randn(size, columns, generator=generator, dtype=torch.float64)

    return (
        {branch: randn(6).requires_grad_() for branch in branches},
        {name: randn(CLASSES[name]).requires_grad_() for name in attributes},
        torch.randint(6, (size,), generator=generator),
    )


@st.composite
def labels(draw):
    rows = st.tuples(*(st.integers(-1, classes - 1) for classes in CLASSES.values()))
    return torch.tensor(draw(st.lists(rows, min_size=1, max_size=6)))


@settings(deadline=None, max_examples=60)
@given(
    attrs=labels(),
    seed=st.integers(0, 99),
    branches=st.sampled_from([('global', 'local'), ('global',), ('local',)]),
    reading=st.sampled_from(READINGS),
    smoothing=st.sampled_from([0.0, 0.1]),
)
def test_equals_plain_reference(attrs, seed, branches, reading, smoothing):
    logits, attributes, pids = batch(len(attrs), seed, branches)
    criterion = MidAttrLoss(3, 2, 0.25, reading, smoothing)
    terms = criterion(logits, attributes, pids, attrs)

    identity = {name: reference(x, pids, smoothing) for name, x in logits.items()}
    recognition = {name: reference(attributes[name], attrs[:, i]) for i, name in enumerate(CLASSES)}
    weights = {'global': 3, 'local': 2}
    total = 0
    for name, loss in identity.items():
        total += (0.25 if reading == 'attribute_units' else 1) * weights[name] * loss
    for loss in recognition.values():
        total += loss / 3 if reading == 'apr' else 0.25 * loss
    expected = {'loss': total} | {f'loss_{name}': x for name, x in (identity | recognition).items()}
    assert list(terms) == list(expected)
    for name, value in expected.items():
        assert terms[name].item() == pytest.approx(value, rel=1e-9, abs=1e-12), name


def test_readings_with_the_values_of_the_paper():
    """Defaults: 0.5 and 0.4 of the identity losses, 0.1 of each attribute's; otherwise 5 and 4."""
    arguments = *batch(4), torch.zeros(4, 3, dtype=torch.int64)
    terms = MidAttrLoss()(*arguments)
    sum_of_attributes = sum(terms[f'loss_{name}'] for name in CLASSES)
    for criterion, mu, nu, weight in (
        (MidAttrLoss(), 0.5, 0.4, 0.1),
        (MidAttrLoss(reading='literal'), 5, 4, 0.1),
        (MidAttrLoss(reading='apr'), 5, 4, 1 / 3),  # of 3 attributes
        (MidAttrLoss(reading='apr', attribute_weight=0.7), 5, 4, 1 / 3),
    ):
        torch.testing.assert_close(
            criterion(*arguments)['loss'],
            mu * terms['loss_global'] + nu * terms['loss_local'] + weight * sum_of_attributes,
        )


def test_without_attributes():
    logits, _, pids = batch(3)
    for attrs in (None, torch.full((3, 0), -1)):
        for reading in READINGS:
            terms = MidAttrLoss(reading=reading)(logits, {}, pids, attrs)
            assert list(terms) == ['loss', 'loss_global', 'loss_local']
            unit = 0.1 if reading == 'attribute_units' else 1
            torch.testing.assert_close(
                terms['loss'], unit * (5 * terms['loss_global'] + 4 * terms['loss_local'])
            )


def test_all_labels_unknown():
    logits, attributes, pids = batch(3)
    terms = MidAttrLoss()(logits, attributes, pids, torch.full((3, 3), -1))
    terms['loss'].backward()
    for name, x in attributes.items():
        assert terms[f'loss_{name}'].item() == 0
        assert torch.equal(x.grad, torch.zeros_like(x))
    for x in logits.values():
        assert x.grad.isfinite().all() and (x.grad != 0).all()


def test_without_extensions_the_loss_is_the_sum_bit_for_bit():
    """In the order in which it is summed without them."""
    logits, attributes, pids = (*batch(5)[:2], torch.tensor([0, 1, 2, 3, 4]))
    logits, attributes = (
        {name: x.float() for name, x in group.items()} for group in (logits, attributes)
    )
    attrs = torch.tensor([[0, 3, -1], [1, 2, 7], [0, -1, 5], [-1, 0, 0], [1, 1, 2]])
    terms = MidAttrLoss()(logits, attributes, pids, attrs, None, {})
    cross_entropy = torch.nn.functional.cross_entropy
    total = sum(
        weight * cross_entropy(logits[branch], pids, reduction='sum') / 5
        for branch, weight in (('global', 0.1 * 5.0), ('local', 0.1 * 4.0))
    )
    total = total + 0.1 * sum(
        cross_entropy(x, attrs[:, i], ignore_index=-1, reduction='sum') / (attrs[:, i] >= 0).sum()
        for i, x in enumerate(attributes.values())
    )
    assert torch.equal(terms['loss'], total)


def test_another_attribute_loss_changes_the_attributes_only():
    arguments = *batch(4), torch.zeros(4, 3, dtype=torch.int64)
    plain, focal = MidAttrLoss()(*arguments), MidAttrLoss(attribute_loss=FocalLoss())(*arguments)
    assert {name for name in plain if plain[name] != focal[name]} == {
        'loss',
        *(f'loss_{name}' for name in CLASSES),
    }


@pytest.mark.parametrize('reading', READINGS)
def test_learned_factors(reading):
    """The total by hand; the terms that are logged are those without the factors."""
    logits, attributes, pids = batch(4)
    attrs = torch.tensor([[0, 3, -1], [1, 2, -1], [0, -1, -1], [1, 1, -1]])
    uncertainty = TaskUncertainty(['global', 'local', *CLASSES])
    criterion = MidAttrLoss(3, 2, 0.25, reading, task_uncertainty=uncertainty)
    fixed = MidAttrLoss(3, 2, 0.25, reading)(logits, attributes, pids, attrs)
    assert criterion(logits, attributes, pids, attrs) == fixed
    values = [0.3, -0.2, 0.5, -0.4, 0.9]
    with torch.no_grad():
        uncertainty.log_variances.copy_(torch.tensor(values))
    terms = criterion(logits, attributes, pids, attrs)
    unit, each = {'attribute_units': (0.25, 0.25), 'literal': (1, 0.25), 'apr': (1, 1 / 3)}[reading]
    weights = {'global': unit * 3, 'local': unit * 2, 'gender': each, 'age': each}
    total = sum(
        weight * (math.exp(-s) * fixed[f'loss_{name}'].item() + s / 2)
        for (name, weight), s in zip(weights.items(), values[:4], strict=True)
    )
    assert terms['loss'].item() == pytest.approx(total)
    assert {**terms, 'loss': 0} == {**fixed, 'loss': 0}
    terms['loss'].backward()
    assert (uncertainty.log_variances.grad[:4] != 0).all()
    assert uncertainty.log_variances.grad[4] == 0  # no upper color is known


class Tempered(AttributeLoss):
    """An attribute loss that learns something."""

    def __init__(self):
        super().__init__()
        self.temperature = torch.nn.Parameter(torch.tensor(2.0))

    def forward(self, name, logits, labels, num_known=None):
        return torch.nn.functional.cross_entropy(logits / self.temperature, labels)


def test_groups_of_what_is_learned():
    """Without weight decay; nothing where nothing is learned."""
    assert MidAttrLoss().param_groups() == []
    uncertainty, tempered = TaskUncertainty(['global']), Tempered()
    criterion = MidAttrLoss(attribute_loss=tempered, task_uncertainty=uncertainty)
    (group,) = criterion.param_groups()
    assert {id(p) for p in group['params']} == {
        id(uncertainty.log_variances),
        id(tempered.temperature),
    }
    assert group['weight_decay'] == 0


def test_an_attribute_loss_of_ones_own_learns():
    criterion = MidAttrLoss(attribute_loss=Tempered())
    logits, attributes, pids = batch(4)
    attrs = torch.tensor([[0, 3, 7], [1, 2, 0], [0, 0, 1], [1, 1, 2]])
    terms = criterion(logits, attributes, pids, attrs)
    for i, (name, x) in enumerate(attributes.items()):
        expected = torch.nn.functional.cross_entropy(x / 2, attrs[:, i])
        torch.testing.assert_close(terms[f'loss_{name}'], expected)
    terms['loss'].backward()
    assert criterion.attribute_loss.temperature.grad != 0


def hardest_triplets(features, pids, margin):
    losses = []
    for i, anchor in enumerate(features.tolist()):
        distances = [
            (math.dist(anchor, other), bool(pids[i] == pids[j]))
            for j, other in enumerate(features.tolist())
        ]
        positive = max(distance for distance, same in distances if same)
        negative = min(distance for distance, same in distances if not same)
        losses.append(max(0.0, positive - negative + margin))
    return sum(losses) / len(losses)


@pytest.mark.parametrize('reading', READINGS)
@pytest.mark.parametrize('branches', [('global', 'local'), ('local',)])
def test_triplet_loss_equals_plain_loops(branches, reading):
    logits, attributes, _ = batch(6, branches=branches)
    pids = torch.tensor([0, 0, 1, 1, 2, 2])
    features = {
        branch: torch.randn(6, 5, dtype=torch.float64, requires_grad=True) for branch in branches
    }
    arguments = logits, attributes, pids, torch.zeros(6, 3, dtype=torch.int64)
    plain = MidAttrLoss(reading=reading)(*arguments)
    criterion = MidAttrLoss(
        reading=reading, triplet_weight=0.7, metric_loss=BatchHardTripletLoss(0.4)
    )
    terms = criterion(*arguments, features=features)
    expected = {
        f'loss_triplet_{branch}': hardest_triplets(feature, pids, 0.4)
        for branch, feature in features.items()
    }
    assert list(terms) == [*plain, *expected]
    for name, value in expected.items():
        assert terms[name].item() == pytest.approx(value, abs=1e-5), name
    assert terms['loss'].item() == pytest.approx(
        plain['loss'].item() + 0.7 * sum(expected.values()), abs=1e-5
    )
    terms['loss'].backward()
    assert all((feature.grad != 0).any() for feature in features.values())


def test_label_smoothing_leaves_the_attributes_alone():
    arguments = *batch(3), torch.zeros(3, 3, dtype=torch.int64)
    plain, smooth = MidAttrLoss()(*arguments), MidAttrLoss(label_smoothing=0.1)(*arguments)
    assert {name for name in plain if plain[name] != smooth[name]} == {
        'loss',
        'loss_global',
        'loss_local',
    }


def test_another_number_of_labels_is_refused():
    logits, attributes, pids = batch(3)
    with pytest.raises(ValueError):
        MidAttrLoss()(logits, attributes, pids, torch.zeros(3, 2, dtype=torch.int64))


def test_unknown_reading():
    with pytest.raises(InputError, match='midattr.loss_reading: .*attribute_units, literal, apr'):
        MidAttrLoss(reading='verbatim')


def test_a_triplet_loss_needs_features():
    logits, _, pids = batch(4)
    with pytest.raises(ValueError, match='features'):
        MidAttrLoss(triplet_weight=0.7)(logits, {}, pids)
