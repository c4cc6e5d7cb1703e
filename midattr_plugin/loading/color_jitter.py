"""torchreid's ``color_jitter``: torchvision's ``ColorJitter(brightness=0.2, contrast=0.15)``."""

import torch
from torch import Tensor

from midattr_plugin.loading.device_copy import constant, to_device

_BRIGHTNESS, _CONTRAST = 0.2, 0.15
_LUMA = 19595, 38470, 7471  # Pillow's weights of R, G, B in units of 1 / 65536


def color_jitter(images: Tensor) -> Tensor:
    """Jitter brightness and contrast of each image (B, H, W, 3) uint8, in random order."""
    count = len(images)
    drawn = [_factors(count, _BRIGHTNESS), _factors(count, _CONTRAST), torch.rand(count)]
    # together, because each copy to the device costs as much as any other
    brightness, contrast, order = (
        to_device(torch.stack(drawn), images.device).view(3, count, 1, 1, 1).unbind()
    )
    contrast_first = order < 0.5
    pixels = images.float()
    pixels = torch.where(contrast_first, _contrasted(pixels, contrast), pixels)
    pixels = _blended(torch.zeros_like(contrast), pixels, brightness)
    pixels = torch.where(contrast_first, pixels, _contrasted(pixels, contrast))
    return pixels.to(torch.uint8)


def _factors(count: int, spread: float) -> Tensor:
    return torch.empty(count).uniform_(1 - spread, 1 + spread)


def _contrasted(pixels: Tensor, factors: Tensor) -> Tensor:
    gray = ((pixels @ constant(_LUMA, pixels.device))[..., None] / 65536 + 0.5).floor()
    return _blended((gray.mean((1, 2), keepdim=True) + 0.5).floor(), pixels, factors)


def _blended(base: Tensor, pixels: Tensor, factors: Tensor) -> Tensor:
    """Interpolate from ``base`` (factor 0) to the pixels (1), or extrapolate; round like Pillow."""
    return (base + factors * (pixels - base)).clamp_(0, 255).floor_()
