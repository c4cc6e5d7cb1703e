"""The cached loader against torchreid's loader on the same data."""

import random
from functools import partial

import numpy as np
import psutil
import pytest
import torch
from tqdm import tqdm

from helpers.fake_market import write_duke_tree, write_market_tree
from helpers.tiny_run import UNTRAINED, arguments
from midattr_plugin import build, torchreid_compat
from midattr_plugin.config import parse_config
from midattr_plugin.errors import InputError
from midattr_plugin.loading import (
    BatchTransform,
    CachedImages,
    CachedLoader,
    cached_images,
    random_patch,
)
from midattr_plugin.train import main


@pytest.fixture
def root(tmp_path):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    return tmp_path


def manager(root, sources='market1501_attr', sampler='RandomSampler', **options):
    return torchreid_compat.ImageDataManager(
        root=str(root),
        sources=sources,
        height=24,
        width=12,
        transforms=[],
        workers=0,
        batch_size_train=4,
        train_sampler=sampler,
        num_instances=2,
        use_gpu=False,
        **options,
    )


def cached(loader, workers=0):
    return CachedLoader(
        loader, CachedImages(loader.dataset, 24, 12, workers=workers), BatchTransform([])
    )


def seed():
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)


def by_path(loader):
    items = {}
    for data in loader:
        for i, path in enumerate(data['impath']):
            items[path] = {name: data[name][i] for name in data if name != 'impath'}
    return items


@pytest.mark.parametrize('sampler', ['RandomSampler', 'RandomIdentitySampler', 'SequentialSampler'])
@pytest.mark.parametrize(
    'sources', [['market1501_attr'], ['market1501'], ['market1501_attr', 'dukemtmcreid_attr']]
)
def test_items_equal_torchreids(root, sampler, sources):
    write_duke_tree(root)
    theirs = manager(root, sources, sampler).train_loader
    mine = cached(theirs)
    assert len(mine) == len(theirs)
    reference = {}
    while len(reference) < len(theirs.dataset):  # a batch may be dropped at the end
        reference |= by_path(theirs)
    seen = 0
    for data in mine:
        assert set(data) == set(next(iter(theirs)))
        for i, path in enumerate(data['impath']):
            seen += 1
            for name, value in reference[path].items():
                torch.testing.assert_close(data[name][i], value, atol=1e-5, rtol=0)
    assert seen >= 8


def test_batches_are_the_samplers(root):
    theirs = manager(root, sampler='RandomIdentitySampler').train_loader
    mine = cached(theirs)
    seed()
    expected = [list(batch) for batch in theirs.batch_sampler]
    seed()
    paths = [theirs.dataset.data[i][0] for batch in expected for i in batch]
    assert [path for data in mine for path in data['impath']] == paths
    for data in mine:
        assert all((data['pid'] == pid).sum() == 2 for pid in data['pid'].unique())


def test_files_are_read_only_once(root):
    theirs = manager(root).train_loader
    mine = cached(theirs, workers=1)
    for path, *_ in theirs.dataset.data:
        open(path, 'w').close()
    assert len(list(mine)) == 4 and len(list(mine)) == 4


def test_augmentation_does_not_change_the_cache(root):
    loader = manager(root).train_loader
    mine = CachedLoader(
        loader,
        CachedImages(loader.dataset, 24, 12),
        BatchTransform(['random_flip', 'random_patch', 'color_jitter']),
    )
    before = mine.images.pixels.clone()
    for _ in range(3):
        list(mine)
    assert torch.equal(before, mine.images.pixels)


def test_several_copies_of_an_image(root):
    loader = manager(root, k_tfm=2).train_loader
    data = next(iter(cached(loader)))
    assert len(data['img']) == 2 and data['img'][0].shape == (4, 3, 24, 12)


def test_images_that_exceed_the_memory(root, monkeypatch):
    loader = manager(root).train_loader
    free = type(psutil.virtual_memory())(*([2**13] * len(psutil.virtual_memory())))
    monkeypatch.setattr(psutil, 'virtual_memory', lambda: free)
    with pytest.raises(
        InputError,
        match=r'midattr.cache: 16 training images of 24 x 12 take .+ GiB'
        r', but only .+ free; set it to none',
    ):
        cached(loader)


def test_every_process_of_the_machine_caches_all_images(root, monkeypatch):
    loader = manager(root).train_loader
    needed = 16 * 24 * 12 * 3
    monkeypatch.setattr(cached_images, 'free_ram', lambda: 3 * needed)
    launch = {'RANK': '0', 'LOCAL_RANK': '0', 'MASTER_ADDR': 'localhost', 'MASTER_PORT': '1'}
    for name, value in launch.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv('LOCAL_WORLD_SIZE', '4')
    monkeypatch.setenv('WORLD_SIZE', '1')  # a process that trains by itself, e.g. of a suite
    assert len(cached(loader)) == 4
    monkeypatch.setenv('WORLD_SIZE', '8')
    monkeypatch.setenv('LOCAL_WORLD_SIZE', '3')
    assert len(cached(loader)) == 4
    monkeypatch.setenv('LOCAL_WORLD_SIZE', '4')
    with pytest.raises(InputError, match='take 0.0 GiB in each of 4 processes, but only 0.0 GiB'):
        cached(loader)
    monkeypatch.setenv('LOCAL_RANK', '3')  # when the first one has filled its own
    assert len(cached(loader)) == 4


def test_a_device_cache_leaves_room_for_training(root, monkeypatch):
    dataset = manager(root).train_loader.dataset
    needed = 16 * 24 * 12 * 3
    monkeypatch.setattr(torch.cuda, 'mem_get_info', lambda: (int(needed / 0.69), needed))
    assert CachedImages(dataset, 24, 12, device='meta').pixels.shape == (16, 24, 12, 3)
    monkeypatch.setattr(torch.cuda, 'mem_get_info', lambda: (int(needed / 0.71), needed))
    with pytest.raises(
        InputError,
        match=r'midattr.cache: 16 .+ but of the .+ free on the GPU training needs 30%; '
        r'set it to ram or none',
    ):
        CachedImages(dataset, 24, 12, device='meta')


def test_a_broken_image(root, capsys):
    path = sorted((root / 'market1501/Market-1501-v15.09.15/bounding_box_train').iterdir())[3]
    path.write_bytes(b'')
    assert main(arguments(root, 'midattr.cache', 'ram', 'data.workers', 1)) == 1
    assert f'image "{path}" is truncated or not an image' in capsys.readouterr().err


def test_a_device_cache_without_a_device(root):
    with pytest.raises(InputError, match='midattr.cache is device, but no GPU'):
        build.build_datamanager(parse_config(arguments(root, 'midattr.cache', 'device')))


def test_patches_are_those_of_the_epoch(root, monkeypatch):
    """So the images of an epoch do not depend on whether those of the last were seen."""
    monkeypatch.setattr(random_patch, '_MIN_PATCHES', 4)
    loader = manager(root).train_loader
    mine, other = (
        CachedLoader(loader, CachedImages(loader.dataset, 24, 12), BatchTransform(['random_patch']))
        for _ in range(2)
    )
    list(mine)
    seed()
    epoch = [data['img'] for data in mine]
    seed()
    assert all(torch.equal(images, data['img']) for images, data in zip(epoch, other, strict=True))


@pytest.mark.parametrize(
    'model, loss', [('midattr_tiny_market', 'midattr'), ('osnet_x0_25', 'softmax')]
)
def test_a_run_with_a_cache_resumes_bit_for_bit(root, monkeypatch, model, loss):
    monkeypatch.setattr(random_patch, '_MIN_PATCHES', 4)
    pairs = [
        'model.name',
        model,
        'loss.name',
        loss,
        'midattr.cache',
        'ram',
        'train.max_epoch',
        2,
        'train.batch_size',
        8,
        'data.transforms',
        "['random_flip', 'random_crop', 'random_patch', 'random_erase']",
    ]
    last = root / 'log/model/model.pth.tar-last'

    def weights():
        return torch.load(last, weights_only=True)['state_dict']

    assert main(arguments(root, *pairs)) == 0
    expected = weights()
    assert main(arguments(root, *pairs, 'train.max_epoch', 1)) == 0
    assert main(arguments(root, *pairs, 'model.resume', last)) == 0
    assert all(torch.equal(expected[key], value) for key, value in weights().items())


def test_no_cache_without_training(root):
    cfg = parse_config(arguments(root, 'midattr.cache', 'ram', *UNTRAINED))
    assert isinstance(build.build_datamanager(cfg).train_loader, torch.utils.data.DataLoader)


def test_without_progress_bars(root, monkeypatch):
    """With TQDM_DISABLE in the environment a bar counts nothing; the images are the same."""
    dataset = manager(root).train_loader.dataset
    monkeypatch.setattr(cached_images, '_BATCH', 3)
    expected = CachedImages(dataset, 24, 12).pixels
    monkeypatch.setattr(cached_images, 'tqdm', partial(tqdm, disable=True))
    assert len(dataset) > 3 and len(expected.unique(dim=0)) > 3
    assert torch.equal(CachedImages(dataset, 24, 12).pixels, expected)
