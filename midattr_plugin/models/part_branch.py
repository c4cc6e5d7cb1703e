"""From the part branch's copy of the backbone's tail to the local feature (paper section 2.1).

The branch is the copy of the tail (``layer4_part`` on a ResNet, the copy of conv5),
``part_reduction`` (this module) and ``classifier_part``. They are separate children of the model,
because torchreid freezes layers and gives them learning rates by the names of the model's children.

Shapes: B images, C channels of the map, H x W its rows and columns.
"""

from torch import Tensor, nn

from midattr_plugin.errors import InputError
from midattr_plugin.models.autocast import without_autocast


class PartReduction(nn.Module):
    """Horizontal average pooling, then a 1x1 convolution with neither BN nor ReLU.

    The paper convolves first. Both orders give the same result, since the convolution is
    linear and acts on each position alone, but this one convolves W times fewer positions
    (a seventh for the 7 x 7 map of a ResNet at 224 x 224). A ReLU or BN between would forbid it.

    Args:
        channels: C.
        part_dim: channels of each row afterwards (not given by the paper).
        part_rows: rows that the map is averaged into. With H rows, the image height divided by
            the stride of the backbone's last layer and rounded up, each row of the map gives
            exactly one vector.

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
        """Return the local feature (B, part_dim * part_rows), the paper's pool5_1.

        Args:
            maps: (B, C, H, W), maybe in a format of 16 bits.
        """
        with without_autocast(maps.device.type):  # the feature is an output
            return self.conv(self.pool(maps.to(self.conv.weight.dtype))).flatten(1)
