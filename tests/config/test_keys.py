import pytest

from midattr_plugin.config.keys import flatten, section_names, unknown_key

KEYS = (
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
    assert section_names(KEYS) == {'train', 'data', 'loss', 'loss.softmax', 'loss.other'}
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
    assert str(unknown_key(key, 'here', KEYS)) == message
