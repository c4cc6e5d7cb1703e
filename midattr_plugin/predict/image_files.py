"""The image files that a user names: files, folders with all in them, lists and tables."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from midattr_plugin.datasets.image_folder import (
    IMAGE_ENDINGS,
    describe_left_out,
    list_images_below,
)
from midattr_plugin.errors import InputError
from midattr_plugin.tables import read_table
from midattr_plugin.user_path import user_path

TABLES = ('.csv', '.tsv')
"""Endings of tables."""
_LIST = '.txt'


def image_files(
    inputs: Sequence[str | os.PathLike], results: str | os.PathLike | None = None
) -> list[str]:
    """Return the paths of all images in what a user has named, in its order.

    What in a folder is no image is counted in a line.

    Args:
        inputs: each the path of an image, of a folder (searched with all folders in it, sorted),
            of a list (``.txt``, a path in each line) or of a table (``.csv``, see
            :mod:`midattr_plugin.tables`). Paths in files are relative to the folder of the file.
        results: a folder whose images are drawings of earlier results, and no input.

    Raises:
        InputError: something named does not exist or holds no image, or an image is named twice.
    """
    named_by: dict[str, str | os.PathLike] = {}
    paths = []
    for named in inputs:
        before = len(paths)
        for path in _files_of(user_path(named, 'the path'), results):
            first = named_by.setdefault(os.path.normpath(path), named)
            if len(named_by) == len(paths):
                raise InputError(
                    f'image "{path}" is named twice (by "{first}" and by "{named}"), and would '
                    'count as two; name it once'
                )
            paths.append(path)
        if len(paths) == before:
            raise InputError(
                f'"{named}" holds no image ({", ".join(IMAGE_ENDINGS)}); name files, or a folder, '
                'list or table of them'
            )
    return paths


def _files_of(path: str, results: str | os.PathLike | None) -> Iterator[str]:
    if os.path.isdir(path):
        return _in_folder(path, results)
    if not os.path.exists(path):
        raise InputError(f'"{path}" does not exist; check the path')
    ending = Path(path).suffix.lower()
    if ending == _LIST:
        return _in_list(path)
    if ending in TABLES:
        return (row.path for row in read_table(path).rows)
    return iter([path])


def _in_folder(folder: str, results: str | os.PathLike | None) -> Iterator[str]:
    found = list_images_below(folder, None if results is None else os.fspath(results))
    left_out = (os.path.relpath(path, folder) for path in found.left_out)
    if line := describe_left_out(folder, left_out, 'not an image'):
        print(line)
    return iter(found.images)


def _in_list(path: str) -> Iterator[str]:
    folder = os.path.dirname(path)
    try:
        with open(path, encoding='utf-8-sig') as file:
            for line in file:
                if line.strip():
                    yield os.path.join(folder, os.path.expanduser(line.strip()))
    except OSError as error:
        raise InputError(
            f'list "{path}" cannot be read ({error.strerror}); name a file with a path in each line'
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f'list "{path}" is not text in UTF-8 (byte {error.start}); give a path in each line'
        ) from error
