"""The images of a folder, or of all folders in it, and what else lies there."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from midattr_plugin.errors import InputError

IMAGE_ENDINGS = ('.jpg', '.jpeg', '.png', '.bmp')
"""Endings of the files that are images, in any case."""


@dataclass
class ImageFolder:
    """A folder of images.

    Attributes:
        images: paths of the images, sorted.
        left_out: names of everything else, sorted: other endings, hidden files, folders. Of a
            folder with all in it, paths of the files with other endings that are not hidden.
    """

    images: list[str]
    left_out: list[str]


def list_images(folder: str | os.PathLike) -> ImageFolder:
    """Return the images of a folder.

    Args:
        folder: the folder; folders in it are not searched.

    Raises:
        InputError: two images differ only in their ending or its case, so that one is a copy that
            would count twice.
    """
    images, left_out = [], []
    for name in sorted(os.listdir(folder)):
        if _is_image(name) and not os.path.isdir(os.path.join(folder, name)):
            images.append(os.path.join(folder, name))
        else:
            left_out.append(name)
    by_stem: dict[str, str] = {}
    for path in images:
        first = by_stem.setdefault(os.path.splitext(path)[0], path)
        if first is not path:
            raise InputError(
                f'images "{first}" and "{path}" differ only in their ending, and would count as '
                'two; remove one of them'
            )
    return ImageFolder(images, left_out)


def list_images_below(
    folder: str | os.PathLike, without: str | os.PathLike | None = None
) -> ImageFolder:
    """Return the images of a folder and of all folders in it, also behind links.

    A folder to which several ways lead, such as a link to one above, is searched once.

    Args:
        folder: the folder; hidden folders in it are not searched.
        without: a folder that is not searched, with all in it.
    """
    images: list[str] = []
    left_out: list[str] = []
    searched = set() if without is None else {os.path.realpath(without)}
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in searched:
            folders.clear()
            continue
        searched.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith('.'))
        for name in sorted(names):
            if not name.startswith('.'):
                (images if _is_image(name) else left_out).append(os.path.join(place, name))
    return ImageFolder(images, left_out)


def _is_image(name: str) -> bool:
    return name.lower().endswith(IMAGE_ENDINGS) and not name.startswith('.')


def describe_left_out(folder: str | os.PathLike, names: Iterable[str], reason: str) -> str:
    """Return a line that counts what is left out of a folder and names the first; '' for nothing.

    Args:
        folder: the folder.
        names: names of what is left out.
        reason: why, e.g. 'not an image'.
    """
    names = list(names)
    if not names:
        return ''
    return f'{Path(folder).name}: {len(names):,} left out, {reason} (the first is "{names[0]}")'
