"""Detection of rendered images, for datasets of any class, and of how they were rendered."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def check_version(*folders: str | Path) -> None:
    """Refuse images that another version of the renderer has drawn.

    Raises:
        InputError: the marker in one of the folders is of another version.
    """
    for folder in folders:
        recipe = Recipe.read(Path(folder))
        if recipe is not None and recipe.version != RENDERER_VERSION:
            raise InputError(
                f'the images in "{folder}" were rendered by version {recipe.version} of the '
                f'renderer, and scores on them cannot be compared with those of version '
                f'{RENDERER_VERSION}; render them again with midattr-render'
            )


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
    return is_marked(*_folders(dataset)) if rendered is None else rendered


def recipe_of(dataset: Any) -> Recipe | None:
    """Return how the images of a torchreid dataset were rendered; None if nothing says so."""
    return next(filter(None, map(Recipe.read, _folders(dataset))), None)


def _folders(dataset: Any) -> list[Path]:
    path = dataset.data[0][0]
    if not isinstance(path, str):  # frames of a video
        path = path[0]
    return list(Path(path).parents[:3])
