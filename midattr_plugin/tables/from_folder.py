"""A table of the images of a folder, from the names of files and folders."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from midattr_plugin.datasets.image_folder import (
    IMAGE_ENDINGS,
    describe_left_out,
    list_images_below,
)
from midattr_plugin.datasets.image_name import IMAGE_NAME
from midattr_plugin.errors import InputError
from midattr_plugin.tables.new_table import write_new_table
from midattr_plugin.tables.table_file import GALLERY, QUERY, SPLITS_WITHOUT_PIDS, TRAIN
from midattr_plugin.user_path import user_path

_SPLIT_FOLDERS = {
    'train': TRAIN,
    'query': QUERY,
    'gallery': GALLERY,
    'bounding_box_train': TRAIN,
    'bounding_box_test': GALLERY,
}


@dataclass(frozen=True)
class FolderRow:
    """An image as the names around it tell.

    Attributes:
        path: relative to the folder.
        pid: name of the person.
        camid: name of the camera; '' if no name tells.
        split: 'train', 'query' or 'gallery'; '' if no folder tells.
    """

    path: str
    pid: str
    camid: str
    split: str


def image_paths(folder: str | os.PathLike) -> list[str]:
    """Return the paths of all images in a folder and all folders in it, relative to it, sorted.

    What is no image is counted in a line.

    Args:
        folder: the folder.

    Raises:
        InputError: it cannot be read or holds no image.
    """
    folder = user_path(folder, 'the folder')
    if not os.path.isdir(folder):
        raise InputError(f'"{folder}" is no folder; name the one with the images')
    found = list_images_below(folder)
    paths, left_out = (
        [os.path.relpath(path, folder) for path in some] for some in (found.images, found.left_out)
    )
    if line := describe_left_out(folder, left_out, 'not an image'):
        print(line)
    if not paths:
        raise InputError(
            f'folder "{folder}" holds no image ({", ".join(IMAGE_ENDINGS)}); name another one'
        )
    return paths


def folder_rows(folder: str | os.PathLike) -> list[FolderRow]:
    """Return a row for each image in a folder and all folders in it, sorted.

    Splits are the folders ``train``, ``query`` and ``gallery`` (or ``bounding_box_train`` and
    ``bounding_box_test``) at the top, if there are any. In them, either all files are named as in
    Market-1501 (``0002_c1s1_000451_03.jpg``), or each person has a folder, which may hold one for
    each camera (``anna/cam1/0001.jpg``). Junk of Market-1501 (``-1_...``) is left out. So are its
    distractors (``0000_...``), which show many people, unless they are in a gallery, where they are
    one person more, for whom nobody searches.

    Args:
        folder: the folder.

    Raises:
        InputError: it cannot be read or holds no image, or the names are of neither kind.
    """
    folder = user_path(folder, 'the folder')
    paths = image_paths(folder)
    has_splits = all(Path(path).parts[0] in _SPLIT_FOLDERS for path in paths)
    inside = [Path(path).parts[has_splits:] for path in paths]
    splits = [_SPLIT_FOLDERS[Path(path).parts[0]] if has_splits else '' for path in paths]
    are_market = [IMAGE_NAME.match(parts[-1]) is not None for parts in inside]
    if all(are_market):
        people = [_of_name(parts[-1]) for parts in inside]
    elif any(are_market) and not all(len(parts) > 1 for parts in inside):
        raise InputError(
            f'folder "{folder}": "{paths[are_market.index(True)]}" is named as in Market-1501, but '
            f'"{paths[are_market.index(False)]}" is not; name all so, or give each person a folder'
        )
    else:
        people = [_of_folders(parts, folder) for parts in inside]
    rows = [
        FolderRow(path, pid, camid, split)
        for path, (pid, camid), split in zip(paths, people, splits, strict=True)
        if not (all(are_market) and _is_nobody(pid, split))
    ]
    kept = {row.path for row in rows}
    left_out = [path for path in paths if path not in kept]
    if line := describe_left_out(folder, left_out, 'junk or distractors of Market-1501'):
        print(line)
    if not rows:
        raise InputError(
            f'folder "{folder}" holds nothing but junk and distractors of Market-1501; name '
            'another one'
        )
    return rows


def _is_nobody(pid: str, split: str) -> bool:
    """Return whether an identity of Market-1501 is none that could be trained or searched for."""
    return pid == '-1' or (int(pid) == 0 and split != GALLERY)


def _of_name(name: str) -> tuple[str, str]:
    """Return identity and camera of a name of Market-1501."""
    match = IMAGE_NAME.match(name)
    assert match is not None
    return match['identity'], match['camera']


def _of_folders(parts: Sequence[str], folder: str) -> tuple[str, str]:
    """Return identity and camera of <pid>/<file> or <pid>/<camera>/<file>."""
    if len(parts) == 1:
        raise InputError(
            f'folder "{folder}": whom "{parts[0]}" shows is said by no folder and not by its name; '
            'give each person a folder, name the images as 0002_c1_0001.jpg (person 2, camera 1), '
            'or list images without people (--images-only)'
        )
    if len(parts) > 3:
        raise InputError(
            f'folder "{folder}": "{os.path.join(*parts)}" lies too deep; give each person a '
            'folder, with at most one for each camera in it'
        )
    if len(parts) == 3:
        return parts[0], parts[1]
    return parts[0], ''


def write_folder_table(folder: str | os.PathLike, path: str | os.PathLike) -> int:
    """Write the table of a folder, and return the number of its rows.

    Args:
        folder: see :func:`folder_rows`.
        path: of the table; image paths are relative to its folder.

    Raises:
        InputError: see :func:`folder_rows`; some images have a camera and others none, or the
            table cannot be written.
    """
    rows = folder_rows(folder)
    with_camera = [bool(row.camid) for row in rows]
    if any(with_camera) and not all(with_camera):
        raise InputError(
            f'folder "{folder}": "{rows[with_camera.index(True)].path}" lies in the folder of a '
            f'camera, "{rows[with_camera.index(False)].path}" does not; give every image one, or '
            'none'
        )
    columns = ['pid', *(['camid'] if all(with_camera) else [])]
    columns += ['split'] if rows[0].split else []
    cells = ([row.path, *(getattr(row, column) for column in columns)] for row in rows)
    return write_new_table(path, folder, columns, cells)


def write_image_table(folder: str | os.PathLike, path: str | os.PathLike) -> int:
    """Write a table of images alone, for attributes without people; return the number of rows.

    Splits are the folders ``train``, ``val`` and ``test`` at the top, if all images are in them.

    Args:
        folder: see :func:`image_paths`.
        path: of the table; image paths are relative to its folder.

    Raises:
        InputError: see :func:`image_paths`, or the table cannot be written.
    """
    paths = image_paths(folder)
    tops = [Path(image).parts[0] for image in paths]
    if set(tops) <= set(SPLITS_WITHOUT_PIDS):
        return write_new_table(path, folder, ['split'], zip(paths, tops, strict=True))
    return write_new_table(path, folder, [], ([image] for image in paths))
