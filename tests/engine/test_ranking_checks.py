"""The same through an engine is in test_evaluation.py."""

import numpy as np
import pytest

from midattr_plugin import use_fast_ranking
from midattr_plugin.engine import ranking_checks
from midattr_plugin.engine.ranking_checks import check_distance, check_memory, check_ranks
from midattr_plugin.errors import InputError


def test_what_can_be_ranked():
    for ranks in ([], [1], (1, 500), np.arange(1, 4)):
        check_ranks(ranks)
    check_distance('euclidean')
    check_distance('cosine')


@pytest.mark.parametrize('rank', [0, -1, 2.5, True, '1', None])
def test_what_is_no_rank(rank):
    with pytest.raises(InputError, match=f'test.ranks: {rank} is not a rank; give whole numbers'):
        check_ranks([1, rank])


def test_what_is_no_distance():
    with pytest.raises(InputError, match='"manhattan" is not one of euclidean, cosine'):
        check_distance('manhattan')


@pytest.mark.parametrize('visrank, fast, needed', [(True, True, 12), (False, False, 24)])
def test_bytes_of_a_pair(monkeypatch, visrank, fast, needed):
    use_fast_ranking(fast)
    try:
        for free, fits in ((needed * 10 * 60, True), (needed * 10 * 60 - 1, False)):
            monkeypatch.setattr(ranking_checks, 'free_ram', lambda free=free: free)
            if fits:
                check_memory(10, 60, rerank=False, visrank=visrank)
            else:
                with pytest.raises(InputError, match='between 10 queries and 60 gallery images'):
                    check_memory(10, 60, rerank=False, visrank=visrank)
    finally:
        use_fast_ranking()


def test_blocks_need_no_memory(monkeypatch):
    monkeypatch.setattr(ranking_checks, 'free_ram', lambda: 0)
    check_memory(10**6, 10**6, rerank=False, visrank=False)
