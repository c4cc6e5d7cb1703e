"""Data of every class that would end in a wrong score, or in an error after the first epoch."""

import os
import pickle

import numpy as np
import pytest
import torch

from helpers.fake_market import write_image, write_market_tree
from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.data_check import check_data
from midattr_plugin.errors import InputError
from midattr_plugin.random_state import get_random_state


def paths(folder, count, first=0):
    names = [str(folder / f'{i}.jpg') for i in range(first, first + count)]
    for i, name in enumerate(names):
        write_image(folder / name, seed=i, size=(4, 8))
    return names


@pytest.fixture
def images(tmp_path):
    """Twelve images, in the order of three splits."""
    return paths(tmp_path, 12)


@pytest.fixture
def made(images):
    """Make a data manager of lists (pid, camid): the first split has images 0.., and so on."""
    names = []

    def make(train, query, gallery, targets=None, kind=torchreid_compat.ImageDataset, **options):
        left = iter(images)
        splits = [
            [(next(left), *numbers) if len(numbers) == 2 else numbers for numbers in split]
            for split in (train, query, gallery)
        ]

        class Lists(kind):
            def __init__(self, root='', **kwargs):
                kept = ('transform', 'mode', 'verbose', 'k_tfm', 'combineall')
                super().__init__(*splits, **{k: v for k, v in kwargs.items() if k in kept})

        names.append(f'lists{len(names)}')
        torchreid_compat._dataset_registry[names[-1]] = Lists
        return torchreid_compat.ImageDataManager(
            sources=names[-1], targets=targets, height=8, width=4, workers=0, use_gpu=False,
            batch_size_train=2, **options
        )  # fmt: skip

    yield make
    for name in names:
        del torchreid_compat._dataset_registry[name]


TRAIN, QUERY, GALLERY = [(0, 0), (1, 0), (1, 1)], [(7, 0)], [(7, 1), (8, 0)]


def test_good_data_is_said_nothing_about(made, capsys):
    manager = made(TRAIN, QUERY, GALLERY)
    capsys.readouterr()
    check_data(manager)
    assert capsys.readouterr().out == ''


def test_the_random_state_stays(made):
    manager = made(TRAIN, QUERY, GALLERY, transforms=['random_flip', 'random_crop', 'random_patch'])
    before = get_random_state()
    check_data(manager)
    after = get_random_state()
    assert before['python'] == after['python'] and torch.equal(before['torch'], after['torch'])
    (patch,) = [
        step for step in manager.transform_tr.transforms if type(step).__name__ == 'RandomPatch'
    ]
    assert len(patch.patchpool) == 0  # which the first image of a training would be the first of


@pytest.mark.parametrize('pids', [(0, 2, 2), (1, 2, 2), (-1, 0, 0), (216, 5, 5), (0.0, 1.0, 1.0)])
def test_training_identities_must_be_labels(made, images, pids):
    with pytest.raises(InputError) as error:
        check_data(made(list(zip(pids, (0, 0, 1), strict=True)), QUERY, GALLERY))
    assert str(error.value).startswith("data.sources ['lists0']: image ")
    assert str(error.value).endswith(
        'but the 2 training identities must be numbered 0 to 1; number them from 0 '
        '(relabel=True in process_dir)'
    )


def test_labels_of_numpy_are_labels(made):
    check_data(made([(np.int64(pid), camid) for pid, camid in TRAIN], QUERY, GALLERY))


def test_a_test_does_not_look_at_the_labels(made):
    manager = made([(3, 0)], QUERY, GALLERY)
    check_data(manager, training=False)


def test_no_query_has_a_match(made, images):
    with pytest.raises(InputError) as error:
        check_data(made(TRAIN, [(7, 0), (8, 0)], [(7, 0), (9, 1)]))
    assert str(error.value) == (
        'data.targets: no query of lists0 has a match from another camera in the gallery (the '
        f'first query is "{images[3]}"), so that there is nothing to score; without cameras, give '
        'queries and gallery different camera numbers'
    )


def test_some_queries_have_no_match(made, images, capsys):
    check_data(made(TRAIN, [(7, 0), (8, 0), (8, 1)], [(7, 1), (8, 0)]))
    assert capsys.readouterr().out.splitlines()[-1] == (
        'Note: 1 of 3 queries of lists0 have no match from another camera in the gallery, and '
        f'count in no score (the first is "{images[4]}")'
    )


def test_a_query_that_finds_itself(made, images):
    """As happens to who gives queries and gallery different cameras, but the same images."""
    check_data(made(TRAIN, [(7, 0), (8, 0)], [(images[3], 7, 0), (7, 1), (images[4], 9, 1)]))
    with pytest.raises(InputError) as error:
        check_data(made(TRAIN, [(images[3], 7, 0)], [(images[3], 7, 1), (images[5], 7, 2)]))
    assert str(error.value) == (
        f'data.targets: query "{images[3]}" of lists1 is in the gallery, too, with another camera '
        'number, so that it finds itself; leave it out of the gallery'
    )


def test_a_single_identity_is_said(made, capsys):
    check_data(made([(0, 0), (0, 1)], QUERY, GALLERY))
    assert capsys.readouterr().out.splitlines()[-1] == (
        "Note: all training images of ['lists0'] are of one identity, so that nothing is learned "
        'about identities'
    )


def test_a_refusal_is_repeated(made):
    manager = made([(1, 0), (2, 1)], QUERY, GALLERY)
    for _ in range(2):
        with pytest.raises(InputError, match='must be numbered'):
            check_data(manager)


def test_every_target_is_checked(made):
    good = made(TRAIN, QUERY, GALLERY)
    bad = made(TRAIN, [(7, 0)], [(7, 0)], targets=['lists0', 'lists1'])
    check_data(good)
    with pytest.raises(InputError, match='no query of lists1 has a match'):
        check_data(bad)


def test_a_dataset_to_train_on(made):
    class TrainOnly(torchreid_compat.ImageDataset):
        _train_only = True

    manager = made(TRAIN, [(0, 0)], [(0, 0)], kind=TrainOnly)
    with pytest.raises(InputError, match='lists0 can only be trained on; name another target'):
        check_data(manager)


@pytest.mark.parametrize('through_a_link', [False, True])
def test_one_image_in_two_sources(tmp_path, through_a_link):
    write_market_tree(tmp_path / 'a')
    root = tmp_path / 'a'
    if through_a_link:
        (root / 'dukemtmc-reid').mkdir()
        (root / 'dukemtmc-reid' / 'DukeMTMC-reID').symlink_to(
            root / 'market1501' / 'Market-1501-v15.09.15'
        )
        sources = ['market1501_attr', 'dukemtmcreid']
    else:
        sources = ['market1501_attr', 'market1501']
    manager = torchreid_compat.ImageDataManager(
        str(root), sources, height=8, width=4, workers=0, use_gpu=False
    )
    with pytest.raises(InputError) as error:
        check_data(manager)
    assert str(error.value).startswith(f'data.sources {sources}: image "{root}')
    assert 'is among the training images twice, as identity ' in str(error.value)
    assert str(error.value).endswith('name each folder of images in one source only, and list '
                                     'each image once')  # fmt: skip


def test_training_images_among_the_test_images(made, images, capsys):
    check_data(made(TRAIN, QUERY, [(7, 1), (images[0], 8, 1)]))
    assert capsys.readouterr().out.splitlines()[-1] == (
        'Note: 1 test images of lists0 are training images, too (the first is '
        f'"{images[0]}"); scores are not those of unseen images'
    )


def test_training_people_among_the_test_people(tmp_path, capsys):
    data_dir = write_market_tree(tmp_path, (2, 7, 11), (7, 12))
    manager = torchreid_compat.ImageDataManager(
        str(tmp_path), 'market1501', height=8, width=4, workers=0, use_gpu=False
    )
    check_data(manager)
    assert capsys.readouterr().out.splitlines()[-1] == (
        'Note: 1 test identities of market1501 are training identities, too (the first is 7 '
        f'in "{data_dir}"); scores are not those of unseen people'
    )


def test_the_cameras_of_torchreids_pattern(tmp_path):
    """torchreid's market1501 reads camera 1 in c12."""
    write_market_tree(tmp_path, cameras=(1, 2, 12))
    manager = torchreid_compat.ImageDataManager(
        str(tmp_path), 'market1501', height=8, width=4, workers=0, use_gpu=False
    )
    with pytest.raises(InputError, match='are given the same camera; use a dataset class') as e:
        check_data(manager)
    assert 'numbers 1 and 12 whole' in str(e.value) or 'numbers 12 and 1 whole' in str(e.value)


def test_cameras_may_be_put_together(tmp_path, made):
    """But for those that share a digit, a class may count cameras as it likes."""
    names = [f'000{i}_c{camera}s1_0.jpg' for i, camera in enumerate((3, 5, 12, 4, 12))]
    for name in names:
        write_image(tmp_path / name, size=(4, 8))
    train = [(str(tmp_path / name), i % 2, 0) for i, name in enumerate(names[:3])]
    check_data(made(train, [(str(tmp_path / names[3]), 7, 0)], [(str(tmp_path / names[4]), 7, 1)]))


def test_a_folder_from_which_torchreid_reads_the_camera(tmp_path):
    write_market_tree(tmp_path / 'run_3_c2')
    manager = torchreid_compat.ImageDataManager(
        str(tmp_path / 'run_3_c2'), 'market1501', height=8, width=4, workers=0, use_gpu=False
    )
    with pytest.raises(InputError, match=r'run_3_c2.+ has a name like .+ torchreid reads .+rename'):
        check_data(manager, training=False)


def test_a_torn_gallery_image_is_found_before_training(made, images):
    manager = made(TRAIN, QUERY, GALLERY)
    with open(images[5], 'rb+') as file:
        file.truncate(300)
    with pytest.raises(InputError, match=rf'image "{images[5]}" is truncated'):
        check_data(manager)


def test_images_that_are_not_seen(tmp_path, capsys):
    """torchreid's market1501 lists .jpg alone."""
    data_dir = write_market_tree(tmp_path)
    train = sorted((data_dir / 'bounding_box_train').iterdir())
    for path in train[:5]:
        path.rename(path.with_suffix('.JPG'))
    for path in sorted((data_dir / 'query').iterdir())[:1]:
        path.rename(path.with_suffix('.png'))
    manager = torchreid_compat.ImageDataManager(
        str(tmp_path), 'market1501', height=8, width=4, workers=0, use_gpu=False
    )
    check_data(manager)
    query = sorted((data_dir / 'query').glob('*.png'))
    assert capsys.readouterr().out.splitlines()[-1] == (
        f'Note: 6 images are in no dataset (the first is "{query[0]}", in whose folder only .jpg '
        'was read); rename them if they belong to one'
    )


class FromMemory(torchreid_compat.ImageDataset):
    """Whose paths are names in an archive."""

    read = 0

    def __getitem__(self, index):
        FromMemory.read += 1
        path, pid, camid, dsetid = self.data[index]
        return {'img': torch.zeros(3, 8, 4), 'pid': pid, 'camid': camid, 'impath': path}


def test_a_class_that_reads_by_itself(made):
    """Its paths are not files, and one of them may have several people."""
    train = [('archive/a', 0, 0), ('archive/b', 1, 0)]
    manager = made(train, [('archive/c', 7, 0)], [('archive/d', 7, 1)], kind=FromMemory)
    check_data(manager)
    assert FromMemory.read == 3


def test_the_check_is_made_once(made, capsys):
    manager = made(TRAIN, [(7, 0), (8, 0)], GALLERY)
    check_data(manager)
    assert 'Note: 1 of 2' in capsys.readouterr().out
    check_data(manager)
    assert capsys.readouterr().out == ''


def test_a_data_manager_of_ones_own(made):
    """Loaders of anything, as a script may have them, are left alone."""
    manager = made(TRAIN, QUERY, GALLERY)

    class Own:
        train_loader = torch.utils.data.DataLoader([{'img': 0}])
        test_loader = {'own': {'query': [], 'gallery': train_loader}}

    check_data(Own)
    Own.train_loader, Own.test_loader = manager.train_loader, manager.test_loader
    Own.is_checked = False
    check_data(Own)
    assert Own.is_checked


def video_manager(train, query, gallery):
    class Tracks(torchreid_compat.VideoDataset):
        def __init__(self, root='', split_id=0, **kwargs):
            super().__init__(train, query, gallery, **kwargs)

    registry = vars(torchreid_compat.data.datasets)['__video_datasets']
    registry['tracks'] = Tracks
    try:
        return torchreid_compat.VideoDataManager(
            sources='tracks', height=8, width=4, workers=0, use_gpu=False, seq_len=2,
            batch_size_train=1, sample_method='random',
        )  # fmt: skip
    finally:
        del registry['tracks']


def test_videos(tmp_path, capsys):
    frames = [tuple(paths(tmp_path / str(i), 3)) for i in range(4)]
    train = [(frames[0], 0, 0), (frames[1], 1, 0)]
    before = np.random.get_state()[1].tolist()
    check_data(video_manager(train, [(frames[2], 7, 0)], [(frames[3], 7, 1)]))
    assert np.random.get_state()[1].tolist() == before
    with pytest.raises(InputError, match=f'first query is "{frames[2][0]}"'):
        check_data(video_manager(train, [(frames[2], 7, 0)], [(frames[3], 7, 0)]))
    with pytest.raises(InputError, match='must be numbered 0 to 1'):
        check_data(video_manager([*train[:1], (frames[1], 2, 0)], *[[(frames[2], 7, 0)]] * 2))
    with pytest.raises(InputError, match=r'a tracklet of identity 8 .camera 1. has no frames'):
        check_data(video_manager(train, [(frames[2], 7, 0)], [(frames[3], 7, 1), ((), 8, 1)]))
    os.truncate(frames[3][2], 200)
    with pytest.raises(InputError, match=f'image "{frames[3][2]}" is truncated'):
        check_data(video_manager(train, [(frames[2], 7, 0)], [(frames[3], 7, 1)]))


def test_a_spawned_worker_reads_as_its_parent_does(images):
    """It imports what it unpickles, and in a notebook nothing else."""
    items = [(images[0], 0, 0)]
    dataset = torchreid_compat.ImageDataset(items, items, items, verbose=False)
    assert b'midattr_plugin.datasets.image_file' in pickle.dumps(dataset)
    assert pickle.loads(pickle.dumps(dataset)).data == dataset.data
