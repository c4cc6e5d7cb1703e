"""Which identities are held out, how they are split, and that they are never trained."""

import itertools
import random
from collections import defaultdict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.fake_market import write_duke_tree, write_market_tree
from helpers.tiny_run import UNTRAINED, arguments
from midattr_plugin import build, torchreid_compat
from midattr_plugin.config import parse_config
from midattr_plugin.datasets.held_out_identities import (
    describe_held_out,
    relabeled,
    sample_identities,
    split_queries,
)
from midattr_plugin.datasets.matches import without_match
from midattr_plugin.engine import ImageMidAttrEngine
from midattr_plugin.errors import InputError
from midattr_plugin.train import run

N = 'midattr.validation_identities'
TRAIN_IDS = (2, 7, 10, 11, 20, 21)
SOFTMAX = ['model.name', 'osnet_x0_25', 'loss.name', 'softmax']
IDENTITY_BATCHES = ['sampler.train_sampler', 'RandomIdentitySampler', 'sampler.num_instances', 2]

images_of_cameras = st.lists(
    st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=1, max_size=4
)
"""For each identity the camera of each of its images."""


def items_of(cameras_by_identity):
    return [
        (f'{pid}_{number}.jpg', pid, camera, 0)
        for pid, cameras in enumerate(cameras_by_identity)
        for number, camera in enumerate(cameras)
    ]


def most_queries(cameras):
    """The most queries of an identity, one of a camera, each with a match elsewhere."""
    counts = [cameras.count(camera) for camera in set(cameras)]
    best = 0
    for asked in itertools.product((0, 1), repeat=len(counts)):
        left = [count - one for count, one in zip(counts, asked, strict=True)]
        has_match = all(sum(left) - left[i] for i, one in enumerate(asked) if one)
        best = max(best, sum(asked) if has_match else 0)
    return best


@given(images_of_cameras, st.integers(0, 9))
@settings(max_examples=200)
def test_split(cameras_by_identity, seed):
    items = items_of(cameras_by_identity)
    query, gallery = split_queries(items, seed)
    assert sorted(query + gallery) == sorted(items)
    assert len({item[1:3] for item in query}) == len(query)  # one of each camera
    assert not without_match(query, gallery)
    assert {item[1] for item in gallery} == set(range(len(cameras_by_identity)))
    for pid, cameras in enumerate(cameras_by_identity):
        assert sum(item[1] == pid for item in query) == most_queries(cameras)
    shuffled = random.Random(seed).sample(items, len(items))
    assert split_queries(shuffled, seed) == (query, gallery)


def test_every_image_can_be_a_query():
    items = items_of([[0, 0, 1, 1], [0, 1]])
    drawn = {item for seed in range(60) for item in split_queries(items, seed)[0]}
    assert drawn == set(items)


@given(st.integers(4, 12), st.data())
def test_sampled_identities(number, data):
    items = [(f'{pid:02}_{i}', pid, i, 0) for pid in range(number) for i in range(2)]
    count, seed = data.draw(st.integers(2, number - 2)), data.draw(st.integers(0, 9))
    chosen = sample_identities(items, count, seed)
    assert len(chosen) == count and chosen <= set(range(number))
    # another file system: another order, and so other numbers
    names = random.Random(seed).sample(range(number), number)
    other = [(path, names[pid], *rest) for path, pid, *rest in items]
    random.Random(seed).shuffle(other)
    assert sample_identities(other, count, seed) == {names[pid] for pid in chosen}


def test_samples_differ_by_seed_and_keep_the_random_state():
    items = [(f'{i:02}', i, 0, 0) for i in range(60)]
    torch.manual_seed(3)
    first = sample_identities(items, 10, 1)
    split_queries(items_of([[0, 1, 1]]), 1)
    drawn = torch.rand(2)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(2))
    assert first == sample_identities(items, 10, 1) != sample_identities(items, 10, 2)


@pytest.mark.parametrize('count', [-1, 0, 1, 5, 6, 9])
def test_too_few_identities(count):
    items = [(f'{i}', i, 0, 0) for i in range(6)]
    with pytest.raises(InputError, match=f'{N}: {count} of 6 training .*; choose 2 to 4$'):
        sample_identities(items, count, 1)
    with pytest.raises(InputError, match='; set it to 0$'):
        sample_identities(items[:3], 2, 1)


def test_numbers_without_gaps():
    items = [('a', 5, 1, 0), ('b', 2, 0, 0), ('c', 9, 3, 1), ('d', 2, 1, 0)]
    assert relabeled(items) == [('a', 1, 1, 0), ('b', 0, 0, 0), ('c', 2, 3, 1), ('d', 0, 1, 0)]


@pytest.fixture
def build_manager(tmp_path):
    write_market_tree(tmp_path, train_ids=TRAIN_IDS, test_ids=(1, 3, 5))
    return lambda *pairs: build.build_datamanager(parse_config(arguments(tmp_path, *pairs)))


def person(path):
    """The identity in the name of an image, and its folder."""
    folder, name = path.rsplit('/', 1)
    return folder, name.split('_')[0]


@pytest.mark.parametrize(
    'pairs',
    [
        [],
        ['midattr.cache', 'ram'],
        IDENTITY_BATCHES,
        SOFTMAX,
        [*SOFTMAX, 'data.sources', "['market1501']"],
        ['midattr.validation_images', 3],
        ['sampler.train_sampler', 'RandomDomainSampler', 'sampler.num_cams', 2],
    ],
    ids=['ours', 'cache', 'identities', 'softmax', 'torchreid', 'images', 'cameras'],
)
def test_loaders(build_manager, pairs, capsys):
    whole = build_manager(*(pairs if 'data.sources' in pairs else []))
    original = {item[0]: item for item in whole.train_loader.dataset.data}
    parts = build_manager(N, 2, *pairs)
    query, gallery = (parts.held_out_loaders[split].dataset for split in ('query', 'gallery'))
    held = [item[0] for item in (*query.data, *gallery.data)]
    trained = [item[0] for item in parts.train_loader.dataset.data]
    images = getattr(parts, 'validation_loader', None)
    rest = [] if images is None else [item[0] for item in images.dataset.data]
    assert sorted(held + trained + rest) == sorted(original)
    assert len(held) == 8 and len({*map(person, held)}) == 2  # with all their images
    assert not {*map(person, held)} & {*map(person, trained + rest)}
    assert len(query) == 4 and not without_match(query.data, gallery.data)
    assert 'Held out of training: 2 identities, 4 queries and 4 gallery' in capsys.readouterr().out

    assert parts.num_train_pids == 4 == parts.train_loader.dataset.num_train_pids
    renamed = defaultdict(set)
    for path, pid, camid, dsetid in parts.train_loader.dataset.data:
        renamed[original[path][1]].add(pid)
        assert (camid, dsetid) == original[path][2:]
    assert [new for _, new in sorted(renamed.items())] == [{0}, {1}, {2}, {3}]
    labels = {path: pid for path, pid, *_ in parts.train_loader.dataset.data}
    for batch in parts.train_loader:
        assert len(batch['pid']) == 4
        for i, path in enumerate(batch['impath']):
            assert batch['pid'][i] == labels[path]
            if 'attrs' in batch:  # they follow the path
                assert torch.equal(batch['attrs'][i], whole.train_loader.dataset.labels(path))

    again = [next(iter(parts.held_out_loaders['query'])) for _ in range(2)]  # nothing random
    assert torch.equal(again[0]['img'], again[1]['img']) and again[0]['img'].shape[2:] == (32, 16)


def test_two_sources(build_manager, tmp_path):
    write_duke_tree(tmp_path, train_ids=(1, 8, 9, 12))
    sources = ['data.sources', "['market1501_attr','dukemtmcreid_attr']"]
    whole, parts = build_manager(*sources), build_manager(*sources, N, 5)
    trained = parts.train_loader.dataset
    query, gallery = (parts.held_out_loaders[split].dataset for split in ('query', 'gallery'))
    people = {person(path) for path, *_ in (*query.data, *gallery.data)}
    assert len(people) == 5 == 10 - parts.num_train_pids
    assert {folder.rsplit('/', 2)[1] for folder, _ in people} == {
        'DukeMTMC-reID',
        'Market-1501-v15.09.15',
    }
    assert {pid for _, pid, *_ in trained.data} == set(range(5))
    for path, *_ in trained.data:
        assert torch.equal(trained.labels(path), whole.train_loader.dataset.labels(path))


def test_held_out_identities_are_never_trained(tmp_path, monkeypatch):
    """All images of three epochs, with images held out, too."""
    write_market_tree(tmp_path, train_ids=TRAIN_IDS, test_ids=(1, 3, 5))
    seen, engines = [], []
    original = ImageMidAttrEngine.forward_backward

    def step(self, data):
        seen.extend(data['impath'])
        engines[:] = [self]
        return original(self, data)

    monkeypatch.setattr(ImageMidAttrEngine, 'forward_backward', step)
    pairs = [N, 2, 'midattr.validation_images', 1, 'train.max_epoch', 3, 'test.eval_freq', 1]
    results = run(parse_config(arguments(tmp_path, *pairs)))
    [engine] = engines
    held = [item[0] for loader in engine.held_out_loaders.values() for item in loader.dataset.data]
    assert len(held) == 8 and len(seen) == 3 * 12  # 15 images in batches of 4
    assert not {*map(person, held)} & {*map(person, seen)}
    assert engine.model.num_classes == 4
    assert results.extra['validation']['images'] == 1
    assert results.validation_identities['identities'] == 2


def test_no_batch_remains(build_manager):
    with pytest.raises(InputError, match=f'{N}: holding out 4 leaves 8 training .* batch of 16; '):
        build_manager(N, 4, 'train.batch_size', 16)
    with pytest.raises(
        InputError, match=f'{N}: RandomIdentitySampler cannot make a batch of 8 .* 8 remaining'
    ):
        build_manager(N, 4, *IDENTITY_BATCHES, 'train.batch_size', 8)


def test_one_camera(tmp_path):
    """Those that it alone has seen are in the gallery only; if it has seen all, nothing is left."""
    tree = write_market_tree(tmp_path, train_ids=TRAIN_IDS, test_ids=(1, 3, 5))
    pairs = arguments(tmp_path, N, 4)
    folder = tree / 'bounding_box_train'
    for path in folder.glob('*_c2*'):
        if path.name[:4] not in ('0002', '0007', '0010'):
            path.unlink()
    held_out = build.build_datamanager(parse_config(pairs)).held_out_loaders
    query, gallery = (held_out[split].dataset.data for split in ('query', 'gallery'))
    cameras = defaultdict(set)
    for _, pid, camid, _ in (*query, *gallery):
        cameras[pid].add(camid)
    alone = {pid for pid, seen in cameras.items() if len(seen) == 1}
    assert 0 < len(alone) < 4 and alone == {pid for pid in cameras} - {item[1] for item in query}
    assert f'4 identities ({len(alone)} of them seen by one camera' in describe_held_out(held_out)
    for path in folder.glob('*_c2*'):
        path.unlink()
    with pytest.raises(InputError, match='none of the 4 held-out identities was seen by two cam'):
        build.build_datamanager(parse_config(pairs))


def test_a_test_holds_out_for_its_classifier_only(build_manager):
    manager = build_manager(N, 2, *UNTRAINED)
    assert manager.num_train_pids == 4 and not hasattr(manager, 'held_out_loaders')


def test_videos(tmp_path):
    pairs = [*SOFTMAX, 'data.type', 'video', N, 2]
    with pytest.raises(InputError, match=f'{N} is for images, so set it to 0'):
        parse_config(arguments(tmp_path, *pairs))


def test_samplers_that_draw_in_init(build_manager):
    pairs = ['sampler.train_sampler', 'RandomDomainSampler', 'sampler.num_cams', 2]
    states = []
    for count in (0, 2):
        random.seed(3)
        build_manager(*pairs, N, count)
        states.append(random.random())
    assert states[0] == states[1]


def test_torchreids_counts_are_replaced(build_manager):
    manager = build_manager()
    other = build_manager(N, 2).train_loader
    other.dataset.num_train_cams = 5
    torchreid_compat.replace_training_images(manager, other)
    assert (manager.num_train_pids, manager.num_train_cams) == (4, 5)
