import random

import pytest
from torch.utils.data import DataLoader

from helpers.fake_market import write_image, write_market_tree
from helpers.tiny_engine import build as build_engine
from helpers.tiny_run import arguments, write_config
from midattr_plugin import build, torchreid_compat
from midattr_plugin.config import load_config, parse_config
from midattr_plugin.datasets.sampler_check import check_identity_batch, check_sampler
from midattr_plugin.errors import InputError


def loader(items, name, batch_size, **options):
    sampler = torchreid_compat.data.sampler.build_train_sampler(
        items, name, batch_size=batch_size, **options
    )
    return DataLoader(items, batch_size, sampler=sampler)


ITEMS = [(f'{i}.jpg', i % 8, i % 3, int(i < 2)) for i in range(64)]


def groups_of_a_batch(loader):
    """Return the largest number of images that a batch has of an identity."""
    indices = list(loader.sampler)
    size = loader.batch_size
    batches = [indices[i : i + size] for i in range(0, len(indices) - size + 1, size)]
    counts = [[ITEMS[i][1] for i in batch] for batch in batches]
    return {count.count(pid) for count in counts for pid in count}


@pytest.mark.parametrize('size', [8, 12, 28])
def test_groups_fit_into_batches(size):
    made = loader(ITEMS, 'RandomIdentitySampler', size, num_instances=4)
    check_sampler(made)
    assert groups_of_a_batch(made) == {4}


@pytest.mark.parametrize('size, multiples', [(30, '28 or 32'), (9, '8 or 12'), (7, '4 or 8')])
def test_groups_that_straddle_batches(size, multiples):
    made = loader(ITEMS, 'RandomIdentitySampler', size, num_instances=4)
    assert groups_of_a_batch(made) != {4}
    with pytest.raises(InputError) as error:
        check_sampler(made)
    assert str(error.value) == (
        f'train.batch_size is {size}, which is not a multiple of the 4 images per identity of '
        'sampler.num_instances, so that identities would be split between batches: set it to '
        + multiples
    )


def test_a_batch_smaller_than_a_group():
    with pytest.raises(InputError, match='train.batch_size is 3, which is too small for the 4'):
        check_identity_batch(3, 4)


@pytest.mark.parametrize('name', ['RandomSampler', 'SequentialSampler'])
def test_other_samplers_take_any_batch(name):
    check_sampler(loader(ITEMS, name, 30))


def with_luck(name, **options):
    """Return a loader of one that draws a camera or dataset for each batch: eight of eight images
    each, and a ninth of one image, which it has not drawn yet."""
    items = [(f'{i}.jpg', 0, i // 8, i // 8) for i in range(65)]
    while True:
        try:
            return loader(items, name, 8, **options)
        except ValueError:
            continue


def test_a_camera_with_too_few_images():
    """Which torchreid's sampler finds out in the epoch that draws the camera."""
    check_sampler(loader(ITEMS, 'RandomDomainSampler', 8, num_cams=2))
    with pytest.raises(InputError) as error:
        check_sampler(with_luck('RandomDomainSampler', num_cams=1))
    assert str(error.value) == (
        'sampler.train_sampler takes 8 images of a camera for a batch, but camera 8 (counted from '
        '0) has only 1 training images: lower train.batch_size, raise sampler.num_cams, or choose '
        'RandomSampler'
    )


def test_a_dataset_with_too_few_images():
    made = with_luck('RandomDatasetSampler', num_datasets=1)
    with pytest.raises(InputError, match='_t takes 8 images of a dataset .* dataset 8 .* only 1'):
        check_sampler(made, 'sampler.train_sampler_t')


def test_holding_out_images_of_a_small_camera(tmp_path):
    """What remains can be drawn in every epoch, or is refused."""
    data_dir = write_market_tree(tmp_path)
    for frame in (1, 2):
        write_image(data_dir / 'bounding_box_train' / f'0002_c3s1_{frame:06d}_01.jpg')
    pairs = ['sampler.train_sampler', 'RandomDomainSampler', 'sampler.num_cams', 2]
    refused = ''
    for seed in range(30):
        random.seed(seed)  # the sampler draws a first epoch when it is made
        held_out = ['midattr.validation_images', 4, 'train.seed', seed]
        cfg = parse_config(arguments(tmp_path, *pairs, *held_out))
        try:
            left = build.build_datamanager(cfg).train_loader.dataset.data
        except InputError as error:
            refused += str(error)
        else:
            cameras = [camid for _, _, camid, _ in left]
            assert min(map(cameras.count, set(cameras))) >= 2
    assert 'has only 1 training images' in refused


def test_a_sampler_of_target_images_is_named(tmp_path):
    write_market_tree(tmp_path)
    write_market_tree(tmp_path, folder='midattr_demo')
    cfg = load_config(  # as a script with an engine of its own does
        write_config(tmp_path / 'tiny.yaml'),
        [
            'data.targets', ['midattr_demo'], 'data.load_train_targets', True,
            'sampler.train_sampler_t', 'RandomIdentitySampler', 'sampler.num_instances', 1,
        ],
        root=str(tmp_path),
    )  # fmt: skip
    with pytest.raises(InputError, match=r'^sampler.train_sampler_t: RandomIdentitySampler cannot'):
        build.build_datamanager(cfg)


def test_a_script_is_checked_by_the_engine(tmp_path):
    write_market_tree(tmp_path)
    with pytest.raises(InputError, match='train.batch_size is 8, which is not a multiple of the 3'):
        build_engine(
            tmp_path,
            data_options={'train_sampler': 'RandomIdentitySampler', 'num_instances': 3},
        )
