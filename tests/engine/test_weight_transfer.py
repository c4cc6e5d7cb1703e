import collections

import pytest
import torch
from torch import nn

from midattr_plugin.engine.weight_transfer import Transfer, grouped, transfer_weights
from midattr_plugin.errors import InputError


def model(classes=3):
    return nn.Sequential(
        collections.OrderedDict(
            body=nn.Conv2d(3, 4, 1), norm=nn.BatchNorm2d(4), classifier=nn.Linear(4, classes)
        )
    )


def test_weights_of_another_shape_are_left_out_and_what_got_none_is_named():
    state = model(classes=5).state_dict()
    net = model()
    classifier = net.classifier.weight.clone()
    transfer = transfer_weights(net, {'state_dict': state}, 'five')
    assert torch.equal(net.classifier.weight, classifier)
    assert torch.equal(net.body.weight, state['body.weight'])
    assert transfer.left_out == {
        'classifier.weight': '5x4 there, 3x4 here',
        'classifier.bias': '5 there, 3 here',
    }
    assert transfer.missing == ('classifier.weight', 'classifier.bias')
    assert str(transfer) == (
        '6 of the 8 weights of the model; left out: classifier (5x4 there, 3x4 here), '
        'classifier (5 there, 3 here); without weights: classifier'
    )


def test_what_the_checkpoint_lacks_is_named_though_nothing_is_left_out():
    state = {name: w for name, w in model().state_dict().items() if 'norm' not in name}
    transfer = transfer_weights(model(), {'state_dict': state}, 'part')
    assert transfer.left_out == {}
    # the counter of batches is not a weight
    assert transfer.missing == ('norm.weight', 'norm.bias', 'norm.running_mean', 'norm.running_var')
    assert str(transfer).endswith('left out: none; without weights: norm')


def test_everything_fits():
    transfer = transfer_weights(model(), {'state_dict': model().state_dict()}, 'whole')
    assert str(transfer) == '8 of the 8 weights of the model; left out: none'


SAME, OTHER = {'number': 9, 'digest': 'a'}, {'number': 9, 'digest': 'b'}


@pytest.mark.parametrize('then', [None, {}, SAME, OTHER])
@pytest.mark.parametrize('now', [None, {}, SAME])
def test_the_classifier_of_other_people_is_left_out(then, now):
    """Though there are as many people; where the images are not known, the shape decides."""
    checkpoint = {'state_dict': model().state_dict(), 'training_images': then}
    transfer = transfer_weights(model(), checkpoint, 'file', now)
    is_other = then == OTHER and now == SAME
    left_out = {'classifier.weight', 'classifier.bias'} if is_other else set()
    assert set(transfer.left_out) == set(transfer.missing) == left_out
    if left_out:
        assert 'left out: classifier (of other training images)' in str(transfer)


@pytest.mark.parametrize('state', [{'a': torch.ones(1)}, {}])
def test_nothing_fits(state):
    net = model()
    before = {name: weight.clone() for name, weight in net.state_dict().items()}
    with pytest.raises(InputError, match='nothing in "other" fits the model'):
        transfer_weights(net, {'state_dict': state}, 'other')
    assert all(torch.equal(before[name], weight) for name, weight in net.state_dict().items())


def test_a_counter_of_batches_alone_is_nothing():
    with pytest.raises(InputError, match='nothing in "other" fits'):
        transfer_weights(
            model(), {'state_dict': {'norm.num_batches_tracked': torch.tensor(1)}}, 'other'
        )


def test_names_are_grouped_by_layer_and_attribute():
    names = ['layer3.0.weight', 'layer3.1.weight', 'attribute_heads.heads.hat.weight']
    assert grouped(names) == 'layer3, attribute_heads.heads.hat'
    everything = [*names, 'layer3.2.weight']
    assert grouped(names, everything) == 'layer3 (2 of 3), attribute_heads.heads.hat'


def test_a_line_stays_short_for_a_model_of_hundreds_of_layers():
    names = tuple(f'layer{i}.weight' for i in range(300))
    text = str(Transfer(('body.weight',), names, dict.fromkeys(names, 'unknown to the model')))
    assert len(text) < 400 and 'and 292 more' in text
