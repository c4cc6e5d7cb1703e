from collections import Counter, defaultdict

import pytest

from midattr_plugin.rendering.plan import GALLERY, QUERY, TRAIN
from midattr_plugin.rendering.street import streets as streets_module
from midattr_plugin.rendering.street.streets import Streets


@pytest.fixture
def streets(monkeypatch):
    monkeypatch.setattr(streets_module, '_STREET', 4)
    return Streets(seed=3, num_train=10, num_test=5)


def test_who_lives_where(streets):
    assert [streets.street(pid) for pid in range(1, 16)] == [0] * 4 + [1] * 4 + [2] * 2 + [
        3
    ] * 4 + [4]
    assert [streets.neighbors(pid) for pid in range(1, 16)] == [0, 1, 2, 3] * 2 + [0, 1] + [
        0,
        1,
        2,
        3,
        0,
    ]


def test_plan(streets):
    roster = streets.roster()
    assert list(roster['train']) == list(range(1, 11)) and list(roster['test']) == list(
        range(11, 16)
    )
    plan = streets.plan(roster)
    assert len({(shot.folder, shot.name) for shot in plan}) == len(plan)
    # a picture is seeded by these, so that none is taken twice
    assert len({(shot.pid, shot.camera, shot.frame) for shot in plan}) == len(plan)
    counts = Counter(shot.folder for shot in plan)
    assert counts == {TRAIN: 200, QUERY: 20, GALLERY: 5 * (12 + 2 + 2)}
    seen = defaultdict(set)
    for shot in plan:
        assert f'_c{shot.camera}s' in shot.name
        if shot.pid > 0:
            assert (shot.camera - 1) // 6 == streets.street(shot.pid)
        else:
            assert (shot.camera - 1) // 6 in (3, 4)
        seen[shot.folder, shot.pid].add(shot.camera)
    for pid in roster['test']:
        assert seen[QUERY, pid] == seen[GALLERY, pid] and len(seen[QUERY, pid]) > 1


def test_the_smallest_plan():
    streets = Streets(seed=0, num_train=2, num_test=1)
    plan = streets.plan(streets.roster())
    assert Counter(shot.folder for shot in plan) == {TRAIN: 40, QUERY: 4, GALLERY: 12 + 2 + 2}
    assert {(shot.camera - 1) // 6 for shot in plan} == {0, 1}


def test_more_people_leave_the_first_as_they_are():
    few, more = Streets(1, 3, 0), Streets(1, 30, 0)
    for pid in (1, 2, 3):
        assert few.roster()['train'][pid] == more.roster()['train'][pid]


def test_a_person_of_a_picture_is_that_of_the_roster(streets):
    shot = streets.plan(streets.roster())[0]
    assert streets(shot).shape == (128, 64, 3)
