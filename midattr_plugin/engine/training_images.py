"""Which images a training was made with, in a few words that a checkpoint can hold.

The number of an identity is a row of the classifier. torchreid numbers them in the order in which
the file system lists the images, which may be another one on another machine.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.rendered import recipes
from midattr_plugin.errors import InputError


def describe_images(dataset: Any) -> dict[str, Any]:
    """Return which training images there are, in a few words.

    Args:
        dataset: of torchreid; the folder of its images and their order do not matter.

    Returns:
        'number' and 'digest', and 'rendered_as' (number of the source -> recipe) if some are
        rendered; {} for a dataset of another kind, whose images are not known.
    """
    if not isinstance(dataset, torchreid_compat.Dataset):
        return {}
    rows = sorted(
        f'{dsetid}\t{pid}\t{os.path.basename(path if isinstance(path, str) else path[0])}'
        for path, pid, _, dsetid in dataset.data
    )
    digest = hashlib.sha256('\n'.join(rows).encode(errors='surrogateescape')).hexdigest()
    rendered = {str(source): str(recipe) for source, recipe in recipes(dataset).items()}
    return {'number': len(rows), 'digest': digest} | ({'rendered_as': rendered} if rendered else {})


def are_same_images(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Return whether two descriptions are of the same images, as far as both are known."""
    return all(before[fact] == now[fact] for fact in before.keys() & now.keys())


def check_same_images(before: Mapping[str, Any], now: Mapping[str, Any], path: str | Path) -> None:
    """Check that a training goes on with the images, and the numbers of identities, that it had.

    Args:
        before: of a checkpoint, from :func:`describe_images`.
        now: of the training set.
        path: of the checkpoint, for the message.

    Raises:
        InputError: they are others, as far as both are known.
    """
    if are_same_images(before, now):
        return
    numbers = f'{before["number"]:,} then, {now["number"]:,} now'
    what = (
        f'other training images ({numbers})'
        if before['number'] != now['number']
        else 'training images of other names or with other numbers of their identities'
        if before['digest'] != now['digest']
        else f'images rendered by other recipes ({_words(before)} then, {_words(now)} now)'
    )
    raise InputError(
        f'checkpoint "{path}" was written with {what}; set data.root, data.sources, '
        'midattr.validation_identities and midattr.validation_images as they were, or '
        'give it as model.load_weights'
    )


def _words(images: Mapping[str, Any]) -> str:
    return ' and '.join(f'"{recipe}"' for recipe in images['rendered_as'].values())
