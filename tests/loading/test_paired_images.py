"""Trainings of one seed see the same images, whatever they train: paths and pixel values."""

from itertools import combinations

import pytest

from helpers.fake_market import write_market_tree
from helpers.seen_images import same_images, seen_images
from helpers.tiny_run import arguments

TRAINING = [
    'train.max_epoch',
    3,
    'train.batch_size',
    8,
    'data.transforms',
    "['random_flip', 'random_crop', 'color_jitter', 'random_erase']",
]

ROWS = {
    'no attributes': ['model.name', 'midattr_tiny'],
    'one branch': ['midattr.branches', "['local']"],
    'no dropout, tests': ['midattr.dropout', 0.0, 'test.eval_freq', 1],
    'of torchreid': ['model.name', 'resnet18', 'loss.name', 'softmax'],
}

IDENTITIES = [
    'sampler.train_sampler',
    'RandomIdentitySampler',
    'sampler.num_instances',
    3,
    'train.batch_size',
    6,
]
ADDED = [
    'data.transforms',
    "['random_flip', 'pad_crop', 'auto_augment', 'random_erase']",
    'midattr.augment_probability',
    0.5,
]
LOADERS = {
    'no workers': [],
    'two workers': ['data.workers', 2],
    'cached': ['midattr.cache', 'ram'],
    'identities': IDENTITIES,
    'added': ADDED,
    'added, cached': [*ADDED, 'midattr.cache', 'ram'],
    'held out': ['midattr.validation_images', 3, 'midattr.cache', 'ram'],
}


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('data')
    write_market_tree(root, train_ids=(2, 7, 10, 11), test_ids=(1, 3))
    return root


def seen(root, *pairs):
    return seen_images(arguments(root, *TRAINING, *pairs))


@pytest.mark.parametrize('loader', LOADERS)
def test_rows_of_one_seed_see_the_same_images(root, loader):
    pairs = LOADERS[loader]
    rows = list(ROWS)
    if loader == 'identities':
        rows = ['no attributes', 'of torchreid']
    if loader == 'held out':  # which torchreid's engines cannot classify
        rows.remove('of torchreid')
    expected = seen(root, *pairs)
    assert {epoch for epoch, *_ in expected} == {0, 1, 2}
    if loader.startswith('added'):
        assert not same_images(seen(root, *pairs, 'train.seed', 2), expected)
        rows = ['no attributes', 'of torchreid']
    for row in rows:
        assert same_images(seen(root, *pairs, *ROWS[row]), expected), row


def test_order_and_augmentation_do_not_depend_on_the_loader(root):
    """Cached images are augmented by other code, with other random numbers."""
    expected = seen(root)
    assert same_images(seen(root, 'data.workers', 2), expected)
    added = seen(root, *ADDED)
    assert same_images(seen(root, *ADDED, 'data.workers', 2), added)
    assert not same_images(added, expected)
    cached = seen(root, 'midattr.cache', 'ram')
    assert [step[:2] for step in cached] == [step[:2] for step in expected]


@pytest.mark.parametrize('loader', ['no workers', 'cached'])
def test_other_epochs_and_seeds_see_others(root, loader):
    orders, epochs = [], []
    for seed in (1, 2):
        steps = seen(root, *LOADERS[loader], 'train.seed', seed)
        for epoch in range(3):
            images = {
                path: image
                for number, paths, batch in steps
                if number == epoch
                for path, image in zip(paths, batch, strict=True)
            }
            orders.append(tuple(images))
            epochs.append(images)
    assert len(set(orders)) == len(orders)
    for images, others in combinations(epochs, 2):
        assert not any(images[path].equal(others[path]) for path in images)
