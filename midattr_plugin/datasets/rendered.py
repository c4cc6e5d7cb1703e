"""Detection of rendered images, for datasets of any class, and of how they were rendered."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from midattr_plugin import torchreid_compat
from midattr_plugin.errors import InputError

MARKER = 'RENDERED.txt'
"""Name of a file in the folder of rendered images, or in a folder above."""
RENDERER_VERSION = 2
"""Incremented whenever the same recipe gives other images."""


@dataclass(frozen=True)
class Recipe:
    """What rendered images depend on; it ends their marker."""

    seed: int
    difficulty: float
    source: str  # of the people
    version: int = RENDERER_VERSION

    def __str__(self) -> str:
        """Return one line for people."""
        return ', '.join(self.text().splitlines())

    def text(self) -> str:
        """Return the lines for the marker."""
        return (
            f'renderer version: {self.version}\nseed: {self.seed}\n'
            f'difficulty: {float(self.difficulty)}\nsource: {self.source}\n'
        )

    @classmethod
    def read(cls, folder: Path) -> 'Recipe | None':
        """Return the recipe in the marker of ``folder``, None if there is none.

        Version 1 had a difficulty of its own, read as 1.
        """
        try:
            text = (folder / MARKER).read_text(encoding='utf-8')
        except (OSError, UnicodeDecodeError):
            return None
        found = re.search(
            r'renderer version: (\d+)\nseed: (\d+)\n(?:difficulty: ([\d.e-]+)\n)?source: (.*)\n$',
            text,
        )
        if found is None:
            return None
        version, seed, difficulty, source = found.groups()
        return cls(int(seed), float(difficulty or 1), source, int(version))


def is_marked(*folders: str | Path) -> bool:
    """Return whether one of the folders contains the marker."""
    return any(Path(folder, MARKER).is_file() for folder in folders)


def is_rendered(dataset: Any) -> bool:
    """Return whether images of a torchreid dataset are rendered.

    Datasets of this project have an attribute ``rendered``. For any other class, e.g. torchreid's
    ``market1501`` on rendered images, the marker is searched for in the folder of the first image
    and the two above.
    """
    rendered = getattr(dataset, 'rendered', None)
    return is_marked(*_folders(dataset.data[0][0])) if rendered is None else rendered


def recipes(dataset: Any) -> dict[int, Recipe]:
    """Return how the images of a torchreid dataset were rendered.

    Args:
        dataset: it may be of several sources, each in a folder of its own.

    Returns:
        Number of the source -> its recipe; none of sources that have none, or if the images are
        not known.
    """
    found = {
        source: next(filter(None, map(Recipe.read, _folders(path))), None)
        for source, path in _first_images(dataset).items()
    }
    return {source: recipe for source, recipe in found.items() if recipe is not None}


def recipes_of_data(datamanager: Any) -> dict[str, str]:
    """Return how the images of a torchreid data manager were rendered, each in one line.

    Args:
        datamanager: its training images, and the gallery of each target, are looked at.

    Returns:
        Name of a source or target -> its recipe.
    """
    sources = list(getattr(datamanager, 'sources', None) or ())
    trained = recipes(getattr(datamanager.train_loader, 'dataset', None))
    found = {sources[number]: recipe for number, recipe in trained.items() if sources[number:]}
    for target, loaders in datamanager.test_loader.items():
        for recipe in recipes(loaders['gallery'].dataset).values():  # one at most
            found[target] = recipe
    return {name: str(recipe) for name, recipe in found.items()}


def check_versions(dataset: Any) -> None:
    """Refuse images that another version of the renderer has drawn.

    Args:
        dataset: of torchreid.

    Raises:
        InputError: some were.
    """
    for source, recipe in recipes(dataset).items():
        if recipe.version != RENDERER_VERSION:
            folder = _folders(_first_images(dataset)[source])[0]
            raise InputError(
                f'the images in "{folder}" were rendered by version {recipe.version} of the '
                'renderer, and scores on them cannot be compared with those of version '
                f'{RENDERER_VERSION}; render them again with midattr-render'
            )


def _first_images(dataset: Any) -> dict[int, Any]:
    """Return number of the source -> path of its first image, or frames of its first video."""
    firsts: dict[int, Any] = {}
    if isinstance(dataset, torchreid_compat.Dataset):
        for path, _, _, source in dataset.data:
            firsts.setdefault(source, path)
    return firsts


def _folders(path: str | Sequence[str]) -> list[Path]:
    first = path if isinstance(path, str) else path[0]  # frames of a video
    return list(Path(first).parents[:3])
