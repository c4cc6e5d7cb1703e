import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midattr_plugin.config.values import convert, expected_type, unquote


@pytest.mark.parametrize(
    'value, default, result',
    [
        (3, 0.5, 3.0),
        ('1e-3', 0.5, 0.001),
        ('5', 0.5, 5.0),
        ('7', 1, 7),
        ('-1', 1, -1),
        ('true', False, True),
        ('False', True, False),
        ('2019', 'text', '2019'),
        ('', 'text', ''),
        ('a', ['b'], ['a']),
        ('a', [], ['a']),
        ('no', ['b'], ['no']),
        ('2019', ['b'], ['2019']),
        ("['a', 'b']", ['c'], ['a', 'b']),
        ("('a',)", ['c'], ['a']),
        ('[a, b]', ['c'], ['a', 'b']),
        ('[]', ['c'], []),
        (('a', 'b'), ['c'], ['a', 'b']),
        ([1, 2.5], [0.1], [1.0, 2.5]),
        ('20', [1], [20]),
        ('20, 40', [1], [20, 40]),
        (20, [1], [20]),
    ],
)
def test_convert(value, default, result):
    converted = convert(value, default)
    assert converted == result
    assert type(converted) is type(result)
    if isinstance(result, list):
        assert [type(item) for item in converted] == [type(item) for item in result]


@pytest.mark.parametrize(
    'value, default',
    [
        (None, 'text'),
        (None, 1.0),
        (None, ['a']),
        (True, 1),
        (True, 0.5),
        (1, True),
        ('yes please', True),
        (1.0, 1),
        (16.5, 1),
        (2019, 'text'),
        (math.nan, 0.5),
        (math.inf, 0.5),
        ('.inf', 0.5),
        (10**400, 0.5),
        ('{a: 1}', 0.5),
        ('[1', 0.5),
        ('2018-99-99', 1),
        ({'a': 1}, ['a']),
        ([['a']], ['a']),
        ('[1, 2]', ['a']),
        ('(' * 500, 1),
    ],
)
def test_convert_refuses(value, default):
    with pytest.raises(ValueError, match='is not'):
        convert(value, default)


@settings(deadline=None)
@given(
    value=st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.lists(st.text()),
        st.dictionaries(st.text(), st.integers()),
    ),
    default=st.sampled_from([True, 1, 1.0, 'a', [1], [1.0], ['a'], []]),
)
def test_result_has_the_type_of_the_default(value, default):
    try:
        converted = convert(value, default)
    except ValueError:
        return
    assert type(converted) is type(default)
    item = type(default[0]) if isinstance(default, list) and default else str
    if isinstance(default, list):
        assert all(type(entry) is item for entry in converted)
    assert convert(converted, default) == converted


@pytest.mark.parametrize(
    'default, words',
    [(True, 'True or False'), (1, 'a whole number'), ([1.0], 'list'), ([], 'item text')],
)
def test_expected_type(default, words):
    assert words in expected_type(default)


@pytest.mark.parametrize(
    'text, result',
    [
        ('a', 'a'),
        ("'007'", '007'),
        ('"a b"', 'a b'),
        ("'a', 'b'", "'a', 'b'"),
        ("'a", "'a"),
        ('', ''),
    ],
)
def test_unquote(text, result):
    assert unquote(text) == result
