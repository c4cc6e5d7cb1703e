"""Paints smooth, shaded shapes on a picture.

A shape is a union of polygons. Its blurred mask serves as a height map: the slope of that map
along the direction of the light shades it like a rounded body, and added noise gives cloth
its folds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from midattr_plugin.rendering.palette import Color

# Colors of a region, from its pixel columns (1, w) and rows (h, 1) -> (h, w, 3).
Texture = Callable[[np.ndarray, np.ndarray], np.ndarray]
_SHIFT = 4  # OpenCV takes polygon corners in fixed point with this many fractional bits


@dataclass(frozen=True)
class Light:
    """A lamp in the direction (``x``, ``y``); ``x`` < 0 is left, ``y`` < 0 is up."""

    x: float = -0.5
    y: float = -0.6
    contrast: float = 0.5


class Canvas:
    """A picture (H, W, 3) float32 in [0, 255], BGR, to paint shapes on."""

    def __init__(self, pixels: np.ndarray, light: Light) -> None:
        self.pixels = pixels
        self.light = light

    def paint(
        self,
        shapes: Sequence[np.ndarray],
        color: Color | Texture,
        rounding: float,
        folds: float = 0.0,
        fold_offset: tuple[int, int] = (0, 0),
        opacity: float = 1.0,
    ) -> None:
        """Paint a union of polygons.

        Args:
            shapes: polygons, each (n, 2) in pixels (x, y).
            color: one color, or a texture.
            rounding: width in pixels of the rounded rim.
            folds: strength of the folds, 0 for none.
            fold_offset: position (x, y) in :func:`fold_map` to read the folds from.
            opacity: in [0, 1].
        """
        corners = np.concatenate(shapes)
        height, width = self.pixels.shape[:2]
        left, top = np.maximum(np.floor(corners.min(0)).astype(int) - 2, 0)
        right, bottom = np.minimum(np.ceil(corners.max(0)).astype(int) + 3, (width, height))
        if right - left < 2 or bottom - top < 2:
            return
        mask = np.zeros((bottom - top, right - left), np.uint8)
        for shape in shapes:
            points = np.rint((shape - (left, top)) * (1 << _SHIFT)).astype(np.int32)
            cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, _SHIFT)
        relief = self._shading(mask, rounding, folds, fold_offset)
        if callable(color):
            color = color(np.arange(left, right)[None], np.arange(top, bottom)[:, None])
        region = self.pixels[top:bottom, left:right]
        weight = mask[..., None] * np.float32(opacity / 255)
        region += (color * relief[..., None] - region) * weight

    def _shading(
        self, mask: np.ndarray, rounding: float, folds: float, offset: tuple[int, int]
    ) -> np.ndarray:
        size = max(3, int(rounding) | 1)
        # zero outside: a shape cut off by the edge of the picture is rounded there, too
        relief = cv2.blur(mask, (size, size), borderType=cv2.BORDER_CONSTANT)
        relief = cv2.blur(relief, (size, size), borderType=cv2.BORDER_CONSTANT)
        relief = relief.astype(np.float32)
        relief *= 1 / 255
        slope_x = cv2.Sobel(relief, cv2.CV_32F, 1, 0, scale=size / 8)
        slope_y = cv2.Sobel(relief, cv2.CV_32F, 0, 1, scale=size / 8)
        light = self.light
        shading = 0.70 + 0.30 * relief
        shading -= (slope_x * light.x + slope_y * light.y) * light.contrast
        if folds:
            rows, columns = mask.shape
            x, y = offset
            shading += folds * fold_map()[y % 200 : y % 200 + rows, x % 200 : x % 200 + columns]
        return shading


@cache
def fold_map() -> np.ndarray:
    """Return folds of cloth: slanted, mostly vertical noise (512, 512) float32 in [-1, 1]."""
    noise = np.random.default_rng(20181).standard_normal((640, 640)).astype(np.float32)
    slanted = cv2.warpAffine(
        cv2.GaussianBlur(noise, (0, 0), sigmaX=3.2, sigmaY=10),
        np.array([[1, 0.45, -80], [-0.15, 1, 40]], np.float32),
        (640, 640),
        borderMode=cv2.BORDER_WRAP,
    )
    fine = cv2.GaussianBlur(noise, (0, 0), sigmaX=6, sigmaY=2.5)
    total = slanted / slanted.std() + 0.6 * fine / fine.std()
    return np.ascontiguousarray(np.clip(total[64:576, 64:576] / 2.2, -1, 1))


@cache
def blot_map() -> np.ndarray:
    """Return smooth blots for prints and foliage, (512, 512) float32 in [0, 1], cyclic."""
    noise = np.random.default_rng(20182).standard_normal((512, 512)).astype(np.float32)
    tiled = np.tile(noise, (2, 2))
    smooth = cv2.GaussianBlur(tiled, (0, 0), 4.5)[256:768, 256:768]
    smooth = np.roll(smooth, (256, 256), (0, 1))
    return np.clip(0.5 + 0.9 * smooth / smooth.std(), 0, 1).astype(np.float32)


def limb(a: np.ndarray, b: np.ndarray, radius_a: float, radius_b: float) -> np.ndarray:
    """Return the outline (16, 2) of a tapered capsule from ``a`` to ``b``, each (2,) in pixels."""
    direction = np.arctan2(b[1] - a[1], b[0] - a[0])
    arc = np.linspace(-np.pi / 2, np.pi / 2, 8)
    near = direction + np.pi + arc
    far = direction + arc
    return np.concatenate(
        [
            a + radius_a * np.stack([np.cos(near), np.sin(near)], 1),
            b + radius_b * np.stack([np.cos(far), np.sin(far)], 1),
        ]
    )


_TURN = np.linspace(0, 2 * np.pi, 24, endpoint=False)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], 1)


def ellipse(center: np.ndarray, half_width: float, half_height: float) -> np.ndarray:
    """Return the outline (24, 2) of an upright ellipse."""
    return center + _CIRCLE * (half_width, half_height)


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """Return the outline (4, 2) of an upright box."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def rounded_box(center: np.ndarray, half_width: float, half_height: float) -> np.ndarray:
    """Return the outline (24, 2) of a box with rounded corners (a superellipse)."""
    corner = np.sign(_CIRCLE) * np.abs(_CIRCLE) ** 0.45
    return center + corner * (half_width, half_height)
