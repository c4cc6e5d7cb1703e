import numpy as np
import pytest
import torch

from midattr_plugin.metrics.nearest_neighbors import neighbor_blocks


@pytest.mark.parametrize('metric', ['euclidean', 'cosine'])
@pytest.mark.parametrize('k', [1, 5, 30, 99])
@pytest.mark.parametrize('memory', [1, 2000, 1e9])
def test_they_are_the_first_of_a_stable_sort(metric, k, memory):
    """Whole numbers, of which many pairs are exactly as far apart as others."""
    generator = torch.Generator().manual_seed(0)
    shapes = (7, 3), (30, 3)
    queries, gallery = (torch.randint(1, 3, s, generator=generator).float() for s in shapes)
    found = list(neighbor_blocks(queries, gallery, metric, memory, k))
    distances = np.concatenate([block for _, block, _ in found])
    expected = [sorted(range(30), key=lambda i, row=row: row[i])[:k] for row in distances]
    np.testing.assert_array_equal(np.concatenate([nearest for *_, nearest in found]), expected)
    assert sum(len(block) for _, block, _ in found) == 7 and (len(found) == 7) == (memory == 1)
