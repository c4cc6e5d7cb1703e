"""Nothing but the looks of a person tells who it is, nor which folder a picture is from."""

import re
from collections import Counter, defaultdict

import cv2
import numpy as np
import pytest

from helpers.chance import Ranking, excess
from midattr_plugin.datasets.rendered import Recipe
from midattr_plugin.rendering import photo
from midattr_plugin.rendering.plan import GALLERY, QUERY, TRAIN, Sizes, make_plan
from midattr_plugin.rendering.roster import invent_roster
from midattr_plugin.rendering.tree import write_tree

_SEEDS = (1, 2)
_NUM_PIDS = 14
_SIZES = Sizes(train=60, query=48, gallery=84, distractors=6, junk=6)
_NOISE = 3  # standard deviations


class _Picture:
    """What can be read of a file without looking at the person."""

    def __init__(self, path):
        found = re.fullmatch(r'(-1|\d{4})_c(\d)s(\d)_(\d{6})_(\d\d)\.jpg', path.name)
        self.pid, self.camid, self.sequence, self.frame, self.box = map(int, found.groups())
        self.data = path.read_bytes()
        self.size = len(self.data)
        self.pixels = cv2.imread(str(path)).astype(np.float32)
        self.mean = self.pixels.mean((0, 1))
        self.noise = np.median(np.abs(cv2.Laplacian(self.pixels, cv2.CV_32F)))

    @property
    def border(self):
        """Mean colors of pieces of the two outermost pixels on each side."""
        left, right = self.pixels[:, :2], self.pixels[:, -2:]
        sides = np.stack([left, right]).reshape(2, 8, -1, 3).mean(2)
        ends = np.stack([self.pixels[:2], self.pixels[-2:]]).mean((1, 2))
        return np.concatenate([sides.ravel(), ends.ravel()])

    @property
    def edge(self):
        """Mean brightness of the border."""
        return self.border.mean()

    @property
    def tiles(self):
        """Mean colors of 8 x 4 tiles of the whole picture."""
        return cv2.resize(self.pixels, (4, 8), interpolation=cv2.INTER_AREA)


def _write(folder):
    trees = []
    for seed in _SEEDS:
        roster = invent_roster(seed, _NUM_PIDS, _NUM_PIDS)
        tree = folder / str(seed)
        shots = make_plan(roster, _SIZES, seed)
        write_tree(tree, roster, shots, b'', Recipe(seed, 1, 'a test'), 1)
        trees.append(
            {
                name: [_Picture(path) for path in sorted((tree / name).iterdir())]
                for name in (TRAIN, QUERY, GALLERY)
            }
        )
    return trees


@pytest.fixture(scope='module')
def trees(tmp_path_factory):
    return _write(tmp_path_factory.mktemp('leaks'))


@pytest.fixture(scope='module')
def trees_without_people(tmp_path_factory):
    """The same pictures, in which the identities are not painted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(photo.Person, 'paint', lambda self, canvas: None)
        return _write(tmp_path_factory.mktemp('empty'))


def _ranking(tree, read):
    pictures = [tree[QUERY], [picture for picture in tree[GALLERY] if picture.pid > 0]]
    walks = Counter((picture.pid, picture.camid) for picture in pictures[1])
    parts = []
    for part in pictures:
        for picture in part:
            picture.count = walks[picture.pid, picture.camid]
        parts.append(np.array([np.ravel(read(picture)) for picture in part], float))
    labels = [
        np.array([getattr(picture, name) for picture in part])
        for part in pictures
        for name in ('pid', 'camid')
    ]
    return Ranking(*parts, *labels)


@pytest.mark.parametrize(
    'name', ['camid', 'sequence', 'frame', 'box', 'count', 'size', 'mean', 'noise', 'border']
)
def test_a_property_alone_ranks_at_chance(trees, name):
    found = excess([_ranking(tree, lambda picture: getattr(picture, name)) for tree in trees])
    assert abs(found) < _NOISE


def test_pictures_without_the_person_rank_at_chance(trees_without_people):
    found = excess([_ranking(tree, lambda picture: picture.tiles) for tree in trees_without_people])
    assert abs(found) < _NOISE


def test_people_rank_above_chance(trees):
    """The measure finds what is there."""
    found = excess([_ranking(tree, lambda picture: picture.tiles - picture.mean) for tree in trees])
    assert found > 2 * _NOISE


def test_walks_of_an_identity_have_their_own_recordings(trees):
    shared = total = 0
    for tree in trees:
        recordings = defaultdict(set)
        for picture in tree[TRAIN] + tree[QUERY]:
            recordings[picture.pid].add((picture.camid, picture.sequence))
        for walks in recordings.values():
            shared += len({sequence for _, sequence in walks}) == 1
            total += 1
    assert shared < 0.3 * total


@pytest.mark.parametrize('name', ['size', 'mean', 'noise', 'edge', 'frame', 'sequence'])
def test_folders_cannot_be_told_apart(trees, name):
    """Compares means of identities, of which each counts once."""
    gaps = {'train and test': [], 'query and gallery': []}
    for tree in trees:
        means = {
            folder: _means([picture for picture in pictures if picture.pid > 0], name)
            for folder, pictures in tree.items()
        }
        gaps['query and gallery'] += [
            means[QUERY][pid] - means[GALLERY][pid] for pid in means[QUERY]
        ]
        # in random pairs, which is what identities in order of their numbers are
        pairs = zip(means[TRAIN].values(), means[GALLERY].values(), strict=True)
        gaps['train and test'] += [train - test for train, test in pairs]
    for folders, rows in gaps.items():
        rows = np.array(rows)
        found = rows.mean(0) / (rows.std(0) / len(rows) ** 0.5)
        assert np.abs(found).max() < _NOISE, folders


def _means(pictures, name):
    values = defaultdict(list)
    for picture in pictures:
        values[picture.pid].append(np.atleast_1d(getattr(picture, name)))
    return {pid: np.mean(rows, axis=0) for pid, rows in values.items()}


def test_all_files_have_the_same_header(trees):
    """Quantization and Huffman tables, and nothing that only some files have."""
    headers = {
        picture.data[: picture.data.index(b'\xff\xda')]
        for tree in trees
        for pictures in tree.values()
        for picture in pictures
    }
    assert len(headers) == 1
    assert b'Exif' not in headers.pop()


def test_query_is_not_always_the_first_of_a_walk(trees):
    first = []
    for tree in trees:
        frames = defaultdict(list)
        for picture in tree[GALLERY]:
            frames[picture.pid, picture.camid].append(picture.frame)
        first += [
            picture.frame < min(frames[picture.pid, picture.camid]) for picture in tree[QUERY]
        ]
    assert 0.2 < np.mean(first) < 0.8
