"""Paints what covers a head: hoods, beanies, caps and hats with a brim."""

import numpy as np

from midattr_plugin.rendering.canvas import Canvas
from midattr_plugin.rendering.palette import mix
from midattr_plugin.rendering.street.scalp import Scalp

_BLACK = np.array([24, 22, 26], np.float32)


def paint_hood(canvas: Canvas, scalp: Scalp) -> None:
    """Paint a hood that is up, with its fur, and the shaded face in it."""
    top, skin = scalp.figure.wearer.top, scalp.figure.wearer.skin
    if top.fur is not None:
        scalp.patch(canvas, top.fur, 1.4, 1.2, -1, 0.8, 0.3)
    scalp.patch(canvas, top.cloth.base, 1.27, np.pi, -1, 1, 0.2, (0, 0.002, -0.012))
    if top.fur is not None:
        scalp.patch(canvas, top.fur, 1.29, 1.05, -1, 0.62, 0.3)
    scalp.patch(canvas, mix(skin, _BLACK, 0.2), 1.15, 0.75, -1, 0.4, 0, (0, 0, 0.006))


def paint_hat(canvas: Canvas, scalp: Scalp) -> None:
    """Paint the hat of the person."""
    figure, hair, half = scalp.figure, scalp.figure.wearer.hair, scalp.half
    color = hair.hat_color
    shade = mix(color, _BLACK, 0.25)
    if hair.hat == 'beanie':
        scalp.patch(canvas, color, 1.12, np.pi, 0.1, 1, 0.25, (0, -0.010, 0))
        scalp.patch(canvas, shade, 1.14, np.pi, 0.1, 0.3, 0.1, (0, -0.006, 0))
        return
    scalp.patch(canvas, color, 1.12, np.pi, 0.28, 1, 0.1, (0, -0.006, 0))
    level = scalp.center[1] - figure.drop - 0.36 * half[1]
    if hair.hat == 'cap':
        ahead = scalp.center + scalp.ahead(half[2] * 1.35) - (0, 0.3 * half[1], 0)
        peak = figure.ball(ahead, np.array([0.034, 0.006, 0.036]))
        if figure.near(ahead - scalp.center) > -0.02:
            canvas.paint(peak, shade, 3)
    else:
        size = 1.6 + 0.4 * hair.volume
        brim = [
            (level - 0.004, half[0] * size, half[2] * size * 0.9, scalp.center[2]),
            (level + 0.004, half[0] * size, half[2] * size * 0.9, scalp.center[2]),
        ]
        canvas.paint(figure.rings(brim), shade, 4)
        scalp.patch(canvas, color, 1.12, np.pi, 0.38, 1, 0.1, (0, -0.006, 0))
