"""The batches of an epoch: the same whatever is drawn by other code, in every kind of loader."""

import pickle
import random
from collections import defaultdict

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from helpers.fake_market import write_market_tree
from helpers.tiny_video import NAME, TinyVideo
from midattr_plugin import torchreid_compat
from midattr_plugin.loading import (
    BatchTransform,
    CachedImages,
    CachedLoader,
    EpochLoader,
    epoch_loader,
)
from midattr_plugin.loading.seeded_items import SeededItems

SAMPLERS = {
    'RandomSampler': {},
    'SequentialSampler': {},
    'RandomIdentitySampler': {'num_instances': 3},
    'RandomDomainSampler': {'num_cams': 2},
    'RandomDatasetSampler': {'num_datasets': 1},
}
TRANSFORMS = ['random_flip', 'random_crop', 'random_patch', 'color_jitter', 'random_erase']


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('data')
    write_market_tree(root, train_ids=(2, 7, 10, 11), test_ids=(1, 3))
    return root


def manager(root, sampler='RandomSampler', kind='ImageDataManager', **options):
    return getattr(torchreid_compat, kind)(
        **{
            'root': str(root),
            'sources': 'market1501_attr',
            'height': 32,
            'width': 16,
            'workers': 0,
            'transforms': TRANSFORMS,
            'batch_size_train': 6,
            'train_sampler': sampler,
            'use_gpu': False,
        }
        | SAMPLERS[sampler]
        | options
    )


def cached(loader):
    return CachedLoader(loader, CachedImages(loader.dataset, 32, 16), BatchTransform(TRANSFORMS))


def draw():
    return random.random(), np.random.rand(), torch.rand(1).item()


def epoch(loader, number=0, seed=1, draws=0):
    """The batches of an epoch, with other code that draws before each of them."""
    for _ in range(draws):
        draw()
    batches = []
    for data in EpochLoader(loader, seed, number):
        batches.append(data)
        for _ in range(draws):
            draw()
    assert batches
    return batches


def same(batches, others):
    """Whether labels, paths and images are the same."""
    assert [list(data) for data in batches] == [list(data) for data in others]
    return all(
        torch.equal(value, other[name]) if isinstance(value, torch.Tensor) else value == other[name]
        for data, other in zip(batches, others, strict=True)
        for name, value in data.items()
    )


@pytest.mark.parametrize('wrap', [lambda loader: loader, cached], ids=['decoded', 'cached'])
@pytest.mark.parametrize('sampler', SAMPLERS)
def test_nothing_that_is_drawn_elsewhere_matters(root, sampler, wrap):
    loader = wrap(manager(root, sampler).train_loader)
    expected = epoch(loader)
    assert same(epoch(loader, draws=3), expected)
    assert not same(epoch(loader, number=1), expected)
    assert not same(epoch(loader, seed=2), expected)
    assert same(epoch(loader), expected)


@pytest.mark.parametrize('wrap', [lambda loader: loader, cached], ids=['decoded', 'cached'])
def test_other_code_goes_on_as_if_nothing_was_drawn(root, wrap):
    loader = wrap(manager(root).train_loader)
    torchreid_compat.utils.set_random_seed(3)
    expected = [draw() for _ in range(4)]
    torchreid_compat.utils.set_random_seed(3)
    drawn = [draw()]
    for _ in EpochLoader(loader, 1, 0):
        drawn.append(draw())
    assert drawn[:4] == expected[: len(drawn)] and len(drawn) == 3


@pytest.mark.parametrize('sampler', SAMPLERS)
def test_any_number_of_workers_and_a_cache_give_the_same_order(root, sampler):
    """And the same augmentation, but for pools of patches, of which each worker has its own."""
    transforms = [name for name in TRANSFORMS if name != 'random_patch']
    loader = manager(root, sampler, transforms=transforms).train_loader
    expected = epoch(loader)
    order = [data['impath'] for data in expected]
    assert [data['impath'] for data in epoch(cached(loader))] == order
    if sampler in ('RandomSampler', 'RandomIdentitySampler'):
        with_workers = manager(root, sampler, transforms=transforms, workers=2).train_loader
        assert same(epoch(with_workers), expected)


def test_batches_are_those_of_the_sampler(root):
    loader = manager(root, 'RandomIdentitySampler', batch_size_train=6).train_loader
    assert len(EpochLoader(loader, 1, 0)) == len(loader)
    assert EpochLoader(loader, 1, 0).dataset is loader.dataset
    for data in epoch(loader):
        assert data['img'].shape == (6, 3, 32, 16)
        assert data['pid'].unique(return_counts=True)[1].tolist() == [3, 3]
    assert type(loader) is DataLoader and not isinstance(loader.dataset, SeededItems)


def test_each_time_an_image_is_seen_it_is_augmented_anew(root):
    """An identity of few images has some of them several times in an epoch."""
    loader = manager(root, 'RandomIdentitySampler', num_instances=6, transforms=['color_jitter'])
    seen = defaultdict(list)
    for data in epoch(loader.train_loader):
        for path, image in zip(data['impath'], data['img'], strict=True):
            seen[path].append(image)
    several = [images for images in seen.values() if len(images) > 1]
    assert several
    assert not any(torch.equal(images[0], images[1]) for images in several)


def test_half_of_the_images_are_flipped(root):
    """Seeds that are near to each other must not give numbers that are, too."""
    loader = manager(root, transforms=['random_flip'], batch_size_train=16).train_loader
    plain = manager(root, transforms=[], batch_size_train=16).train_loader.dataset
    images = {data['impath']: data['img'] for data in (plain[i] for i in range(len(plain)))}
    flipped = [
        not torch.equal(image, images[path])
        for number in range(40)
        for data in epoch(loader, number)
        for path, image in zip(data['impath'], data['img'], strict=True)
    ]
    assert len(flipped) == 640 and 260 < sum(flipped) < 380  # 5 standard deviations


def test_several_copies_of_an_image_differ(root):
    loader = manager(root, k_tfm=2, transforms=['color_jitter']).train_loader
    first, second = epoch(loader), epoch(loader, draws=2)
    for data, other in zip(first, second, strict=True):
        one, two = data['img']
        assert not torch.equal(one, two)
        assert torch.equal(one, other['img'][0]) and torch.equal(two, other['img'][1])


def test_patches_are_those_of_the_epoch(root):
    """Without worker processes torchreid's pool would last from epoch to epoch."""

    def loader():
        built = manager(root, transforms=['random_patch']).train_loader
        built.dataset.transform.transforms[1].min_sample_size = 4
        return built

    used = loader()
    first = epoch(used)
    assert not same(first, epoch(manager(root, transforms=[]).train_loader))  # there are patches
    assert same(epoch(used), first)
    assert same(epoch(used, 1), epoch(loader(), 1))


@pytest.mark.parametrize('method', ['evenly', 'random'])
def test_videos(root, monkeypatch, method):
    registry = torchreid_compat.data.datasets.__dict__['__video_datasets']
    monkeypatch.setitem(registry, NAME, TinyVideo)
    loader = manager(
        root,
        kind='VideoDataManager',
        sources=NAME,
        batch_size_train=4,
        seq_len=1,
        sample_method=method,
    ).train_loader
    expected = epoch(loader)
    assert expected[0]['img'].shape == (4, 1, 3, 32, 16)
    assert same(epoch(loader, draws=2), expected)
    assert not same(epoch(loader, 1), expected)


def test_each_process_has_an_augmentation_of_its_own(root, monkeypatch):
    """The order is that of the main process, which sends it to the others."""
    loader = manager(root, transforms=['color_jitter']).train_loader
    for kind in (loader, cached(loader)):
        monkeypatch.setattr(epoch_loader, 'process_rank', lambda: 0)
        first = epoch(kind)
        monkeypatch.setattr(epoch_loader, 'process_rank', lambda: 1)
        second = epoch(kind)
        assert [data['impath'] for data in first] == [data['impath'] for data in second]
        assert not any(
            torch.equal(image, other)
            for data, others in zip(first, second, strict=True)
            for image, other in zip(data['img'], others['img'], strict=True)
        )


class Drawn(Dataset):
    """Items that are nothing but random numbers."""

    def __len__(self):
        return 5

    def __getitem__(self, index):
        if index == 'broken':
            raise ValueError('broken')
        return {'drawn': torch.tensor(draw()), 'img': torch.tensor(index)}


class Stream(IterableDataset):
    def __iter__(self):
        return iter([{'drawn': torch.tensor(draw())} for _ in range(5)])


class OwnLoader:
    """A loader of a user, which knows neither dataset nor sampler."""

    def __len__(self):
        return 3

    def __iter__(self):
        for _ in range(3):
            yield {'drawn': torch.tensor(draw())}


class OwnDataLoader(DataLoader):
    def __iter__(self):
        yield {'drawn': torch.tensor(draw())}
        yield from super().__iter__()


@pytest.mark.parametrize(
    'loader',
    [
        OwnLoader(),
        OwnDataLoader(Drawn(), 2, shuffle=True),
        DataLoader(Drawn(), batch_size=None),
        DataLoader(Stream(), batch_size=2),
        [{'drawn': torch.zeros(3)}],
    ],
    ids=['own', 'subclass', 'single items', 'stream', 'list'],
)
def test_loaders_of_other_kinds(loader):
    expected = epoch(loader)
    assert len(expected) == len(list(loader))
    assert same(epoch(loader, draws=2), expected)
    if type(loader) is not list:
        assert not same(epoch(loader, 1), expected)


def test_options_of_the_loader_are_kept():
    def collate(items):
        return {'count': len(items)}

    def start_worker(number):
        torch.set_num_threads(1)

    loader = DataLoader(
        Drawn(),
        2,
        num_workers=1,
        collate_fn=collate,
        timeout=50,
        worker_init_fn=start_worker,
        multiprocessing_context='fork',
        prefetch_factor=3,
        persistent_workers=True,
    )
    assert epoch(loader) == [{'count': 2}, {'count': 2}, {'count': 1}]
    ordered = EpochLoader(loader, 1, 0)._in_order()
    for name in (
        'num_workers',
        'collate_fn',
        'pin_memory',
        'timeout',
        'worker_init_fn',
        'multiprocessing_context',
        'prefetch_factor',
    ):
        assert getattr(ordered, name) == getattr(loader, name), name


def test_generators_after_an_error(root):
    torchreid_compat.utils.set_random_seed(3)
    expected = draw()
    torchreid_compat.utils.set_random_seed(3)
    with pytest.raises(ValueError, match='broken'):
        list(EpochLoader(DataLoader(Drawn(), batch_sampler=[['broken']]), 1, 0))
    assert draw() == expected


def test_workers_that_start_anew_can_get_the_items(root):
    """On macOS, on Windows, and with Python from 3.14 on."""
    dataset = pickle.loads(pickle.dumps(SeededItems(manager(root).train_loader.dataset)))
    assert len(dataset) == 16
    first, second = (dataset[(1, 2, 3), 5]['img'] for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, dataset[(4, 5, 6), 5]['img'])
