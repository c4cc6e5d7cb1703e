from functools import cache

import numpy as np

from midattr_plugin.datasets import MARKET1501
from midattr_plugin.rendering.look import look_to_fields
from midattr_plugin.rendering.street import wearer as wearer_module
from midattr_plugin.rendering.street.wardrobe import BOTTOMS, LONG_HAIR
from midattr_plugin.rendering.street.wearer import sample_wearer

_COUNT = 600


@cache
def _people():
    return [sample_wearer(5, pid) for pid in range(1, _COUNT + 1)]


def _share(condition):
    return sum(map(condition, _people())) / _COUNT


def test_same_person_again():
    a, b, other = sample_wearer(5, 3), sample_wearer(5, 3), sample_wearer(6, 3)
    assert (a.look, a.girth, a.folds) == (b.look, b.girth, b.folds)
    np.testing.assert_array_equal(a.top.cloth.base, b.top.cloth.base)
    assert a.girth != other.girth


def test_frequencies_are_those_of_a_street():
    """Long sleeves and trousers prevail; each class of each attribute occurs."""
    assert 0.18 < _share(lambda p: p.look.short_sleeves) < 0.38
    assert 0.10 < _share(lambda p: p.look.short_lower) < 0.28
    assert 0.75 < _share(lambda p: p.look.trousers) < 0.95
    assert 0.45 < _share(lambda p: p.look.female) < 0.55
    dark = _share(lambda p: p.look.lower in (('black',), ('blue',), ('gray',)))
    assert 0.6 < dark < 0.9
    assert _share(lambda p: 'black' in p.look.upper) > 0.2
    seen = [look_to_fields(person.look) for person in _people()]
    for attribute in MARKET1501:
        for field in attribute.fields:
            values = {fields[field] for fields in seen}
            assert values >= ({1, 2, 3, 4} if field == 'age' else {1, 2}), field


def test_hair_goes_with_gender_but_does_not_tell_it():
    long_women = _share(lambda p: p.look.female and p.look.long_hair)
    long_men = _share(lambda p: not p.look.female and p.look.long_hair)
    short_women = _share(lambda p: p.look.female and not p.look.long_hair)
    assert long_women > 0.3 and 0.01 < long_men < 0.06 and 0.06 < short_women < 0.14
    assert 0.04 < _share(lambda p: p.look.hat) < 0.12
    assert 0.05 < _share(lambda p: p.hair.beard) < 0.2
    assert not any(p.look.female and (p.hair.beard or p.hair.thin) for p in _people())


def test_coats_of_women_flare_more():
    flares = {female: [p.top.flare for p in _people() if p.look.female == female]
              for female in (False, True)}  # fmt: skip
    assert np.mean(flares[True]) > 1.5 * np.mean(flares[False])
    assert max(flares[False]) > min(flares[True])  # it does not tell gender for certain


def test_labels_are_those_of_the_clothes():
    for person in _people():
        look = person.look
        assert look.long_hair == (person.hair.style in LONG_HAIR)
        assert look.short_sleeves == (person.top.sleeve < 0.62)
        assert look.trousers == (BOTTOMS[person.bottom.kind].trousers and not person.dress)
        assert look.short_lower == BOTTOMS[person.bottom.kind].short
        assert set(look.upper) <= set(person.top.colors)
        assert set(look.lower) <= set(person.bottom.colors)
        assert look.hat == (person.hair.hat is not None)
        assert look.female or (not person.dress and look.trousers)


def test_doubles_wear_the_clothes_of_a_neighbor(monkeypatch):
    monkeypatch.setattr(wearer_module, '_ALIKE', 1.0)
    alike = 0
    for pid in range(2, 40):
        model, double = sample_wearer(5, pid - 1), sample_wearer(5, pid, neighbors=1)
        own = sample_wearer(5, pid)
        assert (double.girth, double.skin.tolist()) == (own.girth, own.skin.tolist())
        if double.top.kind == model.top.kind:
            alike += 1
            assert np.abs(double.top.cloth.base - model.top.cloth.base).max() < 26
            assert double.look.upper == model.look.upper
            assert double.look.short_sleeves == model.look.short_sleeves
        assert double.look.female or double.look.trousers
    assert alike > 30


def test_the_first_of_a_street_has_nobody_to_copy():
    assert sample_wearer(5, 7, neighbors=0).look == sample_wearer(5, 7).look
