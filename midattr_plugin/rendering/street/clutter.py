"""Paints what covers a part of a person: poles, signs, cars, bushes, umbrellas, bags."""

import numpy as np

from midattr_plugin.rendering.backgrounds import paint_bicycle
from midattr_plugin.rendering.canvas import Canvas, ellipse, limb


def paint_obstacle(canvas: Canvas, random: np.random.Generator) -> None:
    """Paint one thing in front of everything; it never covers a whole person."""
    height, width = canvas.pixels.shape[:2]
    kind = int(random.integers(8))
    x = random.uniform(0, width)
    color = random.uniform(15, 235, 3).astype(np.float32)
    if random.random() < 0.6:
        color = np.clip(random.uniform(30, 220) + random.normal(0, 8, 3), 0, 255)
        color = color.astype(np.float32)
    if kind <= 1:  # a pole, perhaps with a sign
        half = random.uniform(2, 6)
        canvas.paint([_box(x - half, -4, x + half, height + 4)], color, half * 3)
        if kind == 1:
            top = random.uniform(-0.1, 0.75) * height
            wide, high = random.uniform(0.15, 0.35) * width, random.uniform(0.1, 0.25) * height
            sign = random.uniform(20, 240, 3).astype(np.float32)
            canvas.paint([_box(x - wide, top, x + wide, top + high)], sign, 4)
            for row in np.arange(0.25, 0.9, 0.25):
                line = _box(x - 0.7 * wide, top + row * high, x + 0.6 * wide, top + row * high + 3)
                canvas.paint([line], np.array([230, 230, 230], np.float32), 2, opacity=0.7)
    elif kind == 2:  # a bush
        low = random.uniform(0.7, 0.9) * height
        green = np.array([45, 92, 66], np.float32) * random.uniform(0.6, 1.4)
        spots = [
            ellipse(np.array([spot, low + random.uniform(10, 30)]), 26.0, 34.0)
            for spot in np.linspace(x - 60, x + 60, 5)
        ]
        canvas.paint(spots, green, 9, 0.5)
    elif kind == 3:  # a car
        low = random.uniform(0.62, 0.85) * height
        canvas.paint([_box(-4, low, width + 4, height + 4)], color, 22)
        glass = np.array([60, 52, 48], np.float32)
        canvas.paint([_box(-4, low + 8, width * random.uniform(0.4, 1), low + 26)], glass, 8)
    elif kind == 4:
        paint_bicycle(
            canvas.pixels, int(x) - 40, height - 6, random.uniform(1, 1.6), color.tolist()
        )
    elif kind == 5:  # something at one side, e.g. a wall or a door
        edge = random.uniform(0.05, 0.32) * width
        left = (-4.0, edge) if random.random() < 0.5 else (width - edge, width + 4.0)
        canvas.paint([_box(left[0], -4, left[1], height + 4)], color, 6)
    elif kind == 6:  # an umbrella
        place = np.array([x, random.uniform(-0.04, 0.10) * height])
        canvas.paint([ellipse(place, 0.5 * width, 0.11 * height)], color, 30, 0.15)
    else:  # a suitcase or a bag on the ground, with its handle
        low = random.uniform(0.92, 1.02) * height
        high, wide = random.uniform(0.12, 0.24) * height, random.uniform(0.08, 0.16) * width
        canvas.paint([_box(x - wide, low - high, x + wide, low)], color, 12)
        a, b = np.array([x, low - high]), np.array([x - 0.5 * wide, low - high - 26])
        canvas.paint([limb(a, b, 2, 2)], color * 0.5, 3)


def _box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
