"""The images of a folder, and what else lies there."""

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
        left_out: names of everything else, sorted: other endings, hidden files, folders.
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
        is_image = name.lower().endswith(IMAGE_ENDINGS) and not name.startswith('.')
        if is_image and not os.path.isdir(os.path.join(folder, name)):
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
