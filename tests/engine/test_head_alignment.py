"""Heads are matched by the names of attributes and classes, never by place."""

import pytest
import torch

from helpers import tiny_model
from midattr_plugin import torchreid_compat
from midattr_plugin.datasets import DUKEMTMCREID, MARKET1501
from midattr_plugin.engine.checkpoint_file import restore_model
from midattr_plugin.engine.head_alignment import align_heads, guess_schema
from midattr_plugin.engine.weight_transfer import transfer_weights
from midattr_plugin.errors import InputError
from midattr_plugin.models import ModelSpec
from midattr_plugin.schema import WHOLE_BODY, Attribute, AttributeSchema

HEAD = 'attribute_heads.heads.{}.weight'


def build(name, **options):
    torch.manual_seed(0)
    return torchreid_compat.models.build_model(name, 5, pretrained=False, **options)


def checkpoint(model, described=True):
    content = {'state_dict': {k: v.clone() for k, v in model.state_dict().items()}}
    return content | ({'model': model.spec.as_dict()} if described else {})


def marked(model):
    """A model whose heads have the number of the class's name in each row."""
    for attribute in model.schema:
        head = model.attribute_heads.heads[attribute.name]
        for row, name in enumerate(attribute.classes):
            with torch.no_grad():
                head.weight[row] = head.bias[row] = number(name)
    return model


def number(name):
    return float(sum(ord(letter) * 3**i for i, letter in enumerate(name)) % 9973)


@pytest.mark.parametrize('described', [True, False])
def test_market_weights_in_a_duke_model(described):
    """Both have 8 upper colors, in another order."""
    ours, theirs = DUKEMTMCREID['upper_color'].classes, MARKET1501['upper_color'].classes
    assert len(ours) == len(theirs) and ours != theirs
    market, duke = marked(build('midattr_tiny_market')), build('midattr_tiny_duke')
    before = duke.state_dict()[HEAD.format('upper_color')].clone()
    transfer = transfer_weights(duke, checkpoint(market, described), 'market')
    if set(ours) == set(theirs):
        for row, name in enumerate(ours):
            assert (duke.attribute_heads.heads['upper_color'].weight[row] == number(name)).all()
        assert 'upper_color' in transfer.reordered
    else:
        weights = duke.attribute_heads.heads['upper_color'].weight
        assert torch.equal(weights, before)
        assert 'classes black/' in transfer.left_out[HEAD.format('upper_color')]
        assert HEAD.format('upper_color') in transfer.missing
    hat = duke.attribute_heads.heads['hat'].weight  # no and yes in both
    assert hat[0].eq(number('no')).all() and hat[1].eq(number('yes')).all()


def schema(*attributes):
    return AttributeSchema('some', attributes)


def color(*classes, parts=WHOLE_BODY):
    return Attribute('color', classes, parts)


def net(own_schema, **options):
    model = tiny_model.build('tiny', schema=own_schema, **options)
    model.spec = ModelSpec(
        'x',
        5,
        'midattr',
        'tiny',
        options={'attribute_layer': 'res3d', 'layer_overrides': []} | options,
        schema=own_schema,
    )
    return model


def transferred(theirs, ours):
    return transfer_weights(ours, checkpoint(theirs), 'theirs')


def test_rows_follow_the_names_of_the_classes():
    theirs, ours = (net(schema(color(*order))) for order in (('a', 'b', 'c'), ('c', 'a', 'b')))
    marked(theirs)
    transfer = transferred(theirs, ours)
    head = ours.attribute_heads.heads['color']
    for row, name in enumerate('cab'):
        assert head.weight[row].eq(number(name)).all() and head.bias[row] == number(name)
    assert transfer.reordered == ('color',)
    assert 'classes put in the order of the model: color' in str(transfer)


@pytest.mark.parametrize(
    'options',
    [
        {},
        {'attribute_layer': 'mixture'},
        {'layer_overrides': ['b=mixture', 'a=mixture']},
    ],
)
def test_a_model_of_reordered_classes_answers_as_the_trained_one(options):
    a, b = Attribute('a', ('0', '1', '2'), (1,)), Attribute('b', ('x', 'y'), (2, 3))
    theirs, ours = net(schema(a, b), **options), None
    ours = net(schema(b, Attribute('a', ('2', '0', '1'), (1,))), **options)
    if theirs.attribute_heads.mixture is not None:
        torch.nn.init.normal_(theirs.attribute_heads.mixture.logits)
    transfer = transferred(theirs, ours)
    assert not transfer.missing and not transfer.left_out
    theirs.eval(), ours.eval()
    images = tiny_model.images()
    expected = theirs.schema.decode(theirs(images, return_dict=True)['attribute_logits'])
    assert ours.schema.decode(ours(images, return_dict=True)['attribute_logits']) == [
        {'b': row['b'], 'a': row['a']} for row in expected
    ]


@pytest.mark.parametrize(
    'theirs, ours, reason',
    [
        (color('a', 'b'), color('a', 'c'), 'classes a/b there, a/c here'),
        (color('a', 'b', parts=(1, 2)), color('a', 'b', parts=(3, 4)), 'reads the body parts'),
    ],
)
def test_a_head_of_the_same_shape_that_means_something_else_is_left_out(theirs, ours, reason):
    model = net(schema(ours))
    before = model.attribute_heads.heads['color'].weight.clone()
    transfer = transferred(marked(net(schema(theirs))), model)
    assert reason in transfer.left_out[HEAD.format('color')]
    assert HEAD.format('color') in transfer.missing
    assert torch.equal(model.attribute_heads.heads['color'].weight, before)


def test_a_head_that_reads_another_layer_is_left_out():
    """res5c and pool5 have as many channels."""
    one_part = schema(color('a', 'b', parts=(1,)))
    theirs, ours = net(one_part, attribute_layer='res5c'), net(one_part, attribute_layer='pool5')
    transfer = transferred(theirs, ours)
    assert transfer.left_out[HEAD.format('color')] == 'reads res5c there, pool5 here'
    # nor is it restored as a whole, though every weight has its name and shape
    with pytest.raises(InputError, match=r'other attributes: .*color.*reads res5c there'):
        restore_model(ours, checkpoint(theirs), 'x')
    restore_model(net(one_part, attribute_layer='res5c'), checkpoint(theirs), 'x')


def test_a_head_of_several_layers_is_not_reordered():
    class Deep(torch.nn.Sequential):
        pass

    theirs, ours = (net(schema(color(*order))) for order in ('ab', 'ba'))
    for model in (theirs, ours):
        head = model.attribute_heads.heads['color']
        model.attribute_heads.heads['color'] = Deep(
            torch.nn.Linear(head.in_features, 2), torch.nn.Linear(2, 2)
        )
    transfer = transferred(theirs, ours)
    assert transfer.left_out['attribute_heads.heads.color.0.weight'] == (
        'its classes are in another order there'
    )


def test_heads_of_ones_own_are_taken_only_where_all_classes_are_the_same():
    a, b = color('a', 'b'), color('b', 'a')
    same, other = (net(schema(attribute)) for attribute in (a, b))
    for model in (same, other):
        model.attribute_heads = torch.nn.Linear(2, 2)
    theirs = net(schema(a))
    theirs.attribute_heads = torch.nn.Linear(2, 2)
    assert not transferred(theirs, same).left_out
    assert list(transferred(theirs, other).left_out) == [
        'attribute_heads.weight',
        'attribute_heads.bias',
    ]


def test_other_attributes_of_a_mixture_are_left_out():
    a, b = Attribute('a', ('0', '1'), (1,)), Attribute('b', ('x', 'y'), (2,))
    theirs = net(schema(a), attribute_layer='mixture')
    transfer = transferred(theirs, net(schema(b), attribute_layer='mixture'))
    assert 'mixes other attributes' in transfer.left_out['attribute_heads.mixture.logits']


def test_heads_of_unknown_classes_are_left_out():
    """A file without a description, of no registered dataset."""
    theirs, ours = net(schema(color('a', 'b'))), net(schema(color('a', 'b')))
    transfer = transfer_weights(ours, checkpoint(theirs, described=False), 'theirs')
    assert set(transfer.left_out.values()) == {
        'the checkpoint does not name the classes of its attributes'
    }


def test_the_schema_of_a_file_without_a_description():
    assert guess_schema(build('midattr_tiny_duke').state_dict()).attributes == (
        DUKEMTMCREID.attributes
    )
    assert guess_schema(build('midattr_tiny').state_dict()) is None
    mixed = tiny_model.build('tiny', schema=MARKET1501, attribute_layer='mixture')
    assert guess_schema(mixed.state_dict()).attributes == MARKET1501.attributes


def test_models_without_attributes_take_no_part():
    plain, market = build('midattr_tiny'), build('midattr_tiny_market')
    assert align_heads(market.state_dict(), market.spec, plain).left_out == {}
    assert align_heads(plain.state_dict(), plain.spec, market).left_out == {}
