"""Checks of what a test is asked for, before anything is extracted."""

from collections.abc import Sequence
from numbers import Integral

from midattr_plugin import torchreid_compat
from midattr_plugin.distributed import broadcast
from midattr_plugin.errors import InputError
from midattr_plugin.free_memory import free_ram
from midattr_plugin.metrics import DISTANCES
from midattr_plugin.metrics.reranking import BYTES_PER_IMAGE

_GIB = 2**30


def check_ranks(ranks: Sequence[int]) -> None:
    """Check the ranks of the CMC curve that are to be printed.

    Args:
        ranks: maybe of NumPy.

    Raises:
        InputError: one is no whole number, or below 1.
    """
    for rank in ranks:
        if not isinstance(rank, Integral) or isinstance(rank, bool) or rank < 1:
            raise InputError(f'test.ranks: {rank} is not a rank; give whole numbers from 1 on')


def check_distance(dist_metric: str) -> None:
    """Check the name of the distance between descriptors.

    Args:
        dist_metric: see torchreid's ``test``.

    Raises:
        InputError: there is no such distance.
    """
    if dist_metric not in DISTANCES:
        raise InputError(f'test.dist_metric: "{dist_metric}" is not one of {", ".join(DISTANCES)}')


def check_memory(num_queries: int, num_gallery: int, *, rerank: bool, visrank: bool) -> None:
    """Check that what needs more than blocks of distances fits into the memory that is free now.

    Args:
        num_queries: Q.
        num_gallery: G.
        rerank: whether to re-rank.
        visrank: whether to draw the ranked lists.

    Raises:
        InputError: it does not.
    """
    pairs, images = num_queries * num_gallery, num_queries + num_gallery
    # bytes at the peak: what these functions of torchreid allocate for a pair
    needs = {
        'test.rerank': BYTES_PER_IMAGE * images if rerank else 0,
        'test.visrank': 12 * pairs if visrank else 0,
        'midattr.fast_ranking False': (0 if torchreid_compat.ranking_is_replaced() else 24 * pairs),
    }
    key, needed = max(needs.items(), key=lambda item: item[1])
    free = broadcast(free_ram())
    if needed > free:
        what = (
            'GiB of memory for the neighbors of'
            if key == 'test.rerank'
            else 'GiB of memory for all distances between'
        )
        raise InputError(
            f'{key} needs about {needed / _GIB:.1f} {what} {num_queries:,} queries and '
            f'{num_gallery:,} gallery images, but '
            f'{free / _GIB:.1f} GiB are free; leave it out'
        )
