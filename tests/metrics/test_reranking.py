"""Sparse and in blocks, against torchreid's matrices of all pairs."""

import numpy as np
import pytest
import torch

from midattr_plugin import torchreid_compat
from midattr_plugin.metrics import nearest_neighbors, reranking
from midattr_plugin.metrics.reranking import reranked_blocks


def torchreids(queries, gallery, metric, **options):
    pairs = (queries, gallery), (queries, queries), (gallery, gallery)
    distances = (
        torchreid_compat.metrics.compute_distance_matrix(*pair, metric).numpy() for pair in pairs
    )
    return torchreid_compat.utils.re_ranking(*distances, **options)


def ours(queries, gallery, metric, memory=1e9, **options):
    blocks = list(reranked_blocks(queries, gallery, metric, memory, **options))
    assert [start for start, _ in blocks] == list(
        np.cumsum([0, *(len(block) for _, block in blocks)])[:-1]
    )
    return np.concatenate([block for _, block in blocks])


def people(num_queries, num_gallery, dim=6, identities=8):
    """Descriptors of which those of an identity are alike."""
    generator = torch.Generator().manual_seed(num_queries + num_gallery)
    centers = torch.randn(identities, dim, generator=generator)
    return [
        centers[torch.randint(identities, (count,), generator=generator)]
        + 0.5 * torch.randn(count, dim, generator=generator)
        for count in (num_queries, num_gallery)
    ]


@pytest.mark.parametrize('metric', ['euclidean', 'cosine'])
@pytest.mark.parametrize('sizes', [(1, 1), (1, 3), (4, 9), (10, 60), (30, 250)])
@pytest.mark.parametrize('memory', [1, 20_000, 1e9])
def test_equals_torchreids(metric, sizes, memory):
    splits = people(*sizes)
    expected = torchreids(*splits, metric)
    np.testing.assert_allclose(ours(*splits, metric, memory), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize('k1, k2, weight', [(20, 1, 0.3), (5, 2, 0.0), (7, 3, 1.0), (30, 12, 0.5)])
def test_its_parameters_are_torchreids(k1, k2, weight):
    splits = people(10, 80)
    expected = torchreids(*splits, 'euclidean', k1=k1, k2=k2, lambda_value=weight)
    found = ours(*splits, 'euclidean', k1=k1, k2=k2, weight=weight)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize('seed', range(5))
def test_equal_distances(monkeypatch, seed):
    """Whole numbers: all distances are exact, and many are equal, also those of copies."""
    argsort = np.argsort
    monkeypatch.setattr(np, 'argsort', lambda a, *_, **__: argsort(a, kind='stable'))
    generator = torch.Generator().manual_seed(seed)
    queries, gallery = (
        torch.randint(0, 3, (count, 4), generator=generator).float() for count in (12, 90)
    )
    expected = torchreids(queries, gallery, 'euclidean')
    found = ours(queries, gallery, 'euclidean', memory=5000)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_images_that_are_all_the_same():
    found = ours(torch.ones(3, 4), torch.ones(30, 4), 'euclidean')
    assert np.isfinite(found).all()


def test_no_more_distances_at_once_than_there_is_memory_for(monkeypatch):
    sizes = []
    original = reranking.distance_blocks

    def watched(*arguments):
        for start, block in original(*arguments):
            sizes.append(block.nbytes)
            yield start, block

    for module in (reranking, nearest_neighbors):
        monkeypatch.setattr(module, 'distance_blocks', watched)
    splits = people(20, 200)
    ours(*splits, 'euclidean', memory=220 * 4 * 2 * 7)
    # both passes: all images with all images, then queries with the gallery
    assert len(sizes) > 220 / 7 and max(sizes) <= 220 * 4 * 7
