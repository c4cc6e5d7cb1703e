"""Speed and memory of ranking, for galleries up to Market-1501 with 500,000 distractors."""

from time import perf_counter

import numpy as np
import psutil
import torch

from midattr_plugin import torchreid_compat, use_fast_ranking
from midattr_plugin.benchmark.memory import in_fresh_process, peak_rss
from midattr_plugin.engine.descriptor_ranking import captured_ranking

QUERIES, MATCHES, DIMENSIONS = 3368, 13115, 2048
GALLERIES = (15913, 65536, 262144, 535913)
_IDENTITIES, _CAMERAS = 750, 6
_GIB = 2**30


def measure_ranking(
    gallery: int, memory: float, fast: bool = True, queries: int = QUERIES
) -> dict[str, float | None]:
    """Rank random features in a new process.

    Args:
        gallery: number of gallery images; those beyond 13,115 are distractors.
        memory: GiB for the distances, see ``midattr.ranking_memory``.
        fast: use this project's ranking; otherwise torchreid's Python code.
        queries: number of queries.

    Returns:
        'distances' and 'ranking' in seconds, the former None if they are computed in blocks, whose
        time is then part of the latter; 'GiB', the peak memory, of which 'features GiB' are
        the features; the scores 'mAP' and 'rank-1'.
    """
    return in_fresh_process(_rank, gallery, memory, fast, queries)


def _rank(gallery: int, memory: float, fast: bool, queries: int) -> dict[str, float | None]:
    use_fast_ranking(fast)
    before = psutil.Process().memory_info().rss
    generator = torch.Generator().manual_seed(0)
    random = np.random.default_rng(0)
    qf = torch.randn(queries, DIMENSIONS, generator=generator)
    gf = torch.empty(gallery, DIMENSIONS)
    for rows in gf.split(4096):  # in place, because a large gallery may not fit twice
        rows.normal_(generator=generator)
    q_pids = random.integers(1, _IDENTITIES + 1, queries)
    g_pids = np.where(np.arange(gallery) < MATCHES, random.integers(1, _IDENTITIES + 1, gallery), 0)
    q_camids, g_camids = (random.integers(0, _CAMERAS, count) for count in (queries, gallery))
    with captured_ranking(memory):
        start = perf_counter()
        distmat = torchreid_compat.metrics.compute_distance_matrix(qf, gf, 'euclidean').numpy()
        middle = perf_counter()
        cmc, mAP = torchreid_compat.metrics.evaluate_rank(
            distmat, q_pids, g_pids, q_camids, g_camids
        )
        end = perf_counter()
    features = (qf.nbytes + gf.nbytes) / _GIB
    return {
        'distances': middle - start if len(distmat) else None,
        'ranking': end - middle,
        'GiB': (peak_rss() - before) / _GIB,
        'features GiB': features,
        'mAP': float(mAP),
        'rank-1': float(cmc[0]),
    }
