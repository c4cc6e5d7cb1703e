import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_masked_cross_entropy import reference

from midattr_plugin.errors import InputError
from midattr_plugin.losses import MidAttrLoss

CLASSES = {'gender': 2, 'age': 4, 'upper_colour': 8}


def batch(size, seed=0, branches=('global', 'local'), attributes=tuple(CLASSES)):
    generator = torch.Generator().manual_seed(seed)

    def randn(columns):
        return torch.randn(size, columns, generator=generator, dtype=torch.float64)

    return ({branch: randn(6).requires_grad_() for branch in branches},
            {name: randn(CLASSES[name]).requires_grad_() for name in attributes},
            torch.randint(6, (size,), generator=generator))


@st.composite
def labels(draw):
    rows = st.tuples(*(st.integers(-1, classes - 1) for classes in CLASSES.values()))
    return torch.tensor(draw(st.lists(rows, min_size=1, max_size=6)))


@settings(deadline=None, max_examples=60)
@given(attrs=labels(), seed=st.integers(0, 99), branches=st.sampled_from(
    [('global', 'local'), ('global',), ('local',)]), literal=st.booleans(),
    smoothing=st.sampled_from([0., .1]))
def test_equals_plain_reference(attrs, seed, branches, literal, smoothing):
    logits, attributes, pids = batch(len(attrs), seed, branches)
    criterion = MidAttrLoss(3, 2, .25, 'literal' if literal else 'attribute_units', smoothing)
    terms = criterion(logits, attributes, pids, attrs)

    identity = {name: reference(x, pids, smoothing) for name, x in logits.items()}
    recognition = {name: reference(attributes[name], attrs[:, i])
                   for i, name in enumerate(CLASSES)}
    weights = {'global': 3, 'local': 2}
    total = 0
    for name, loss in identity.items():
        total += (1 if literal else .25) * weights[name] * loss
    for loss in recognition.values():
        total += .25 * loss
    expected = {'loss': total} | {f'loss_{name}': x for name, x in (identity | recognition).items()}
    assert list(terms) == list(expected)
    for name, value in expected.items():
        assert terms[name].item() == pytest.approx(value, rel=1e-9, abs=1e-12), name


def test_readings_with_the_values_of_the_paper():
    """Defaults: 0.5 and 0.4 of the identity losses, 0.1 of each attribute's; literally 5 and 4."""
    arguments = *batch(4), torch.zeros(4, 3, dtype=torch.int64)
    terms = MidAttrLoss()(*arguments)
    sum_of_attributes = sum(terms[f'loss_{name}'] for name in CLASSES)
    for criterion, mu, nu in ((MidAttrLoss(), .5, .4), (MidAttrLoss(reading='literal'), 5, 4)):
        torch.testing.assert_close(
            criterion(*arguments)['loss'],
            mu * terms['loss_global'] + nu * terms['loss_local'] + .1 * sum_of_attributes)


def test_without_attributes():
    logits, _, pids = batch(3)
    for attrs in (None, torch.full((3, 0), -1)):
        assert list(MidAttrLoss()(logits, {}, pids, attrs)) == ['loss', 'loss_global', 'loss_local']


def test_all_labels_unknown():
    logits, attributes, pids = batch(3)
    terms = MidAttrLoss()(logits, attributes, pids, torch.full((3, 3), -1))
    terms['loss'].backward()
    for name, x in attributes.items():
        assert terms[f'loss_{name}'].item() == 0
        assert torch.equal(x.grad, torch.zeros_like(x))
    for x in logits.values():
        assert x.grad.isfinite().all() and (x.grad != 0).all()


def test_label_smoothing_leaves_the_attributes_alone():
    arguments = *batch(3), torch.zeros(3, 3, dtype=torch.int64)
    plain, smooth = MidAttrLoss()(*arguments), MidAttrLoss(label_smoothing=.1)(*arguments)
    assert {name for name in plain if plain[name] != smooth[name]} == {
        'loss', 'loss_global', 'loss_local'}


def test_another_number_of_labels_is_refused():
    logits, attributes, pids = batch(3)
    with pytest.raises(ValueError):
        MidAttrLoss()(logits, attributes, pids, torch.zeros(3, 2, dtype=torch.int64))


def test_unknown_reading():
    with pytest.raises(InputError, match='midattr.loss_reading: .*attribute_units, literal'):
        MidAttrLoss(reading='verbatim')
