"""Detection of rendered images, for datasets of any class."""

from pathlib import Path
from typing import Any

MARKER = 'RENDERED.txt'
"""Name of a file in the folder of rendered images, or in a folder above."""


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
