"""Queries that find nothing: without an image of the same identity from another camera."""

from collections import defaultdict
from collections.abc import Sequence


def without_match(query: Sequence[tuple], gallery: Sequence[tuple]) -> list:
    """Return the paths of the queries that no score contains.

    Args:
        query: torchreid's tuples (path, pid, camid, dsetid).
        gallery: the same of the gallery.
    """
    cameras = defaultdict(set)
    for _, pid, camid, *_ in gallery:
        cameras[pid].add(camid)
    return [path for path, pid, camid, *_ in query if not cameras[pid] - {camid}]
