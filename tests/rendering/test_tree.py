import hashlib
import os
import re
import shutil
from collections import Counter

import cv2
import numpy as np
import pytest

from midattr_plugin.datasets.rendered import RENDERER_VERSION, Recipe
from midattr_plugin.errors import InputError
from midattr_plugin.rendering import render, render_demo, render_twin, tree
from midattr_plugin.rendering.look import Look
from midattr_plugin.rendering.plan import DISTRACTOR, GALLERY, JUNK, Shot, Sizes, make_plan
from midattr_plugin.rendering.roster import annotation_bytes, invent_roster, read_roster

_SIZES = Sizes(train=8, query=7, gallery=9, distractors=4, junk=4)
_TREE = 'Market-1501-v15.09.15'


@pytest.fixture(scope='module')
def small():
    """Makes the demo set small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, 'DEMO_TRAIN_PIDS', 3)
        patch.setattr(render, 'DEMO_TEST_PIDS', 3)
        patch.setattr(render, 'DEMO_SIZES', _SIZES)
        yield


@pytest.fixture(scope='module')
def demo(small, tmp_path_factory):
    """A small demo set, which tests only read or copy."""
    folder = tmp_path_factory.mktemp('rendered') / 'demo'
    render_demo(folder, workers=1)
    return folder


def test_more_people_in_the_demo(small, tmp_path):
    """With as many pictures each, and recognized as another rendering."""
    render_demo(tmp_path, seed=6, workers=1, num_train=6)
    names = [path.name for path in (tmp_path / _TREE / 'bounding_box_train').iterdir()]
    assert len(names) == 2 * _SIZES.train and len({name[:4] for name in names}) == 6
    assert '6 + 3 invented people' in (tmp_path / _TREE / 'RENDERED.txt').read_text()


@pytest.fixture
def annotations(tmp_path):
    path = tmp_path / 'given' / 'market_attribute.mat'
    path.parent.mkdir()
    path.write_bytes(annotation_bytes(invent_roster(9, 4, 3)))
    return path


def _hashes(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }


def _leftovers(folder):
    return sorted(os.listdir(folder)) if folder.exists() else []


def test_demo_is_the_same_for_any_number_of_processes(demo, tmp_path):
    render_demo(tmp_path, workers=2)
    assert _hashes(tmp_path) == _hashes(demo)


def test_another_seed_gives_another_demo(demo, tmp_path):
    render_demo(tmp_path, seed=6, workers=1)
    one, other = _hashes(demo), _hashes(tmp_path)
    assert len(one) == len(other) == 32 + 2
    assert not {*other.values()} & {*one.values()}


def test_order_of_the_work_does_not_matter(tmp_path):
    seed = render.DEFAULT_SEED
    roster = invent_roster(seed, 2, 2)
    shots = make_plan(roster, Sizes(4, 4, 6, 2, 2), seed)
    recipe = Recipe(seed, 1, 'these')
    tree.write_tree(tmp_path / 'a', roster, shots, b'', recipe, 1)
    tree.write_tree(tmp_path / 'b', roster, shots[::-1], b'', recipe, 1)
    assert _hashes(tmp_path / 'a') == _hashes(tmp_path / 'b')


def test_tree_has_the_form_of_market1501(demo):
    assert _leftovers(demo) == [_TREE]
    folder = demo / _TREE
    assert _leftovers(folder) == [
        'RENDERED.txt',
        'bounding_box_test',
        'bounding_box_train',
        'market_attribute.mat',
        'query',
    ]
    counts = {
        name: len(_leftovers(folder / name))
        for name in ('bounding_box_train', 'query', 'bounding_box_test')
    }
    assert counts == {'bounding_box_train': 8, 'query': 7, 'bounding_box_test': 17}
    prefixes = Counter(name.split('_')[0] for name in _leftovers(folder / 'bounding_box_test'))
    assert prefixes['-1'] == 4 and prefixes['0000'] == 4
    for path in folder.rglob('*.jpg'):
        assert cv2.imread(str(path)).shape == (128, 64, 3)
    marker = (folder / 'RENDERED.txt').read_text()
    assert 'not photographs' in marker and f'seed: {render.DEFAULT_SEED}' in marker
    roster = read_roster(folder / 'market_attribute.mat')
    assert roster == invent_roster(render.DEFAULT_SEED, 3, 3)


def test_torchreid_reads_the_tree(demo, tmp_path):
    torchreid_compat = pytest.importorskip('midattr_plugin.torchreid_compat')
    shutil.copytree(demo, tmp_path / 'market1501')
    dataset = torchreid_compat.Market1501(root=str(tmp_path), verbose=False)
    # torchreid leaves out junk and keeps the background
    assert (len(dataset.train), len(dataset.query), len(dataset.gallery)) == (8, 7, 13)


def test_complete_tree_is_kept_and_an_older_one_replaced(small, demo, tmp_path, capsys):
    shutil.copytree(demo, tmp_path, dirs_exist_ok=True)
    marker = tmp_path / _TREE / 'RENDERED.txt'
    picture = next((tmp_path / _TREE / 'query').iterdir())
    picture.unlink()
    render_demo(tmp_path, workers=1)
    assert not picture.exists(), 'rendered again though it was there'
    # an earlier version of this program said the same in other words
    marker.write_text(marker.read_text().replace('Scores', 'Figures'))
    render_demo(tmp_path, workers=1)
    assert not picture.exists(), 'rendered again because of the notice'
    assert 'again' not in capsys.readouterr().out
    older = re.sub('version: .*', 'version: 1', marker.read_text())
    marker.write_text(re.sub('difficulty: .*\n', '', older))
    render_demo(tmp_path, workers=1)
    assert picture.exists() and Recipe.read(marker.parent).version == RENDERER_VERSION
    assert f'{marker.parent} was rendered by another version' in capsys.readouterr().out
    assert _leftovers(tmp_path) == [_TREE]
    assert not (tmp_path / _TREE / 'replaced').exists()


def test_another_difficulty_gives_other_pictures(small, demo, tmp_path):
    render_demo(tmp_path, workers=1, difficulty=0.5)
    assert Recipe.read(tmp_path / _TREE).difficulty == 0.5
    one, other = _hashes(demo), _hashes(tmp_path)
    assert one.keys() == other.keys()
    same = [name for name in one if one[name] == other[name]]
    assert same == [f'{_TREE}/market_attribute.mat']


def test_twin_counts_and_annotations(annotations, tmp_path):
    render_twin(tmp_path / 'market1501', annotations, workers=1, limit=3)
    folder = tmp_path / 'market1501' / _TREE
    assert (folder / 'market_attribute.mat').read_bytes() == annotations.read_bytes()
    counts = [
        len(_leftovers(folder / name))
        for name in ('bounding_box_train', 'query', 'bounding_box_test')
    ]
    # 2 of 751 and 1 of 750 identities
    assert counts == [
        round(2 * 12936 / 751),
        round(3368 / 750),
        round(13115 / 750) + round(2798 / 750) + round(3819 / 750),
    ]
    assert '3 annotated identities' in (folder / 'RENDERED.txt').read_text()


@pytest.mark.parametrize('workers', [1, 2])
def test_failure_half_way_leaves_nothing(tmp_path, workers):
    """The last picture is of somebody whose look is broken."""
    roster = {'train': {2: Look()}, 'test': {1: Look(upper=('tartan',))}}
    shots = [Shot('bounding_box_train', 2, 1, frame, f'{frame}.jpg') for frame in range(40)]
    shots.append(Shot('query', 1, 1, 0, 'last.jpg'))
    with pytest.raises(KeyError, match='tartan'):
        tree.write_tree(tmp_path / 'tree', roster, shots, b'', Recipe(0, 1, 'these'), workers)
    assert _leftovers(tmp_path) == []


def test_interruption_leaves_nothing(small, tmp_path, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(tree, '_put_in_place', interrupted)
    with pytest.raises(KeyboardInterrupt):
        render_demo(tmp_path / 'demo', workers=1)
    assert _leftovers(tmp_path / 'demo') == []


def test_no_space_left(small, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(tree, 'render_batch', full)
    with pytest.raises(InputError, match='demo/Market.* cannot be written .No space left'):
        render_demo(tmp_path / 'demo', workers=1)
    assert _leftovers(tmp_path / 'demo') == []


def test_another_process_was_faster(demo, tmp_path, monkeypatch):
    """Two processes that need the set at the same time: the first tree stays."""
    render = tree._render

    def overtaken(folder, *args):
        render(folder, *args)
        shutil.copytree(demo, tmp_path, dirs_exist_ok=True)
        (tmp_path / _TREE / 'first').touch()

    monkeypatch.setattr(tree, '_render', overtaken)
    render_demo(tmp_path, workers=1)
    assert (tmp_path / _TREE / 'first').exists()
    assert _leftovers(tmp_path) == [_TREE]


def test_foreign_folder_is_not_touched(small, tmp_path):
    photo = tmp_path / _TREE / 'query' / 'a.jpg'
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b'a real photograph')
    with pytest.raises(InputError, match='was not rendered by this program'):
        render_demo(tmp_path, workers=1)
    assert photo.read_bytes() == b'a real photograph'


def test_empty_folder_is_used(small, tmp_path):
    (tmp_path / _TREE).mkdir()
    render_demo(tmp_path, workers=1)
    assert (tmp_path / _TREE / 'RENDERED.txt').exists()


def test_folder_that_cannot_be_made(small, tmp_path):
    (tmp_path / 'file').write_text('in the way')
    with pytest.raises(InputError, match='cannot be written'):
        render_demo(tmp_path / 'file' / 'demo', workers=1)


def test_distractors_are_written_into_the_gallery(tmp_path):
    for folder in (GALLERY,):
        (tmp_path / folder).mkdir()
    shots = [Shot(GALLERY, pid, 2, 0, f'{pid}.jpg') for pid in (JUNK, DISTRACTOR)]
    assert tree.render_batch(tmp_path, shots, {}, 0) == 2
    one, two = (cv2.imread(str(tmp_path / GALLERY / shot.name)) for shot in shots)
    assert np.abs(one.astype(int) - two).mean() > 5


def test_default_workers(monkeypatch):
    assert render.default_workers() >= 1
    monkeypatch.delattr(os, 'sched_getaffinity', raising=False)
    monkeypatch.setattr(os, 'cpu_count', lambda: None)
    assert render.default_workers() == 1
