import math

import pytest

from helpers.registries import restored_registries
from midattr_plugin import ATTRIBUTE_DATASETS, InputError
from midattr_plugin.config import KEYS, Interval, Key
from midattr_plugin.config.keys import all_keys, flatten, section_names, unknown_key
from midattr_plugin.config.values import convert

NAMES = (
    'top',
    'train.lr',
    'train.gamma',
    'data.height',
    'loss.name',
    'loss.softmax.smooth',
    'loss.other.smooth',
)


def test_flatten():
    assert flatten({'a': 1, 'b': {'c': {'d': 2}, 'e': {}}}) == {'a': 1, 'b.c.d': 2}
    assert flatten({}) == {}


def test_section_names():
    assert section_names(NAMES) == {'train', 'data', 'loss', 'loss.softmax', 'loss.other'}
    assert section_names([]) == set()


@pytest.mark.parametrize(
    'key, message',
    [
        (
            'train.lrr',
            'here: train.lrr is not a configuration key, did you mean train.lr? '
            '(the keys of train are gamma, lr)',
        ),
        (
            'train.height',
            'here: train.height is not a configuration key, did you mean data.height? '
            '(the keys of train are gamma, lr)',
        ),
        (
            'loss.softmx.smooth',
            'here: loss.softmx.smooth is not a configuration key, did you mean '
            'loss.softmax.smooth? '
            '(the keys of loss are name, other, softmax)',
        ),
        (
            'trian',
            'here: trian is not a configuration key, did you mean train? '
            '(the sections and keys are data, loss, top, train)',
        ),
        (
            'q.zzz',
            'here: q.zzz is not a configuration key '
            '(the sections and keys are data, loss, top, train)',
        ),
        (
            'loss',
            'here: loss is a section of the configuration, so give a value to one of its keys '
            '(name, other, softmax)',
        ),
    ],
)
def test_unknown_key(key, message):
    assert str(unknown_key(key, 'here', NAMES)) == message


def test_a_key_that_is_declared_twice(tmp_path):
    with restored_registries(tmp_path):
        KEYS.register('mine.speed')(Key(1, 'how fast'))
        with pytest.raises(InputError) as error:
            KEYS.register('mine.speed')(Key(2, 'how fast'))
        message = str(error.value)
        assert message.startswith('configuration key "mine.speed" is already registered; choose an')
        assert '\n' not in message
        assert all_keys()['mine.speed'].default == 1


@pytest.mark.parametrize('name', all_keys())
def test_row(name):
    """What `--keys` prints of a key is there, and the default is allowed."""
    key = all_keys()[name]
    assert len(key.meaning) > 5 and key.meaning == key.meaning.strip()
    assert not key.meaning.endswith('.') and '\n' not in key.meaning
    assert key.problem(key.default) is None
    assert convert(key.default, key.default) == key.default
    assert key.length is None or isinstance(key.default, list)
    assert key.convert is None or key.arguments()
    assert not key.ignore_case or key.names() is not None
    if key.applies_if is not None:
        other, value = key.applies_if
        assert all_keys()[other].problem(value) is None
    if isinstance(key.allowed, Interval):
        assert type(key.default if not isinstance(key.default, list) else key.default[0]) in (
            int,
            float,
        )


def test_each_argument_comes_from_one_key():
    arguments = [full for key in all_keys().values() for full in key.arguments()]
    assert sorted(arguments) == sorted(set(arguments))


def test_annotations_of_each_registered_dataset(tmp_path):
    ours = {'midattr.annotations.market1501', 'midattr.annotations.dukemtmcreid'}
    assert {name for name in all_keys() if name.startswith('midattr.annotations.')} == ours
    annotations = ATTRIBUTE_DATASETS['market1501_attr'].annotations
    named = type('Named', (), {'annotations': type(annotations)('people.mat', 'mine')})
    unnamed = type('Unnamed', (), {'annotations': type(annotations)('people.mat')})
    with restored_registries(tmp_path):
        ATTRIBUTE_DATASETS.register('named')(named)
        ATTRIBUTE_DATASETS.register('unnamed')(unnamed)
        assert set(all_keys()) - set(KEYS) == ours | {'midattr.annotations.mine'}
        key = all_keys()['midattr.annotations.mine']
        assert key.default == '' and key.meaning.startswith('path of people.mat ')
    assert set(all_keys()) - set(KEYS) == ours


@pytest.mark.parametrize(
    'key, value, problem',
    [
        (Key(1, ''), 5, None),
        (Key(1, '', Interval(1)), 0, (0, 'must be at least 1')),
        (Key([1], '', Interval(1)), [1, 2], None),
        (Key([1], '', Interval(1)), [1, 0, -1], (0, 'must be at least 1')),
        (Key([1], '', Interval(1)), [], None),
        (Key([1], '', length=(1, 2)), [], ([], 'must have 1 to 2 items')),
        (Key([1], '', length=(3, 3)), [1], ([1], 'must have 3 items')),
        (Key([1], '', length=(1, math.inf)), [], ([], 'must have 1 or more items')),
        (Key('red', '', ('red', 'blue')), 'Red', ('Red', 'must be one of red, blue (did you mean')),
        (Key('red', '', ('red', 'blue'), ignore_case=True), 'Red', None),
        (Key(['red'], '', lambda: ['red']), ['red', 'x'], ('x', 'must be one of red')),
    ],
)
def test_problem(key, value, problem):
    found = key.problem(value)
    if problem is None:
        assert found is None
    else:
        assert found[0] == problem[0] and found[1].startswith(problem[1])


@pytest.mark.parametrize(
    'key, words',
    [
        (Key(1, ''), ''),
        (Key(1, '', Interval(0, 2)), 'at least 0 and at most 2'),
        (Key('', '', ('red', 'blue')), 'red, blue'),
        (Key('', '', lambda: ['red']), 'red'),
    ],
)
def test_describe_allowed(key, words):
    assert key.describe_allowed() == words


@pytest.mark.parametrize(
    'argument, arguments',
    [((), ()), ('run.ranks', ('run.ranks',)), (('a.x', 'b.y'), ('a.x', 'b.y'))],
)
def test_arguments(argument, arguments):
    assert Key(1, '', argument=argument).arguments() == arguments
