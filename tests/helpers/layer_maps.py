"""Feature maps of three layers, and their body parts in plain loops."""

import torch

from midattr_plugin.datasets import MARKET1501

CHANNELS = {'res3d': 3, 'res4f': 5, 'res5c': 7, 'pool5': 7}
HEIGHTS = {'res3d': 8, 'res4f': 6, 'res5c': 3}
LAYERS = tuple(HEIGHTS)
NAMES = MARKET1501.names


def random_maps():
    generator = torch.Generator().manual_seed(0)
    maps = {
        layer: torch.randn(2, CHANNELS[layer], height, 4, generator=generator)
        for layer, height in HEIGHTS.items()
    }
    return maps | {'pool5': torch.randn(2, CHANNELS['pool5'], generator=generator)}


def quarter(maps, part):
    """Maximum (B, C) over the rows of part 1..4, wherever the height is a multiple of 4 or not."""
    height = maps.shape[2]
    first, last = (part - 1) * height // 4, -(-part * height // 4)
    return (
        torch.stack(
            [
                maps[:, :, row, column]
                for row in range(first, last)
                for column in range(maps.shape[3])
            ]
        )
        .max(0)
        .values
    )
