import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from midattr_plugin.datasets import DUKEMTMCREID, MARKET1501
from midattr_plugin.schema import HEAD, NUM_PARTS, Attribute, AttributeSchema

BOTH = MARKET1501.union(DUKEMTMCREID)


def convert_in_loops(row, source, target):
    """One row of labels, converted by way of the names of attributes and classes."""
    known = {
        attribute.name: attribute.classes[label] if label >= 0 else None
        for attribute, label in zip(source, row, strict=True)
    }
    converted = []
    for attribute in target:
        name = known.get(attribute.name)
        converted.append(attribute.classes.index(name) if name in attribute.classes else -1)
    return converted


def label_rows(schema):
    return st.lists(
        st.tuples(*(st.integers(-1, c - 1) for c in schema.num_classes)), min_size=1, max_size=4
    )


def test_tasks_are_those_of_the_annotators():
    assert MARKET1501.num_classes == (2, 2, 2, 2, 2, 2, 2, 2, 2, 4, 8, 9)
    assert MARKET1501.names == (
        'gender',
        'hair_length',
        'sleeve_length',
        'lower_length',
        'lower_type',
        'hat',
        'backpack',
        'bag',
        'handbag',
        'age',
        'upper_color',
        'lower_color',
    )
    assert DUKEMTMCREID.num_classes == (2, 2, 2, 2, 2, 2, 2, 2, 8, 7)
    assert DUKEMTMCREID.names == (
        'gender',
        'upper_length',
        'boots',
        'hat',
        'backpack',
        'bag',
        'handbag',
        'shoe_color',
        'upper_color',
        'lower_color',
    )
    fields = [name for attribute in MARKET1501 for name in attribute.fields]
    assert len(fields) == len(set(fields)) == 27
    assert len({name for attribute in DUKEMTMCREID for name in attribute.fields}) == 23


@pytest.mark.parametrize(
    'part, names',
    {
        1: 'age gender hair_length sleeve_length upper_length bag backpack handbag upper_color hat',
        2: 'age gender sleeve_length upper_length bag backpack handbag upper_color',
        3: 'age gender upper_length lower_length lower_type lower_color',
        4: 'age gender lower_length lower_type lower_color boots shoe_color',
    }.items(),
)
def test_parts_are_those_of_table_1(part, names):
    """Duke's boots are the table's shoe type; the table has no length of coats."""
    assert {attribute.name for attribute in BOTH if part in attribute.parts} == set(names.split())
    assert {p for attribute in BOTH for p in attribute.parts} <= set(range(1, NUM_PARTS + 1))


def test_a_schema_behaves_like_its_attributes():
    assert len(MARKET1501) == 12
    assert [attribute.name for attribute in MARKET1501] == list(MARKET1501.names)
    assert MARKET1501['age'].classes == ('young', 'teenager', 'adult', 'old')
    with pytest.raises(KeyError, match='boots'):
        MARKET1501['boots']


def test_union_unites_classes_and_parts():
    assert BOTH.name == 'market1501+dukemtmcreid'
    assert BOTH.names == MARKET1501.names + ('upper_length', 'boots', 'shoe_color')
    assert BOTH['upper_color'].classes == MARKET1501['upper_color'].classes + ('brown',)
    assert BOTH['lower_color'].classes == MARKET1501['lower_color'].classes + ('red',)
    assert BOTH['lower_color'].fields[-1] == 'downred'
    assert BOTH['hat'] == MARKET1501['hat']
    left = AttributeSchema('a', (Attribute('x', ('no', 'yes'), (3,), ('x',)),))
    right = AttributeSchema('b', (Attribute('x', ('yes', 'often'), (1, 3), ('x',)),))
    assert left.union(right).attributes == (Attribute('x', ('no', 'yes', 'often'), (1, 3), ('x',)),)


def test_union_with_what_is_known_adds_nothing():
    assert MARKET1501.union(MARKET1501) is MARKET1501
    assert BOTH.union(MARKET1501) == BOTH
    assert BOTH.union(DUKEMTMCREID) == BOTH


@pytest.mark.parametrize('source', [MARKET1501, DUKEMTMCREID, BOTH], ids=lambda s: s.name)
@pytest.mark.parametrize('target', [MARKET1501, DUKEMTMCREID, BOTH], ids=lambda s: s.name)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_conversion_goes_by_name(source, target, data):
    rows = data.draw(label_rows(source))
    converted = source.convert(torch.tensor(rows), target=target)
    assert converted.dtype == torch.int64
    assert converted.tolist() == [convert_in_loops(row, source, target) for row in rows]


@settings(deadline=None, max_examples=25)
@given(rows=label_rows(DUKEMTMCREID))
def test_conversion_to_the_union_loses_nothing(rows):
    labels = torch.tensor(rows)
    back = BOTH.convert(DUKEMTMCREID.convert(labels, target=BOTH), target=DUKEMTMCREID)
    assert torch.equal(back, labels)


def test_conversion_takes_any_shape_and_integer_type():
    row = torch.zeros(12, dtype=torch.int32)
    assert MARKET1501.convert(row, target=DUKEMTMCREID).tolist() == [
        0,
        -1,
        -1,
        0,
        0,
        0,
        0,
        -1,
        0,
        0,
    ]
    assert MARKET1501.convert(row.expand(2, 3, 12), target=BOTH).shape == (2, 3, 15)
    assert MARKET1501.convert(row.expand(0, 12), target=BOTH).shape == (0, 15)
    assert (MARKET1501.convert(row - 5, target=BOTH) == -1).all()


def test_conversion_from_and_to_nothing():
    nothing = AttributeSchema('nothing', ())
    assert nothing.convert(torch.zeros(2, 0), target=DUKEMTMCREID).tolist() == [[-1] * 10] * 2
    assert DUKEMTMCREID.convert(torch.zeros(2, 10), target=nothing).shape == (2, 0)


@settings(deadline=None, max_examples=25)
@given(num=st.integers(0, 4), seed=st.integers(0, 999))
def test_decoding_equals_plain_loops(num, seed):
    generator = torch.Generator().manual_seed(seed)
    logits = {
        attribute.name: torch.randn(num, len(attribute.classes), generator=generator)
        for attribute in reversed(MARKET1501.attributes)  # they are found by name
    }
    expected = []
    for image in range(num):
        names = {}
        for attribute in MARKET1501:
            values = logits[attribute.name][image].tolist()
            best = 0
            for index, value in enumerate(values):
                if value > values[best]:
                    best = index
            names[attribute.name] = attribute.classes[best]
        expected.append(names)
    decoded = MARKET1501.decode(logits)
    assert decoded == expected
    assert all(list(names) == list(MARKET1501.names) for names in decoded)


def test_decoding_by_hand():
    schema = AttributeSchema(
        'two', (Attribute('hat', ('no', 'yes'), (1,)), Attribute('age', ('a', 'b', 'c'), (1, 2)))
    )
    logits = {
        'hat': torch.tensor([[0.1, 3.0], [-1.0, -2.0]]),
        'age': torch.tensor([[0.0, 1.0, 5.0], [2.0, 1.0, 0.0]]),
    }
    assert schema.decode(logits) == [{'hat': 'yes', 'age': 'c'}, {'hat': 'no', 'age': 'a'}]
    with pytest.raises(KeyError, match='age'):
        schema.decode({'hat': logits['hat']})


def test_classes_in_another_case():
    ours = AttributeSchema('ours', (Attribute('hat', ('no', 'yes'), HEAD),))
    for classes, found in (
        (('no', 'Yes'), ('hat', 'yes', 'Yes')),
        (('yes', 'no', 'maybe'), None),
        (('NO', 'no', 'yes'), ('hat', 'no', 'NO')),
    ):
        other = AttributeSchema('other', (Attribute('hat', classes, HEAD),))
        assert ours.respelled(other) == found
    other = AttributeSchema('other', (Attribute('cap', ('No', 'Yes'), HEAD),))
    assert ours.respelled(other) is None
