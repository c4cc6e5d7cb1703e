"""Paints what covers a part of a person: poles, signs, bushes, cars, bicycles, walls, bags."""

import numpy as np

from midattr_plugin.rendering.backgrounds import paint_bicycle
from midattr_plugin.rendering.canvas import Canvas, box, ellipse, limb
from midattr_plugin.rendering.palette import Color

_LEAVES = np.array([45, 92, 66], np.float32)
_GLASS = np.array([60, 52, 48], np.float32)
_LETTERS = np.array([230, 230, 230], np.float32)
_OUTSIDE = 4.0  # pixels by which a shape goes beyond the picture, so that its rim is not seen


def paint_obstacle(canvas: Canvas, random: np.random.Generator) -> None:
    """Paint one thing in front of everything; it never covers a whole person."""
    paint = _PAINTERS[int(random.integers(len(_PAINTERS)))]
    x = random.uniform(0, canvas.pixels.shape[1])
    color = random.uniform(15, 235, 3).astype(np.float32)
    if random.random() < 0.6:  # most things have hardly any color
        color = np.clip(random.uniform(30, 220) + random.normal(0, 8, 3), 0, 255)
        color = color.astype(np.float32)
    paint(canvas, random, x, color)


def _paint_pole(canvas: Canvas, random: np.random.Generator, x: float, color: Color) -> None:
    half, bottom = random.uniform(2, 6), canvas.pixels.shape[0] + _OUTSIDE
    canvas.paint([box(x - half, -_OUTSIDE, x + half, bottom)], color, half * 3)


def _paint_sign(canvas: Canvas, random: np.random.Generator, x: float, color: Color) -> None:
    """Paint a pole with a sign, on which something is written."""
    _paint_pole(canvas, random, x, color)
    height, width = canvas.pixels.shape[:2]
    top = random.uniform(-0.1, 0.75) * height
    wide, high = random.uniform(0.15, 0.35) * width, random.uniform(0.1, 0.25) * height
    sign = random.uniform(20, 240, 3).astype(np.float32)
    canvas.paint([box(x - wide, top, x + wide, top + high)], sign, 4)
    for row in np.arange(0.25, 0.9, 0.25):
        line = box(x - 0.7 * wide, top + row * high, x + 0.6 * wide, top + row * high + 3)
        canvas.paint([line], _LETTERS, 2, opacity=0.7)


def _paint_bush(canvas: Canvas, random: np.random.Generator, x: float, color: Color) -> None:
    low = random.uniform(0.7, 0.9) * canvas.pixels.shape[0]
    green = _LEAVES * random.uniform(0.6, 1.4)
    spots = [
        ellipse(np.array([spot, low + random.uniform(10, 30)]), 26.0, 34.0)
        for spot in np.linspace(x - 60, x + 60, 5)
    ]
    canvas.paint(spots, green, 9, 0.5)


def _paint_car(canvas: Canvas, random: np.random.Generator, x: float, color: Color) -> None:
    height, width = canvas.pixels.shape[:2]
    low = random.uniform(0.62, 0.85) * height
    canvas.paint([box(-_OUTSIDE, low, width + _OUTSIDE, height + _OUTSIDE)], color, 22)
    end = width * random.uniform(0.4, 1)
    canvas.paint([box(-_OUTSIDE, low + 8, end, low + 26)], _GLASS, 8)


def _paint_bicycle(canvas: Canvas, random: np.random.Generator, x: float, color: Color) -> None:
    place, size = (int(x) - 40, canvas.pixels.shape[0] - 6), random.uniform(1, 1.6)
    paint_bicycle(canvas.pixels, *place, size, color.tolist())


def _paint_wall(canvas: Canvas, random: np.random.Generator, x: float, color: Color) -> None:
    """Paint something at one side, e.g. a wall or a door."""
    height, width = canvas.pixels.shape[:2]
    edge = random.uniform(0.05, 0.32) * width
    is_left = random.random() < 0.5
    left, right = (-_OUTSIDE, edge) if is_left else (width - edge, width + _OUTSIDE)
    canvas.paint([box(left, -_OUTSIDE, right, height + _OUTSIDE)], color, 6)


def _paint_umbrella(canvas: Canvas, random: np.random.Generator, x: float, color: Color) -> None:
    height, width = canvas.pixels.shape[:2]
    place = np.array([x, random.uniform(-0.04, 0.10) * height])
    canvas.paint([ellipse(place, 0.5 * width, 0.11 * height)], color, 30, 0.15)


def _paint_suitcase(canvas: Canvas, random: np.random.Generator, x: float, color: Color) -> None:
    """Paint a suitcase or a bag on the ground, with its handle."""
    height, width = canvas.pixels.shape[:2]
    low = random.uniform(0.92, 1.02) * height
    high, wide = random.uniform(0.12, 0.24) * height, random.uniform(0.08, 0.16) * width
    canvas.paint([box(x - wide, low - high, x + wide, low)], color, 12)
    a, b = np.array([x, low - high]), np.array([x - 0.5 * wide, low - high - 26])
    canvas.paint([limb(a, b, 2, 2)], color * 0.5, 3)


_PAINTERS = (  # each as often as the others
    _paint_pole,
    _paint_sign,
    _paint_bush,
    _paint_car,
    _paint_bicycle,
    _paint_wall,
    _paint_umbrella,
    _paint_suitcase,
)
