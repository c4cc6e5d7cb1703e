"""torchreid's ``color_jitter``: torchvision's, with brightness 0.2 and contrast 0.15."""

import torch
from torch import Tensor

_BRIGHTNESS, _CONTRAST = 0.2, 0.15
_LUMA = 19595, 38470, 7471  # of R, G, B in Pillow's gray, divided by 65536


def color_jitter(images: Tensor) -> Tensor:
    """Changes brightness and contrast of each image (B, H, W, 3) uint8, in random order."""
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
    """Between ``base`` (factor 0) and the image (1), or beyond; whole numbers, cut as by Pillow."""
    return (base + factors * (pixels - base)).clamp_(0, 255).floor_()
