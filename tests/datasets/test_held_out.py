"""Which images are held out, and that training and validation images are disjoint."""

import random
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.fake_market import write_market_tree
from helpers.tiny_run import UNTRAINED, arguments
from midattr_plugin import build
from midattr_plugin.config import parse_config
from midattr_plugin.datasets.held_out import sample_images
from midattr_plugin.errors import InputError


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.data())
def test_sampled_images(pids, data):
    items = [(f'{i:02}.jpg', pid, 0, 0) for i, pid in enumerate(pids)]
    most = len(pids) - len(set(pids))
    count, seed = data.draw(st.integers(0, most)), data.draw(st.integers(0, 9))
    chosen = sample_images(items, count, seed)
    assert len(chosen) == count
    left = Counter(pid for i, pid in enumerate(pids) if i not in chosen)
    assert set(left) == set(pids)
    shuffled = random.Random(seed).sample(items, len(items))
    paths = {items[i][0] for i in chosen}
    assert {shuffled[i][0] for i in sample_images(shuffled, count, seed)} == paths
    with pytest.raises(InputError, match=f'midattr.validation_images: .* at most {most}$'):
        sample_images(items, most + 1, seed)


def test_samples_differ_by_seed_and_keep_the_random_state():
    items = [(f'{i:02}', i % 3, 0, 0) for i in range(60)]
    torch.manual_seed(3)
    first = sample_images(items, 10, 1)
    drawn = torch.rand(2)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(2))
    assert first == sample_images(items, 10, 1) != sample_images(items, 10, 2)


@pytest.fixture
def build_manager(tmp_path):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    return lambda *pairs: build.build_datamanager(parse_config(arguments(tmp_path, *pairs)))


@pytest.mark.parametrize(
    'pairs',
    [
        [],
        ['midattr.cache', 'ram'],
        ['sampler.train_sampler', 'RandomIdentitySampler', 'sampler.num_instances', 2],
    ],
)
def test_loaders(build_manager, pairs):
    whole = build_manager()
    parts = build_manager('midattr.validation_images', 5, *pairs)
    trained = [item[0] for item in parts.train_loader.dataset.data]
    held = [item[0] for item in parts.validation_loader.dataset.data]
    assert len(held) == 5 and not set(held) & set(trained)
    assert sorted(held + trained) == sorted(item[0] for item in whole.train_loader.dataset.data)
    assert parts.num_train_pids == whole.num_train_pids
    seen = [path for batch in parts.train_loader for path in batch['impath']]
    assert set(seen) <= set(trained) and all(len(batch['pid']) == 4 for batch in parts.train_loader)
    batches = list(parts.validation_loader)
    assert [path for batch in batches for path in batch['impath']] == held
    again = next(iter(parts.validation_loader))  # nothing random
    assert torch.equal(again['img'], batches[0]['img']) and again['attrs'].shape == (4, 12)


def test_samplers_that_draw_in_init(build_manager):
    pairs = ['sampler.train_sampler', 'RandomDomainSampler', 'sampler.num_cams', 2]
    states = []
    for count in (0, 2):
        random.seed(3)
        build_manager(*pairs, 'midattr.validation_images', count)
        states.append(random.random())
    assert states[0] == states[1]


def test_no_batch_remains(build_manager):
    with pytest.raises(
        InputError,
        match='holding out 12 leaves 4 training images, too few for a batch of 8; hold out fewer',
    ):
        build_manager('midattr.validation_images', 12, 'train.batch_size', 8)


def test_too_few_images_remain_for_the_sampler(build_manager):
    with pytest.raises(
        InputError, match='RandomDomainSampler cannot make a batch of 8 from the 6 '
    ):
        build_manager(
            'sampler.train_sampler',
            'RandomDomainSampler',
            'sampler.num_cams',
            2,
            'midattr.validation_images',
            10,
            'train.batch_size',
            8,
        )


def test_an_evaluation_holds_nothing_out(build_manager):
    manager = build_manager('midattr.validation_images', 5, *UNTRAINED)
    assert len(manager.train_loader.dataset) == 16 and not hasattr(manager, 'validation_loader')


def test_only_for_the_midattr_loss(tmp_path):
    with pytest.raises(
        InputError, match='midattr.validation_images is for loss.name midattr, not softmax'
    ):
        parse_config(
            arguments(
                tmp_path,
                'midattr.validation_images',
                5,
                'model.name',
                'resnet18',
                'loss.name',
                'softmax',
            )
        )
