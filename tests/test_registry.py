"""Registries, and that each kind of the project has one that keeps its promises."""

import pytest

from midattr_plugin.config import KEYS
from midattr_plugin.datasets import ATTRIBUTE_DATASETS
from midattr_plugin.engine import MEASUREMENTS
from midattr_plugin.errors import InputError
from midattr_plugin.losses import ATTRIBUTE_LOSSES
from midattr_plugin.models import BACKBONES, MODELS
from midattr_plugin.registry import Registry

REGISTRIES = [ATTRIBUTE_DATASETS, ATTRIBUTE_LOSSES, BACKBONES, KEYS, MEASUREMENTS, MODELS]


@pytest.fixture
def colors():
    registry = Registry('color', 'paint.color')
    registry.register('red')('#f00')
    registry.register('blue')('#00f')
    return registry


def test_a_class_is_registered_and_left_as_it_is():
    registry = Registry('shape')

    @registry.register('circle')
    class Circle:
        pass

    assert registry['circle'] is Circle
    assert Circle.__name__ == 'Circle'


def test_behaves_like_a_mapping_in_the_order_of_registration(colors):
    assert list(colors) == ['red', 'blue']
    assert list(colors.items()) == [('red', '#f00'), ('blue', '#00f')]
    assert len(colors) == 2 and len(Registry('shape')) == 0
    assert 'red' in colors and 'green' not in colors and '#f00' not in colors


def test_duplicate_is_refused(colors):
    with pytest.raises(InputError) as error:
        colors.register('red')('#a00')
    assert str(error.value) == 'color "red" is already registered; choose another name'
    assert colors['red'] == '#f00'


def test_unknown_name(colors):
    with pytest.raises(InputError) as error:
        colors['green']
    assert str(error.value) == 'paint.color: unknown color "green"; choose from red, blue'


def test_unknown_name_without_a_configuration_key():
    registry = Registry('shape')
    registry.register('circle')(0)
    with pytest.raises(InputError) as error:
        registry['square']
    assert str(error.value) == 'unknown shape "square"; choose from circle'


def test_a_name_can_be_given_to_another(colors):
    colors.unregister('red')
    assert list(colors) == ['blue'] and 'red' not in colors
    with pytest.raises(InputError, match='choose from blue$'):
        colors['red']
    colors.register('red')('#a00')
    assert colors['red'] == '#a00' and list(colors) == ['blue', 'red']


def test_nothing_to_unregister(colors):
    with pytest.raises(KeyError, match='green'):
        colors.unregister('green')


@pytest.mark.parametrize('registry', REGISTRIES, ids=lambda registry: registry.kind)
def test_each_registry_says_what_it_has(registry):
    """One sentence for an unknown name, with all that exist, and for one that is taken."""
    before = list(registry.items())
    with pytest.raises(InputError) as unknown:
        registry['no such name']
    with pytest.raises(InputError) as duplicate:
        registry.register(before[0][0])(object())
    for error, part in ((unknown, 'no such name'), (duplicate, before[0][0])):
        text = str(error.value)
        assert f'{registry.kind} "{part}"' in text
        assert '\n' not in text
    assert str(unknown.value).endswith(', '.join(name for name, _ in before))
    assert list(registry.items()) == before


def test_kinds_and_keys_are_told_apart():
    assert len({registry.kind for registry in REGISTRIES}) == len(REGISTRIES)
    assert {registry.key for registry in REGISTRIES} - {''} <= set(KEYS)
