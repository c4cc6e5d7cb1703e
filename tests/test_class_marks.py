import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midattr_plugin.class_marks import (
    binary_names,
    check_marks,
    class_names,
    convert_marks,
    marks_of_labels,
)
from midattr_plugin.datasets import DUKEMTMCREID, MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.schema import NO_YES, Attribute, AttributeSchema

SCHEMA = AttributeSchema(
    'test',
    (
        Attribute('hat', NO_YES, (1,)),
        Attribute('age', ('young', 'old', 'ageless'), (1,)),
        Attribute('alive', ('yes',), (1,)),
    ),
)


def test_names():
    assert class_names(SCHEMA) == (
        'hat=no',
        'hat=yes',
        'age=young',
        'age=old',
        'age=ageless',
        'alive=yes',
    )
    assert binary_names(SCHEMA) == ('hat=yes', 'age=young', 'age=old', 'age=ageless', 'alive=yes')


@pytest.mark.parametrize('schema, count', [(MARKET1501, 30), (DUKEMTMCREID, 23)])
def test_as_many_labels_as_the_literature_has(schema, count):
    """27 fields of Market-1501, of which age counts four times; 23 of DukeMTMC-reID."""
    names = binary_names(schema)
    assert len(names) == len(set(names)) == count
    assert {'gender=female', 'hat=yes', 'upper_color=black', 'lower_color=brown'} < set(names)
    assert 'gender=male' not in names and 'hat=no' not in names


@pytest.mark.parametrize(
    'labels, marks',
    [
        ((0, 2, 0), (1, 0, 0, 0, 1, 1)),
        ((1, -1, -1), (0, 1, -1, -1, -1, -1)),
        ((-1, 0, 0), (-1, -1, 1, 0, 0, 1)),
    ],
)
def test_marks_of_labels(labels, marks):
    assert marks_of_labels(labels, SCHEMA) == marks


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(-1, 1), min_size=39, max_size=39))
def test_converted_by_name(row):
    """To a model of both datasets, and to one of the other dataset."""
    named = dict(zip(class_names(MARKET1501), row, strict=True))
    for target in (MARKET1501.union(DUKEMTMCREID), DUKEMTMCREID, MARKET1501):
        [converted] = convert_marks(np.array([row], np.int8), MARKET1501, target).tolist()
        assert converted == [named.get(name, -1) for name in class_names(target)]


def test_no_images():
    marks = np.empty((0, len(class_names(MARKET1501))), np.int8)
    assert convert_marks(marks, MARKET1501, SCHEMA).shape == (0, 6)


@pytest.mark.parametrize('marks', [(1, 0, 0, 0, 1), (1, 0, 0, 0, 1, 1, 0), (1, 0, 0, 0, 1, 2)])
def test_wrong_marks(marks):
    check_marks((1, 0, 0, 0, 1, -1), SCHEMA, 'it')
    with pytest.raises(InputError) as error:
        check_marks(marks, SCHEMA, 'file "a": identity 0007')
    assert str(error.value) == (
        f'file "a": identity 0007 has the marks {marks}; let read_marks give 1, 0 or -1 for each '
        'of the 6 classes of test'
    )
