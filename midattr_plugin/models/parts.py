"""Horizontal body parts of a feature map (paper section 2.1 and Table 1)."""

from torch import Tensor
from torch.nn import functional as F

from midattr_plugin.schema import NUM_PARTS


def pool_parts(maps: Tensor) -> Tensor:
    """The maximum of each channel in each of the 4 horizontal parts.

    Where the height is no multiple of 4, part i reaches from row floor(i * H / 4) up to, not
    including, row ceil((i + 1) * H / 4), so that neighbors share a row and none is left out:
    the 7 rows of res5c at 224 x 224 give the rows 0-1, 1-3, 3-5 and 5-6.

    Args:
        maps: (B, C, H, W).

    Returns:
        (B, 4, C), head and shoulders first.
    """
    return F.adaptive_max_pool2d(maps, (NUM_PARTS, 1)).squeeze(3).transpose(1, 2)
