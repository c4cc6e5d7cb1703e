"""One check of all data before training, for datasets of any class, of images and of videos.

What torchreid would fail on after the first epoch, or would not notice at all, is refused here in
one sentence; what only narrows a score is said in one line.
"""

import copy
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from numbers import Integral
from typing import Any

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.attribute_dataset import AttributeDatasetMixin
from midattr_plugin.datasets.attribute_items import AttributeItemsMixin
from midattr_plugin.datasets.file_check import check_files
from midattr_plugin.datasets.image_folder import IMAGE_ENDINGS
from midattr_plugin.datasets.image_name import FOLDER_LIKE_NAME, IMAGE_NAME, folder_like_name
from midattr_plugin.datasets.matches import without_match
from midattr_plugin.datasets.rendered import check_versions
from midattr_plugin.datasets.sampler_check import check_sampler
from midattr_plugin.errors import InputError
from midattr_plugin.random_state import preserved_random_state

Items = Sequence[tuple]
"""torchreid's tuples (path, pid, camid, dsetid); of a video the paths of its frames."""


def check_data(datamanager: Any, training: bool = True) -> None:
    """Check the sources and targets of a torchreid data manager; once is enough, and done once.

    Args:
        datamanager: an ``ImageDataManager`` or a ``VideoDataManager``.
        training: whether the training images will be used.

    Raises:
        InputError: training identities are not numbered 0 to n-1, an image has two identities, a
            target has no images, no query of a target has a match, a camera number is misread, an
            image is missing or broken or was rendered by another version, or the sampler cannot
            make its batches.
    """
    if getattr(datamanager, 'is_checked', False):
        return
    sources = getattr(datamanager, 'sources', None) or ()
    trained = _dataset(datamanager.train_loader) if training else None
    tests = {
        name: (query, gallery)
        for name, loaders in datamanager.test_loader.items()
        if (query := _dataset(loaders['query'])) is not None
        and (gallery := _dataset(loaders['gallery'])) is not None
    }
    for name, (query, gallery) in tests.items():
        _check_not_empty(name, query, gallery)
    datasets = [dataset for test in tests.values() for dataset in test if len(dataset)]
    datasets += [] if trained is None else [trained]
    for dataset in datasets:
        _check_frames(dataset.data)
        _check_cameras(dataset.data)
        check_versions(dataset)
    if trained is not None:
        if _is_searched(trained):
            _check_labels(trained.data, sources)
        _check_one_identity(trained.data, sources)
        check_sampler(datamanager.train_loader)
        check_sampler(getattr(datamanager, 'train_loader_t', None), 'sampler.train_sampler_t')
    for name, (query, gallery) in tests.items():
        _check_not_found_by_itself(name, query.data, gallery.data)
        if _is_searched(gallery):
            _check_matches(name, query, gallery.data)
        if trained is not None:
            _report_overlap(name, trained.data, query.data, gallery.data)
    for dataset in datasets:
        _check_first_item(dataset, getattr(datamanager, 'transform_te', dataset.transform))
    by_path = [dataset for dataset in datasets if _reads_paths(dataset)]
    check_files(path for dataset in by_path for path, *_ in _frames(dataset.data))
    _report_unseen(dataset for dataset in by_path if not isinstance(dataset, AttributeDatasetMixin))
    datamanager.is_checked = True


def _dataset(loader: Any) -> Any:
    """Return the dataset of a loader; None for what is not made of torchreid's items."""
    dataset = getattr(loader, 'dataset', None)
    return dataset if isinstance(dataset, torchreid_compat.Dataset) else None


def _check_frames(items: Items) -> None:
    for path, pid, camid, *_ in items:
        if not path:
            raise InputError(
                f'a tracklet of identity {pid} (camera {camid}) has no frames; remove it, or put '
                'its images into its folder'
            )


def _check_labels(items: Items, sources: Sequence[str]) -> None:
    count = len({pid for _, pid, *_ in items})
    if count == 1:
        print(
            f'Note: all training images of {list(sources)} are of one identity, so that nothing is '
            'learned about identities'
        )
    for path, pid, *_ in items:
        if not isinstance(pid, Integral) or pid not in range(count):
            raise InputError(
                f'data.sources {list(sources)}: image "{_first_path(path)}" has identity {pid}, '
                f'but the {count} training identities must be numbered 0 to {count - 1}; number '
                'them from 0 (relabel=True in process_dir)'
            )


def _check_one_identity(items: Items, sources: Sequence[str]) -> None:
    real_path = _real_path()
    pids: dict[str, int] = {}
    for path, pid, *_ in items:
        first = pids.setdefault(real_path(path), pid)
        if first != pid:
            raise InputError(
                f'data.sources {list(sources)}: image "{_first_path(path)}" is among the training '
                f'images twice, as identity {first} and as identity {pid}; name each folder of '
                'images in one source only, and list each image once'
            )


def _check_not_empty(name: str, query: Any, gallery: Any) -> None:
    splits = {'query': query, 'gallery': gallery} if _is_searched(gallery) else {'test': gallery}
    for split, images in splits.items():
        if not len(images):
            raise InputError(
                f'data.targets: the {split} set of {name} has no images; add some, or choose other '
                'targets'
            )


def _is_searched(images: Any) -> bool:
    """Return whether it is known who is seen, so that people can be searched for."""
    return getattr(images, 'has_identities', True)


def _check_not_found_by_itself(name: str, query: Items, gallery: Items) -> None:
    """Refuse a query that is in the gallery with another camera number, and so its own match."""
    real_path = _real_path()
    asked = {(real_path(path), pid): camid for path, pid, camid, *_ in query}
    for path, pid, camid, *_ in gallery:
        if asked.get((real_path(path), pid), camid) != camid:
            raise InputError(
                f'data.targets: query "{_first_path(path)}" of {name} is in the gallery, too, with '
                'another camera number, so that it finds itself; leave it out of the gallery'
            )


def _check_matches(name: str, query: Any, gallery: Items) -> None:
    """Refuse a target without any match; count the queries that no score contains."""
    alone = without_match(query.data, gallery)
    if not alone:
        return
    if len(alone) < len(query.data):
        print(
            f'Note: {len(alone):,} of {len(query.data):,} queries of {name} have no match from '
            'another camera in the gallery, and count in no score (the first is '
            f'"{_first_path(alone[0])}")'
        )
    elif getattr(query, '_train_only', False):
        raise InputError(f'data.targets: {name} can only be trained on; name another target')
    else:
        raise InputError(
            f'data.targets: no query of {name} has a match from another camera in the gallery (the '
            f'first query is "{_first_path(alone[0])}"), so that there is nothing to score; '
            'without cameras, give queries and gallery different camera numbers'
        )


def _report_overlap(name: str, train: Items, query: Items, gallery: Items) -> None:
    """Say that training images, or their people, are among the test images."""
    real_path = _real_path()
    trained = {real_path(path) for path, *_ in train}
    twice = [path for items in (query, gallery) for path, *_ in items if real_path(path) in trained]
    if twice:
        print(
            f'Note: {len(twice):,} test images of {name} are training images, too (the first is '
            f'"{_first_path(twice[0])}"); scores are not those of unseen images'
        )
        return
    people = _people(train) & _people(query)
    if people:
        folder, identity = min(people)
        print(
            f'Note: {len(people):,} test identities of {name} are training identities, too (the '
            f'first is {identity} in "{folder}"); scores are not those of unseen people'
        )


def _people(items: Items) -> set[tuple[str, int]]:
    """Return (dataset folder, identity number) of the images that are named by identity."""
    people = set()
    for path, *_ in items:
        folder, name = os.path.split(_first_path(path))
        match = IMAGE_NAME.match(name)
        if match and int(match['identity']) > 0:
            people.add((os.path.dirname(folder), int(match['identity'])))
    return people


def _check_cameras(items: Items) -> None:
    """Refuse cameras that are read from another part of the path than the name says.

    torchreid's pattern, which many a dataset class copies, takes the first digit of a number, and
    the first match in the whole path.
    """
    numbers: dict[tuple[int, int], tuple[str, str]] = {}
    for path, _, camid, *rest in items:
        path = _first_path(path)
        match = IMAGE_NAME.match(os.path.basename(path))
        if match is None:
            continue
        number = match['camera'].lstrip('0') or '0'
        first, other = numbers.setdefault((camid, *rest[:1]), (number, path))
        if first != number and first[0] == number[0]:
            raise InputError(
                f'images "{other}" and "{path}" are given the same camera; use a dataset class '
                f'that reads the numbers {first} and {number} whole ("_c(\\d+)" in its pattern)'
            )
        folder = FOLDER_LIKE_NAME.search(path)
        if folder and int(folder['camera']) == camid + 1 != int(number):
            raise folder_like_name(path)


def _check_first_item(dataset: Any, transform: Callable) -> None:
    """Let the dataset read its first image, as in a test; its class may be anyone's."""
    probe = copy.copy(dataset)
    probe.transform, probe.k_tfm = transform, 1
    with preserved_random_state():
        probe[0]


def _report_unseen(datasets: Iterable[Any]) -> None:
    """Say that images were not seen because of their ending."""
    endings = defaultdict(set)
    for dataset in datasets:
        for path, *_ in _frames(dataset.data):
            folder, name = os.path.split(path)
            endings[folder].add(os.path.splitext(name)[1])
    unseen = [
        os.path.join(folder, name)
        for folder, seen in endings.items()
        for name in sorted(os.listdir(folder or '.'))
        if not name.startswith('.')
        and (ending := os.path.splitext(name)[1]).lower() in IMAGE_ENDINGS
        and ending not in seen
    ]
    if unseen:
        read = ', '.join(sorted(endings[os.path.dirname(unseen[0])]))
        print(
            f'Note: {len(unseen):,} images are in no dataset (the first is "{unseen[0]}", in whose '
            f'folder only {read} was read); rename them if they belong to one'
        )


def _reads_paths(dataset: Any) -> bool:
    """Return whether items are read from their paths, and not by the code of a user's class."""
    readers = (
        torchreid_compat.ImageDataset,
        torchreid_compat.VideoDataset,
        AttributeItemsMixin,
    )
    return type(dataset).__getitem__ in [kind.__getitem__ for kind in readers]


def _frames(items: Items) -> Iterator[tuple]:
    """Yield the items, those of videos one frame at a time."""
    for path, *rest in items:
        for frame in path if isinstance(path, (tuple, list)) else (path,):
            yield frame, *rest


def _first_path(path: str | Sequence[str]) -> str:
    return path[0] if isinstance(path, (tuple, list)) else path


def _real_path() -> Callable[[Any], str]:
    """Return a function that resolves links in the folder of a path, once for each folder."""
    folders: dict[str, str] = {}

    def resolve(path: str | Sequence[str]) -> str:
        folder, name = os.path.split(_first_path(path))
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        return os.path.join(folders[folder], name)

    return resolve
