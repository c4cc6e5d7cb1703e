import re
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.paths import SHARED
from midattr_plugin.rendering.plan import Sizes, _share, make_plan, market_sizes
from midattr_plugin.rendering.roster import invent_roster, read_roster

_REAL = SHARED / 'annotations' / 'market_attribute.mat'


def _check(shots, roster, sizes):
    folders = Counter(shot.folder for shot in shots)
    gallery = Counter(min(shot.pid, 1) for shot in shots if shot.folder == 'bounding_box_test')
    assert folders['bounding_box_train'] == sizes.train
    assert folders['query'] == sizes.query
    assert (gallery[1], gallery[0], gallery[-1]) == (sizes.gallery, sizes.distractors, sizes.junk)
    assert len({(shot.folder, shot.name) for shot in shots}) == len(shots)
    assert len({(shot.pid, shot.camera, shot.frame) for shot in shots}) == len(shots)

    cameras = defaultdict(set)
    queries = Counter()
    for shot in shots:
        pid, camera = re.fullmatch(r'(-1|\d{4})_c(\d)s\d_\d{6}_\d{2}\.jpg', shot.name).groups()
        assert (int(pid), int(camera)) == (shot.pid, shot.camera)
        assert 1 <= shot.camera <= 6
        cameras[shot.folder, shot.pid].add(shot.camera)
        queries[shot.pid, shot.camera] += shot.folder == 'query'
    assert max(queries.values()) == 1
    assert {pid for folder, pid in cameras if folder == 'query'} == set(roster['test'])
    assert {pid for folder, pid in cameras if folder == 'bounding_box_train'} == set(
        roster['train']
    )
    for pid in roster['test']:
        for camera in cameras['query', pid]:
            assert cameras['bounding_box_test', pid] - {camera}, 'no match in another camera'
    for pid in roster['train']:
        assert len(cameras['bounding_box_train', pid]) >= 2


@pytest.mark.parametrize('counts', [(9, 6), (1, 1), (2, 7)])
def test_scaled_plan(counts):
    roster = invent_roster(5, *counts)
    sizes = market_sizes(*counts)
    _check(make_plan(roster, sizes, 5), roster, sizes)


def test_real_plan_has_the_numbers_of_market1501():
    if not _REAL.exists():
        pytest.skip('the real annotation file is not at ../shared')
    roster = read_roster(_REAL)
    shots = make_plan(roster, market_sizes(751, 750), 0)
    _check(shots, roster, Sizes(12936, 3368, 13115, 2798, 3819))
    assert sum(shot.folder == 'bounding_box_test' for shot in shots) == 19732


def test_plan_depends_on_the_seed_only():
    roster = invent_roster(5, 4, 4)
    sizes = market_sizes(4, 4)
    assert make_plan(roster, sizes, 1) == make_plan(roster, sizes, 1)
    assert make_plan(roster, sizes, 1) != make_plan(roster, sizes, 2)


@given(
    st.integers(1, 40).flatmap(
        lambda count: st.tuples(st.just(count), st.integers(2 * count, 6 * count))
    )
)
@settings(deadline=None)
def test_share(count_and_total):
    count, total = count_and_total
    shares = _share(np.random.default_rng(0), total, count, 2, 6)
    assert shares.sum() == total and shares.min() >= 2 and shares.max() <= 6


def test_impossible_sizes():
    roster = invent_roster(5, 2, 2)
    with pytest.raises(ValueError, match='cannot be shared'):
        make_plan(roster, Sizes(10, 3, 10, 0, 0), 0)
    with pytest.raises(ValueError, match='too few'):
        make_plan(roster, Sizes(10, 8, 4, 0, 0), 0)
