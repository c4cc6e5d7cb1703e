import warnings

import pytest
import torch
from torchvision.transforms import ToTensor

from helpers.fake_market import write_duke_tree, write_image, write_market_tree
from helpers.fake_sources import (
    DUKE_LABELS,
    MARKET_LABELS,
    TEST_IDS,
    assert_union_labels,
    duke,
    identity,
    market,
)
from midattr_plugin import torchreid_compat
from midattr_plugin.datasets import ATTRIBUTE_DATASETS, DUKEMTMCREID, MARKET1501
from midattr_plugin.errors import InputError


@pytest.fixture
def root(tmp_path):
    """Holds Market-1501 and DukeMTMC-reID."""
    write_market_tree(tmp_path)
    write_duke_tree(tmp_path)
    return tmp_path


@pytest.fixture
def data_dir(root):
    return root / 'market1501' / 'Market-1501-v15.09.15'


@pytest.mark.parametrize(
    'make, plain, labels',
    [
        (market, torchreid_compat.Market1501, MARKET_LABELS),
        (duke, torchreid_compat.DukeMTMCreID, DUKE_LABELS),
    ],
)
@pytest.mark.parametrize('mode', ['train', 'query', 'gallery'])
def test_items_are_torchreids_with_attributes(root, make, plain, labels, mode):
    dataset = make(root, mode=mode)
    reference = plain(str(root), mode=mode, verbose=False, transform=ToTensor())
    by_path = {item['impath']: item for item in map(reference.__getitem__, range(len(reference)))}
    assert len(dataset) == len(by_path) > 0
    relabeled = {}
    for i in range(len(dataset)):
        item = dataset[i]
        expected = by_path[item['impath']]
        attrs, pid = item.pop('attrs'), identity(item['impath'])
        assert item.keys() == expected.keys()
        assert torch.equal(item.pop('img'), expected.pop('img'))
        if mode == 'train':
            relabeled[pid] = item.pop('pid')
            expected.pop('pid')
        assert item == expected
        assert attrs.dtype == torch.int64
        assert attrs.tolist() == list(labels.get(pid, (-1,) * len(dataset.schema)))
    if mode == 'train':
        assert [relabeled[pid] for pid in sorted(relabeled)] == list(range(len(relabeled)))
        assert dataset.num_train_pids == len(relabeled)


def test_background_has_no_attributes_and_junk_is_left_out(root):
    pids = {identity(path) for path, *_ in market(root, mode='gallery').data}
    assert pids == {0, *TEST_IDS}


def test_500k_distractors(root, data_dir):
    with pytest.raises(InputError, match='images" does not exist'):
        market(root, market1501_500k=True)
    write_image(data_dir / 'images' / '0000_c1s1_000023_00.jpg')
    dataset = market(root, market1501_500k=True, mode='gallery')
    assert dataset[len(dataset) - 1]['attrs'].tolist() == [-1] * 12
    assert len(dataset) == len(market(root, mode='gallery')) + 1


@pytest.fixture
def registered():
    names = dict(torchreid_compat._dataset_registry)
    for name, dataset in ATTRIBUTE_DATASETS.items():
        torchreid_compat.register_image_dataset(name, dataset)
    yield
    torchreid_compat._dataset_registry.clear()
    torchreid_compat._dataset_registry.update(names)


def manager(root, **options):
    options = {
        'sources': 'market1501_attr',
        'height': 32,
        'width': 16,
        'batch_size_train': 4,
        'batch_size_test': 3,
        'workers': 0,
        'use_gpu': False,
    } | options
    return torchreid_compat.ImageDataManager(root=str(root), **options)


def paths_and_attributes(loader):
    for batch in loader:
        yield from zip(batch['impath'], batch['attrs'], strict=True)


def test_through_torchreids_data_manager(root, registered):
    datamanager = manager(root)
    assert datamanager.num_train_pids == 3
    loaders = [datamanager.train_loader, *datamanager.test_loader['market1501_attr'].values()]
    for loader, count in zip(loaders, (12, 4, 10), strict=True):
        items = list(paths_and_attributes(loader))
        assert len(items) == count
        for path, attrs in items:
            assert attrs.tolist() == list(MARKET_LABELS.get(identity(path), (-1,) * 12))


@pytest.mark.parametrize('combineall', [False, True])
def test_two_sources_through_torchreids_data_manager(root, registered, combineall):
    datamanager = manager(
        root,
        sources=['market1501_attr', 'dukemtmcreid_attr'],
        combineall=combineall,
        k_tfm=2,
        train_sampler='RandomIdentitySampler',
        num_instances=2,
    )
    dataset = datamanager.train_loader.dataset
    assert datamanager.num_train_pids == (9 if combineall else 5)
    assert dataset.k_tfm == 2
    assert_union_labels(dataset, MARKET1501.union(DUKEMTMCREID))
    batch = next(iter(datamanager.train_loader))
    assert len(batch['img']) == 2 and batch['img'][0].shape == (4, 3, 32, 16)
    assert batch['attrs'].shape == (4, 15)
    for name, m in (('market1501_attr', 12), ('dukemtmcreid_attr', 10)):
        for loader in datamanager.test_loader[name].values():
            assert next(iter(loader))['attrs'].shape[1] == m


def test_target_training_images(root, registered):
    datamanager = manager(root, targets='dukemtmcreid_attr', load_train_targets=True)
    for path, attrs in paths_and_attributes(datamanager.train_loader_t):
        assert attrs.tolist() == list(DUKE_LABELS[identity(path)])


def test_a_complete_tree_gives_no_warning(root):
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        for mode in ('train', 'query', 'gallery'):
            market(root, mode=mode), duke(root, mode=mode)
