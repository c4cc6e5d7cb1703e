from collections import Counter

import pytest
import scipy.io

from helpers.paths import SHARED
from midattr_plugin.datasets import MARKET1501, Market1501Attr
from midattr_plugin.errors import InputError
from midattr_plugin.rendering.look import AGES, LOWER_COLORS, UPPER_COLORS, Look
from midattr_plugin.rendering.render import DEFAULT_SEED, DEMO_TEST_PIDS, DEMO_TRAIN_PIDS
from midattr_plugin.rendering.roster import (
    annotation_bytes,
    first_identities,
    invent_roster,
    read_roster,
)

_REAL = SHARED / 'annotations' / 'market_attribute.mat'


def _file(tmp_path, roster):
    path = tmp_path / 'market_attribute.mat'
    path.write_bytes(annotation_bytes(roster))
    return path


def test_file_round_trip(tmp_path):
    roster = {
        'train': {2: Look(upper=('red', 'blue')), 7: Look(female=True, upper=())},
        'test': {1: Look(lower=('pink',), hat=True, trousers=False)},
    }
    assert read_roster(_file(tmp_path, roster)) == roster


def test_file_read_with_scipy_alone(tmp_path):
    """Checks the layout against the documented one, field by field."""
    roster = invent_roster(3, 9, 5)
    content = scipy.io.loadmat(_file(tmp_path, roster), squeeze_me=True, struct_as_record=False)
    for split, looks in roster.items():
        struct = getattr(content['market_attribute'], split)
        assert list(struct.image_index) == [f'{pid:04d}' for pid in sorted(looks)]
        for row, pid in enumerate(sorted(looks)):
            look = looks[pid]
            assert struct.gender[row] == (2 if look.female else 1)
            assert struct.clothes[row] == (2 if look.trousers else 1)
            assert struct.up[row] == (2 if look.short_sleeves else 1)
            assert struct.age[row] == look.age + 1
            for color in UPPER_COLORS:
                assert getattr(struct, f'up{color}')[row] == 1 + (color in look.upper)


def test_dataset_reader_agrees(tmp_path):
    schema = MARKET1501
    roster = invent_roster(3, 30, 20)
    read = Market1501Attr.annotations.read(_file(tmp_path, roster), schema)
    looks = roster['train'] | roster['test']
    assert read.keys() == looks.keys()
    for pid, look in looks.items():
        labels = dict(zip(schema.names, read[pid], strict=True))
        assert labels['gender'] == look.female
        assert labels['lower_type'] == look.trousers
        assert labels['backpack'] == look.backpack
        assert labels['age'] == look.age
        for part, names, colors in (
            ('upper', UPPER_COLORS, look.upper),
            ('lower', LOWER_COLORS, look.lower),
        ):
            assert labels[f'{part}_color'] == (names.index(colors[0]) if colors else -1)


def test_same_bytes_at_any_time(tmp_path):
    roster = invent_roster(1, 4, 4)
    assert annotation_bytes(roster) == annotation_bytes(invent_roster(1, 4, 4))
    assert b'20' not in annotation_bytes(roster)[:116]  # no date in the header


def test_every_class_of_every_attribute_is_in_both_splits():
    roster = invent_roster(DEFAULT_SEED, DEMO_TRAIN_PIDS, DEMO_TEST_PIDS)
    for looks in roster.values():
        looks = list(looks.values())
        for flag in (
            'female',
            'long_hair',
            'short_sleeves',
            'short_lower',
            'trousers',
            'hat',
            'backpack',
            'bag',
            'handbag',
        ):
            share = sum(getattr(look, flag) for look in looks) / len(looks)
            assert 0.12 < share < 0.88, flag
        assert set(Counter(look.age for look in looks)) == set(range(len(AGES)))
        assert {c for look in looks for c in look.upper} == set(UPPER_COLORS)
        assert {c for look in looks for c in look.lower} == set(LOWER_COLORS)
        assert any(not look.upper for look in looks) and any(not look.lower for look in looks)
    assert not roster['train'].keys() & roster['test'].keys()
    assert sorted(roster['train'] | roster['test']) == list(
        range(1, DEMO_TRAIN_PIDS + DEMO_TEST_PIDS + 1)
    )


def test_more_test_than_training_identities():
    roster = invent_roster(0, 2, 5)
    assert sorted(roster['train'] | roster['test']) == list(range(1, 8))


def test_first_identities():
    roster = invent_roster(0, 5, 5)
    few = first_identities(roster, 3)
    assert [list(few[split]) for split in ('train', 'test')] == [[2, 4], [1]]
    with pytest.raises(InputError, match='--limit is 1'):
        first_identities(roster, 1)


@pytest.mark.parametrize(
    'content, problem',
    [
        (None, 'does not exist'),
        (b'', 'is empty'),
        (b'hello' * 100, 'not a MATLAB file'),
    ],
)
def test_unusable_file(tmp_path, content, problem):
    path = tmp_path / 'a.mat'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=f'a.mat .*{problem}'):
        read_roster(path)


def test_cut_file(tmp_path):
    path = _file(tmp_path, invent_roster(0, 5, 5))
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(InputError, match='market_attribute.mat'):
        read_roster(path)


def test_another_matlab_file(tmp_path):
    path = tmp_path / 'duke_attribute.mat'
    scipy.io.savemat(path, {'duke_attribute': {'train': {}, 'test': {}}})
    with pytest.raises(InputError, match='lacks the structure'):
        read_roster(path)


@pytest.mark.parametrize(
    'change, problem',
    [
        ({'age': [1, 2, 3]}, 'age has 3 values'),
        ({'image_index': ['0', '2']}, 'outside 1..9999'),
    ],
)
def test_inconsistent_file(tmp_path, change, problem):
    path = _file(tmp_path, invent_roster(0, 2, 2))
    content = scipy.io.loadmat(path, simplify_cells=True)['market_attribute']
    content['train'] |= change
    scipy.io.savemat(path, {'market_attribute': content})
    with pytest.raises(InputError, match=problem):
        read_roster(path)


@pytest.mark.parametrize(
    'test_looks, problem',
    [({}, 'a split is empty'), ({2: Look()}, 'identity 2 is in train and test')],
)
def test_unusable_splits(tmp_path, test_looks, problem):
    path = _file(tmp_path, {'train': {2: Look()}, 'test': test_looks})
    with pytest.raises(InputError, match=problem):
        read_roster(path)


def test_real_file():
    if not _REAL.exists():
        pytest.skip('the real annotation file is not at ../shared')
    roster = read_roster(_REAL)
    assert [len(roster[split]) for split in ('train', 'test')] == [751, 750]
    unknown = {
        split: (
            sum(not look.upper for look in looks.values()),
            sum(not look.lower for look in looks.values()),
        )
        for split, looks in roster.items()
    }
    assert unknown == {'train': (78, 30), 'test': (69, 44)}
    assert sum(look.age == 3 for look in roster['train'].values()) == 8
    assert sum(look.hat for look in roster['train'].values()) == 20
