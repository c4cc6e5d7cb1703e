import pytest

from helpers.registries import restored_registries
from midattr_plugin import ATTRIBUTE_LOSSES
from midattr_plugin.config import KEYS, Interval, Key
from midattr_plugin.config.describe import describe_keys
from midattr_plugin.config.keys import all_keys
from midattr_plugin.errors import InputError


def names(text):
    """Return the keys that are described, in order."""
    return [line.split(' ')[0] for line in text.splitlines() if not line.startswith(' ')]


def test_all_keys_are_described():
    text = describe_keys()
    assert names(text) == list(all_keys())
    assert max(map(len, text.splitlines())) <= 100
    words = ' '.join(text.split())  # without the line breaks
    for name, key in all_keys().items():
        assert f'{name} (default: {key.default!r}) {" ".join(key.meaning.split())}' in words


def test_one_key(tmp_path):
    with restored_registries(tmp_path):
        KEYS.register('mine.speed')(Key(2.5, 'meters per second, of a snail', Interval(0, 3)))
        KEYS.register('mine.colors')(Key(['red'], 'its colors', ('red', 'blue')))
        KEYS.register('mine.note')(Key('', 'on a snail'))
        assert describe_keys('snail') == (
            'mine.speed (default: 2.5)\n'
            '    meters per second, of a snail\n'
            '    allowed: at least 0 and at most 3\n'
            "mine.note (default: '')\n"
            '    on a snail'
        )
        assert names(describe_keys('mine.')) == ['mine.speed', 'mine.colors', 'mine.note']
        assert describe_keys('COLORS').startswith("mine.colors (default: ['red'])")


def test_by_a_word_of_the_name_or_of_the_meaning():
    found = names(describe_keys('layer'))
    assert {'midattr.attribute_layer', 'midattr.layer_overrides', 'train.open_layers'} <= set(found)
    for name in found:
        assert 'layer' in name or 'layer' in all_keys()[name].meaning
    assert describe_keys('Layer') == describe_keys('layer')


def test_names_are_those_registered_now(tmp_path):
    assert 'my_loss' not in describe_keys('midattr.attribute_loss')
    with restored_registries(tmp_path):
        ATTRIBUTE_LOSSES.register('my_loss')(object)
        assert 'allowed: plain, class_balanced, focal, my_loss' in describe_keys(
            'midattr.attribute_loss'
        )


def test_a_word_that_no_key_has():
    with pytest.raises(InputError, match='^--keys: no key has "zzz" in its name or meaning; try'):
        describe_keys('zzz')
