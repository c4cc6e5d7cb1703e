"""Adaptive pooling in operations that every runtime has, whatever the height of the map.

ONNX has no adaptive pooling, and what PyTorch writes instead needs sizes that divide. Rows and
columns of a map are known when a graph is exported, so that cells can be cut out.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

ATEN: Any = torch.ops.aten


def cell_bounds(size: int, cells: int) -> list[tuple[int, int]]:
    """Return first and end of each cell, as PyTorch's adaptive pooling cuts a map.

    Args:
        size: rows or columns of the map.
        cells: into which it is cut; where that does not divide, neighbors share one.
    """
    return [(i * size // cells, -(-(i + 1) * size // cells)) for i in range(cells)]


def max_in_cells(maps: Tensor, cells: Sequence[int]) -> tuple[Tensor, None]:
    """Return what ``adaptive_max_pool2d`` does, without the indices, which nothing here reads.

    Args:
        maps: (B, C, H, W).
        cells: in rows and columns.
    """
    return _in_cells(maps, cells, lambda cell: cell.amax((2, 3), keepdim=True)), None


def mean_in_cells(maps: Tensor, cells: Sequence[int]) -> Tensor:
    """Return what ``adaptive_avg_pool2d`` does.

    Args:
        maps: (B, C, H, W).
        cells: in rows and columns.
    """
    return _in_cells(maps, cells, lambda cell: cell.mean((2, 3), keepdim=True))


def _in_cells(maps: Tensor, cells: Sequence[int], reduced: Callable[[Tensor], Tensor]) -> Tensor:
    (height, width), (rows, columns) = maps.shape[2:], cells
    return torch.cat(
        [
            torch.cat(
                [
                    reduced(maps[:, :, top:bottom, left:right])
                    for left, right in cell_bounds(width, columns)
                ],
                3,
            )
            for top, bottom in cell_bounds(height, rows)
        ],
        2,
    )


DECOMPOSITIONS = {
    ATEN.adaptive_max_pool2d.default: max_in_cells,
    ATEN.adaptive_avg_pool2d.default: mean_in_cells,
}
"""Operation of PyTorch -> function, for ``ExportedProgram.run_decompositions``."""
