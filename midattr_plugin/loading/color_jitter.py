"""torchreid's ``color_jitter``: torchvision's ``ColorJitter(brightness=0.2, contrast=0.15)``."""

import torch
from torch import Tensor

_BRIGHTNESS, _CONTRAST = 0.2, 0.15
_LUMA = 19595, 38470, 7471  # Pillow's weights of R, G, B in units of 1 / 65536


def color_jitter(images: Tensor) -> Tensor:
    """Jitter brightness and contrast of each image (B, H, W, 3) uint8, in random order."""
    brightness = _factors(images, _BRIGHTNESS)
    contrast = _factors(images, _CONTRAST)
    contrast_first = (torch.rand(len(images)) < 0.5).to(images.device).view(-1, 1, 1, 1)
    pixels = images.float()
    pixels = torch.where(contrast_first, _contrasted(pixels, contrast), pixels)
    pixels = _blended(torch.zeros_like(contrast), pixels, brightness)
    pixels = torch.where(contrast_first, pixels, _contrasted(pixels, contrast))
    return pixels.to(torch.uint8)


def _factors(images: Tensor, spread: float) -> Tensor:
    factors = torch.empty(len(images)).uniform_(1 - spread, 1 + spread)
    return factors.to(images.device).view(-1, 1, 1, 1)


def _contrasted(pixels: Tensor, factors: Tensor) -> Tensor:
    luma = torch.tensor(_LUMA, dtype=pixels.dtype, device=pixels.device)
    gray = ((pixels @ luma)[..., None] / 65536 + 0.5).floor()
    return _blended((gray.mean((1, 2), keepdim=True) + 0.5).floor(), pixels, factors)


def _blended(base: Tensor, pixels: Tensor, factors: Tensor) -> Tensor:
    """Interpolate from ``base`` (factor 0) to the pixels (1), or extrapolate; round like Pillow."""
    return (base + factors * (pixels - base)).clamp_(0, 255).floor_()
