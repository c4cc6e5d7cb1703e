"""Detection of rendered images, for datasets of any class, and of how they were rendered."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    if rendered is not None:
        return rendered
    path = dataset.data[0][0]
    if not isinstance(path, str):  # frames of a video
        path = path[0]
    return is_marked(*Path(path).parents[:3])
