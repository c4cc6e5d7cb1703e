"""Shades of clothes, each with the color that a person would call it.

A shade is a range of hue, saturation and value, from which an identity has one. Denim and navy
are blue, olive is green, charcoal is gray; of the colors that Market-1501 does not name, camel
counts as brown where the annotation file has brown, and the others have no label.
"""

import colorsys
from dataclasses import dataclass

import numpy as np

from midattr_plugin.rendering.palette import Color

Range = tuple[float, float]


@dataclass(frozen=True)
class Shade:
    """A range of colors with one name.

    Attributes:
        label: what a person calls it.
        hue: in [0, 1]; may exceed 1.
        saturation: in [0, 1].
        value: in [0, 1].
    """

    label: str
    hue: Range
    saturation: Range
    value: Range

    def sample(self, random: np.random.Generator) -> Color:
        """Sample a color (3,) float32, BGR in [0, 255]."""
        hue, saturation, value = (
            random.uniform(*span) for span in (self.hue, self.saturation, self.value)
        )
        rgb = colorsys.hsv_to_rgb(hue % 1, saturation, value)
        return np.array(rgb[::-1], np.float32) * 255


SHADES = {
    'black': Shade('black', (0.55, 1.10), (0.0, 0.25), (0.05, 0.15)),
    'charcoal': Shade('gray', (0.5, 0.8), (0.0, 0.12), (0.26, 0.38)),
    'gray': Shade('gray', (0.0, 1.0), (0.0, 0.08), (0.38, 0.62)),
    'silver': Shade('gray', (0.0, 1.0), (0.0, 0.06), (0.60, 0.74)),
    'white': Shade('white', (0.0, 1.0), (0.0, 0.05), (0.88, 0.99)),
    'cream': Shade('white', (0.09, 0.14), (0.04, 0.13), (0.88, 0.97)),
    'navy': Shade('blue', (0.60, 0.67), (0.42, 0.72), (0.18, 0.34)),
    'indigo': Shade('blue', (0.58, 0.64), (0.35, 0.60), (0.26, 0.40)),
    'denim': Shade('blue', (0.57, 0.62), (0.30, 0.58), (0.40, 0.60)),
    'faded denim': Shade('blue', (0.56, 0.61), (0.16, 0.36), (0.58, 0.78)),
    'royal': Shade('blue', (0.56, 0.65), (0.60, 0.90), (0.42, 0.80)),
    'sky': Shade('blue', (0.53, 0.60), (0.22, 0.50), (0.70, 0.95)),
    'red': Shade('red', (0.97, 1.01), (0.72, 0.94), (0.55, 0.88)),
    'wine': Shade('red', (0.95, 1.00), (0.58, 0.82), (0.30, 0.46)),
    'forest': Shade('green', (0.36, 0.46), (0.40, 0.70), (0.20, 0.38)),
    'green': Shade('green', (0.27, 0.43), (0.42, 0.80), (0.38, 0.72)),
    'olive': Shade('green', (0.175, 0.25), (0.30, 0.52), (0.26, 0.45)),
    'yellow': Shade('yellow', (0.125, 0.165), (0.55, 0.92), (0.80, 0.97)),
    'mustard': Shade('yellow', (0.11, 0.135), (0.60, 0.85), (0.62, 0.80)),
    'purple': Shade('purple', (0.74, 0.84), (0.32, 0.68), (0.28, 0.62)),
    'lilac': Shade('purple', (0.72, 0.80), (0.18, 0.40), (0.60, 0.85)),
    'pink': Shade('pink', (0.90, 0.98), (0.22, 0.52), (0.78, 0.96)),
    'fuchsia': Shade('pink', (0.89, 0.94), (0.60, 0.85), (0.70, 0.90)),
    'brown': Shade('brown', (0.03, 0.08), (0.38, 0.62), (0.24, 0.46)),
    'camel': Shade('brown', (0.07, 0.10), (0.34, 0.52), (0.50, 0.70)),
    'beige': Shade('beige', (0.08, 0.12), (0.14, 0.30), (0.66, 0.85)),
    'orange': Shade('orange', (0.035, 0.075), (0.70, 0.92), (0.80, 0.97)),
    'teal': Shade('teal', (0.47, 0.53), (0.45, 0.80), (0.35, 0.70)),
}
