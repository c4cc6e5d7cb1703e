import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midattr_plugin.rendering.look import (
    FIELDS,
    LOWER_COLORS,
    UPPER_COLORS,
    Look,
    describe,
    look_from_fields,
    look_to_fields,
)
from midattr_plugin.rendering.seeds import generator

_LOOKS = st.builds(
    Look,
    *[st.booleans()] * 9,
    age=st.integers(0, 3),
    upper=st.lists(st.sampled_from(UPPER_COLORS), max_size=2, unique=True).map(tuple),
    lower=st.lists(st.sampled_from(LOWER_COLORS), max_size=2, unique=True).map(tuple),
)


@given(_LOOKS)
@settings(deadline=None)
def test_fields_and_back(look):
    labels = look_to_fields(look)
    assert tuple(labels) == FIELDS
    again = look_from_fields(labels)
    assert set(again.upper) == set(look.upper)
    assert set(again.lower) == set(look.lower)
    assert look_to_fields(again) == labels


def test_labels_mean_what_the_annotators_document():
    labels = dict.fromkeys(FIELDS, 1) | {
        'gender': 2,
        'up': 2,
        'down': 1,
        'clothes': 1,
        'age': 4,
        'hair': 2,
        'upred': 2,
        'downpink': 2,
    }
    look = look_from_fields(labels)
    assert look.female and look.short_sleeves and look.long_hair
    assert not look.short_lower and not look.trousers and not look.hat
    assert look.age == 3 and look.upper == ('red',) and look.lower == ('pink',)


def test_description_names_what_is_unknown():
    text = describe(Look(female=True, trousers=False, upper=(), backpack=True))
    assert text.startswith('F adult') or text.startswith('F, adult')
    assert 'unknown long sleeves' in text and 'dress' in text and 'backpack' in text


@pytest.mark.parametrize('other', [(1, 'x', 4), (2, 'x', 3), (1, 'y', 3)])
def test_generators_depend_on_seed_kind_and_number(other):
    first = generator(1, 'x', 3).random(4)
    np.testing.assert_array_equal(first, generator(1, 'x', 3).random(4))
    assert not np.array_equal(first, generator(*other).random(4))


def test_generator_takes_the_identity_of_junk():
    assert generator(0, 'x', -1).random() != generator(0, 'x', 1).random()
