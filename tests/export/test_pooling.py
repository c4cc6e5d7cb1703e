"""Pooling that is exported, against PyTorch's."""

import pytest
import torch
from torch.nn import functional as F

from midattr_plugin.export.pooling import cell_bounds, max_in_cells, mean_in_cells


@pytest.mark.parametrize('height', [28, 14, 7, 16, 8, 5, 4, 3])
@pytest.mark.parametrize('cells', [(4, 1), (6, 1), (1, 1), (3, 2)])
def test_every_height(height, cells):
    maps = torch.randn(2, 3, height, 5)
    maximum, indices = max_in_cells(maps, cells)
    assert torch.equal(maximum, F.adaptive_max_pool2d(maps, cells))
    assert indices is None
    mean = mean_in_cells(maps, cells)
    assert torch.allclose(mean, F.adaptive_avg_pool2d(maps, cells), atol=1e-6)


def test_bounds_of_seven_rows():
    """Those that the paper's parts have at 224 x 224: neighbors share a row."""
    assert cell_bounds(7, 4) == [(0, 2), (1, 4), (3, 6), (5, 7)]
    assert cell_bounds(8, 4) == [(0, 2), (2, 4), (4, 6), (6, 8)]
