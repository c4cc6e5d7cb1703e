"""From the part branch's own conv5 to the local feature (paper section 2.1).

The branch is ``layer4_part`` (the copy of conv5), ``part_reduction`` (this module) and
``classifier_part``. They are separate children of the model, because torchreid freezes layers
and gives them learning rates by the names of the model's children.
"""

from torch import Tensor, nn

from midattr_plugin.errors import InputError


class PartReduction(nn.Module):
    """Horizontal average pooling, then a 1x1 convolution with neither BN nor ReLU.

    The paper convolves first. Both orders give the same result, since the convolution is
    linear and acts on each position alone, but this one convolves W times fewer positions
    (a seventh at 224 x 224). A ReLU or BN between the two would forbid it.

    Args:
        channels: C of the map, 512 or 2048.
        part_dim: channels of each row afterwards (not given by the paper).
        part_rows: rows that the map is averaged into. With the map's own number of rows,
            ceil(image height / 32) or, with a last stride of 1, ceil(image height / 16), each
            row gives exactly one vector.

    Raises:
        InputError: ``part_dim`` or ``part_rows`` is below 1.
    """

    def __init__(self, channels: int, part_dim: int, part_rows: int):
        super().__init__()
        if min(part_dim, part_rows) < 1:
            raise InputError(
                f'midattr.part_dim ({part_dim}) and midattr.part_rows ({part_rows}) '
                'must both be at least 1'
            )
        self.pool = nn.AdaptiveAvgPool2d((part_rows, 1))
        self.conv = nn.Conv2d(channels, part_dim, 1)
        # Nothing normalizes or rectifies what follows: a gain of 1 keeps the scale of the
        # pretrained features, so that both classifiers start from features of similar size.
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity='linear')
        assert self.conv.bias is not None
        nn.init.zeros_(self.conv.bias)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (B, C, H, W) -> local feature pool5_1 (B, part_dim * part_rows)."""
        return self.conv(self.pool(maps)).flatten(1)
