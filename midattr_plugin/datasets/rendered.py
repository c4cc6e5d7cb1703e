"""Tells rendered images from real ones, whichever dataset class has read them."""

from pathlib import Path

MARKER = 'RENDERED.txt'
"""Lies in a folder of rendered images, or one above."""


def is_marked(*folders: str | Path) -> bool:
    """Whether one of the folders has the marker."""
    return any(Path(folder, MARKER).is_file() for folder in folders)


def is_rendered(dataset) -> bool:
    """Whether the images of a dataset of torchreid, or some of them, are rendered.

    Classes of ours know it. Of others, as torchreid's ``market1501`` on a rendered twin, the folder
    of the first image is looked at, and the two above.
    """
    known = getattr(dataset, 'rendered', None)
    if known is not None:
        return known
    path = dataset.data[0][0]
    if not isinstance(path, str):  # the frames of a video
        path = path[0]
    return is_marked(*Path(path).parents[:3])
