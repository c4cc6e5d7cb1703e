"""Speed and memory of a test, for galleries up to Market-1501 with 500,000 distractors.

What a network would compute is random, so that only what is done with it takes time and memory.
"""

from collections.abc import Iterator
from time import perf_counter

import numpy as np
import torch
from torch import Tensor

from midattr_plugin import use_fast_ranking
from midattr_plugin.benchmark.memory import in_fresh_process, peak_rss
from midattr_plugin.engine.descriptor_ranking import rank_descriptors
from midattr_plugin.engine.extraction import Split, extract_split

QUERIES, MATCHES, DIMENSIONS = 3368, 13115, 2048
GALLERIES = (15913, 65536, 262144, 535913)
_IDENTITIES, _CAMERAS = 750, 6
_BATCH = 256  # images
_GIB = 2**30


def measure_ranking(
    gallery: int, memory: float, fast: bool = True, queries: int = QUERIES
) -> dict[str, float | None]:
    """Extract random features and rank them, in a new process.

    Args:
        gallery: number of gallery images; those beyond 13,115 are distractors.
        memory: GiB for the distances, see ``midattr.ranking_memory``.
        fast: use this project's ranking; otherwise torchreid's Python code.
        queries: number of queries.

    Returns:
        'distances' and 'ranking' in seconds, the former None if they are computed in blocks, whose
        time is then part of the latter; 'GiB', the peak memory of the whole process, of which
        'features GiB' are the features; the scores 'mAP', 'mAP_zheng2015' and 'rank-1'. The time
        of torchreid's ranking includes the scores of each query, which it does not return: as long
        as our ranking takes.
    """
    return in_fresh_process(_rank, gallery, memory, fast, queries)


def _rank(gallery: int, memory: float, fast: bool, queries: int) -> dict[str, float | None]:
    use_fast_ranking(fast)
    random = np.random.default_rng(0)
    q_pids = random.integers(1, _IDENTITIES + 1, queries)
    g_pids = np.where(np.arange(gallery) < MATCHES, random.integers(1, _IDENTITIES + 1, gallery), 0)
    q_camids, g_camids = (random.integers(0, _CAMERAS, count) for count in (queries, gallery))
    splits = _extract(q_pids, q_camids), _extract(g_pids, g_camids)
    began: dict[str, float] = {}  # step -> time

    def note(step: str) -> None:
        began[step.split()[1]] = perf_counter()

    ranking = rank_descriptors(*splits, memory=memory, say=note)
    end = perf_counter()
    in_blocks = ranking.distances is None
    return {
        'distances': None if in_blocks else began['CMC'] - began['distance'],
        'ranking': end - began['CMC'],
        'GiB': peak_rss() / _GIB,
        'features GiB': sum(split.features.nbytes for split in splits) / _GIB,
        'mAP': float(ranking.mAP),
        'mAP_zheng2015': float(ranking.queries.mAP_zheng2015),
        'rank-1': float(ranking.cmc[0]),
    }


def _extract(pids: np.ndarray, camids: np.ndarray) -> Split:
    generator = torch.Generator().manual_seed(len(pids))

    def batches() -> Iterator[dict[str, Tensor]]:
        for start in range(0, len(pids), _BATCH):
            rows = slice(start, start + _BATCH)
            yield {
                'pid': torch.from_numpy(pids[rows]),
                'camid': torch.from_numpy(camids[rows]),
            }

    def describe(batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        features = torch.randn(len(batch['pid']), DIMENSIONS, generator=generator)
        return features, batch['pid'], batch['camid']

    return extract_split(batches(), len(pids), describe, 'random')
