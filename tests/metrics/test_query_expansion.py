import numpy as np
import pytest
import torch

from midattr_plugin.metrics.query_expansion import expand_queries

GENERATOR = torch.Generator().manual_seed(0)
QUERIES, GALLERY = torch.randn(5, 4, generator=GENERATOR), torch.randn(20, 4, generator=GENERATOR)


def cosine(a, b):
    return float(a @ b / np.sqrt(a @ a) / np.sqrt(b @ b))


def slowly(query, gallery, k, alpha, metric):
    distance = {
        'euclidean': lambda image: float((query - image) @ (query - image)),
        'cosine': lambda image: 1 - cosine(query, image),
    }[metric]
    total = query.copy()
    for image in sorted(gallery, key=distance)[:k]:
        total += max(cosine(query, image), 0.0) ** alpha * image
    return total / np.sqrt(total @ total) * np.sqrt(query @ query)


@pytest.mark.parametrize('metric', ['euclidean', 'cosine'])
@pytest.mark.parametrize('k, alpha', [(1, 3.0), (5, 0.0), (5, 3.0), (20, 1.0), (99, 3.0)])
@pytest.mark.parametrize('memory', [1, 1e9])
def test_weighted_means_in_plain_loops(metric, k, alpha, memory):
    found = expand_queries(QUERIES, GALLERY, k, alpha, metric, memory)
    for query, expanded in zip(QUERIES.numpy(), found, strict=True):
        expected = slowly(query.astype(float), GALLERY.numpy().astype(float), k, alpha, metric)
        np.testing.assert_allclose(expanded, expected, atol=1e-5)


def test_the_inputs_stay_as_they_are():
    before = QUERIES.clone(), GALLERY.clone()
    expand_queries(QUERIES, GALLERY, 3, 3.0, 'cosine', 1e9)
    assert torch.equal(QUERIES, before[0]) and torch.equal(GALLERY, before[1])


def test_a_query_without_a_direction_stays():
    expanded = expand_queries(torch.zeros(1, 4), GALLERY, 3, 3.0, 'euclidean', 1e9)
    assert torch.equal(expanded, torch.zeros(1, 4))
