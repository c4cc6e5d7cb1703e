"""What the host's ``evaluate_rank`` returns, which its engine prints and then drops."""

from collections.abc import Iterator
from contextlib import contextmanager

from midattr_plugin import host

RANKS = (1, 5, 10, 20)


@contextmanager
def captured_ranking() -> Iterator[dict]:
    """Yields a dict that holds ``cmc`` and ``mAP`` once the host has ranked inside the block.

    The host's engine looks ``evaluate_rank`` up in its ``metrics`` package at each call; it is
    wrapped there for the duration of the block, and computes what it always does.
    """
    evaluate_rank = host.metrics.evaluate_rank
    captured: dict = {}

    def recording(*args, **kwargs):
        captured['cmc'], captured['mAP'] = evaluate_rank(*args, **kwargs)
        return captured['cmc'], captured['mAP']

    host.metrics.evaluate_rank = recording
    try:
        yield captured
    finally:
        host.metrics.evaluate_rank = evaluate_rank


def reid_scores(ranking: dict) -> dict[str, float]:
    """``{'rank-1', 'rank-5', 'rank-10', 'rank-20', 'mAP'}`` as fractions.

    A rank beyond the size of the gallery is left out.
    """
    cmc = ranking['cmc']
    scores = {f'rank-{rank}': float(cmc[rank - 1]) for rank in RANKS if rank <= len(cmc)}
    scores['mAP'] = float(ranking['mAP'])
    return scores
