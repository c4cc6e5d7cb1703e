"""Blocks in which each position of a map sees all others (not in the paper).

Wang et al., Non-local Neural Networks, CVPR 2018; with dot products, as in AGW (Ye et al., TPAMI
2021) and in the SBS recipe of fast-reid. These put two blocks into conv3 of a ResNet-50 and three
into conv4; here one stands behind each layer that is named.

Shapes: B images, C channels, N = h * w positions of the map, d = C / 2.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from midattr_plugin.errors import InputError


class NonLocal(nn.Module):
    """x + W(y), where y of a position is the mean over all positions j of theta . phi_j * g_j.

    theta, phi, g and W are convolutions of 1 x 1 (Eqs. 1, 4 and 6). The last scale, that of the
    batch normalization behind W, starts at 0: the block then changes nothing, and what surrounds it
    starts as it was pretrained.

    Args:
        channels: C.
    """

    def __init__(self, channels: int):
        super().__init__()
        inner = max(channels // 2, 1)
        self.theta = nn.Conv2d(channels, inner, 1)
        self.phi = nn.Conv2d(channels, inner, 1)
        self.g = nn.Conv2d(channels, inner, 1)
        # batch normalization takes away any bias in front of it
        self.conv = nn.Conv2d(inner, channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.bn.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """Return (B, C, h, w).

        Args:
            maps: (B, C, h, w).
        """
        theta, phi, g = (layer(maps).flatten(2) for layer in (self.theta, self.phi, self.g))
        inner, positions = theta.shape[1:]
        phi = phi / positions  # before they are summed, which float16 might not hold
        # no softmax stands between the two products: the one that leaves less comes first
        if positions > inner:
            seen = (g @ phi.transpose(1, 2)) @ theta
        else:
            seen = g @ (phi.transpose(1, 2) @ theta)
        return maps + self.bn(self.conv(seen.unflatten(2, maps.shape[2:])))


def check_non_local(chosen: Sequence[str], layers: Sequence[str]) -> None:
    """Check that a block can stand behind each of the layers.

    Args:
        chosen: names of layers.
        layers: of the backbone, from shallow to deep.

    Raises:
        InputError: one is none of the backbone, is its last one or is named twice.
    """
    for layer in chosen:
        if layer not in layers[:-1]:
            raise InputError(
                f'midattr.non_local: no block can stand behind "{layer}"; choose from '
                f'{", ".join(layers[:-1])}, which the branches have in common'
            )
    if len(set(chosen)) < len(chosen):
        raise InputError(f'midattr.non_local names a layer twice: {", ".join(chosen)}')
