"""Paints the head: face, hair of every style, hats and hoods."""

import numpy as np

from midattr_plugin.rendering.canvas import Canvas
from midattr_plugin.rendering.palette import mix
from midattr_plugin.rendering.street.figure import Figure

_BLACK = np.array([24, 22, 26], np.float32)
_FRONT = 1.05  # half angle of a face, radians


class Head:
    """The head of one figure.

    Args:
        figure: the body.
        hood_up: whether the hood of the top covers it.
    """

    def __init__(self, figure: Figure, hood_up: bool) -> None:
        self.figure, self.hair, self.hood_up = figure, figure.wearer.hair, hood_up
        self.center, self.half = figure.head, figure.head_half
        self.unit = figure.view.scale_x
        self.folds = figure.wearer.folds
        self.rounding = self.half[0] * self.unit * 1.3

    def paint_hanging_hair(self, canvas: Canvas) -> None:
        """Paint hair that hangs over the back: long and open, a bob, or a ponytail."""
        figure, hair, y = self.figure, self.hair, self.center[1] - self.figure.drop
        if hair.style in ('long', 'wavy', 'bob') and not self.hood_up:
            wide = self.half[0] * (1.12 + 0.25 * hair.volume + 0.2 * (hair.style == 'wavy'))
            end = figure.shoulder_y - 0.03
            if hair.style != 'bob':
                end = (
                    figure.shoulder_y
                    + 0.005
                    + (0.14 if hair.style == 'long' else 0.07) * hair.length
                )
            back = self.center[2] - 0.016
            levels = [
                (y - 0.02, wide * 0.95, self.half[2] * 0.95, back),
                (y + 0.035, wide * 1.05, self.half[2] * 0.9, back - 0.006),
                (min(end, figure.shoulder_y), wide * 1.08, self.half[2] * 0.72, back - 0.018),
                (end + 0.004, wide * 0.9, self.half[2] * 0.5, back - 0.026),
            ]
            canvas.paint(figure.rings(levels), hair.color, self.rounding, 0.3, self.folds)
        elif hair.style == 'ponytail' and not self.hood_up:
            high = 0.2 * hair.fringe
            start = self.center + (0, -high * self.half[1], -self.half[2] * 1.05)
            low = start + (0, 0.07 + 0.09 * hair.length, -0.022)
            canvas.paint(
                figure.tube(
                    (start, 0.017), ((start + low) / 2 - (0, 0, 0.01), 0.021), (low, 0.010)
                ),
                hair.color,
                0.03 * self.unit,
                0.3,
                self.folds,
            )
        elif hair.style == 'bun' and not self.hood_up:
            place = self.center - (0, self.half[1] * (0.2 + 0.7 * hair.fringe), self.half[2] * 0.9)
            canvas.paint(figure.ball(place, np.full(3, 0.026)), hair.color, 0.03 * self.unit, 0.2)

    def paint(self, canvas: Canvas) -> None:
        """Paint head, hair, face and what covers them."""
        figure, hair = self.figure, self.hair
        skin = figure.wearer.skin
        canvas.paint(figure.ball(self.center, self.half), skin, self.rounding)
        self._paint_hair(canvas)
        self._paint_face(canvas)
        if self.hood_up:
            self._paint_hood(canvas)
        elif hair.hat is not None:
            self._paint_hat(canvas)

    def _patch(
        self, canvas: Canvas, color: np.ndarray, grow: float, azimuth: float, low: float,
        high: float, folds: float = 0.0, shift: tuple[float, float, float] = (0, 0, 0),
    ) -> None:  # fmt: skip
        """Paint a piece of the surface of the head, or of something around it."""
        shapes = self.figure.patch(
            self.center + shift, self.half * grow, azimuth, low, high, self.figure.stance.turn
        )
        if shapes:
            canvas.paint(shapes, color, self.rounding, folds, self.folds)

    def _paint_hair(self, canvas: Canvas) -> None:
        hair, volume = self.hair, self.hair.volume
        if hair.style == 'bald':
            # a wreath from ear to ear
            if hair.fringe < 0.75:
                self._patch(canvas, hair.color, 1.02, np.pi, -0.35, 0.25)
                self._patch(canvas, self.figure.wearer.skin, 1.03, np.pi, 0.26, 1.0)
            return
        grow = {
            'cropped': 1.02, 'short': 1.05 + 0.06 * volume, 'full': 1.12 + 0.12 * volume,
            'curly': 1.2 + 0.25 * volume, 'wavy': 1.16 + 0.18 * volume, 'bob': 1.14 + 0.12 * volume,
            'long': 1.07 + 0.1 * volume,
        }.get(hair.style, 1.05)  # fmt: skip
        low = {'cropped': -0.25, 'short': -0.5}.get(hair.style, -0.75)
        rough = 0.35 if hair.style in ('curly', 'wavy', 'full') else 0.15
        self._patch(canvas, hair.color, grow, np.pi, low, 1, rough, (0, -0.004, -0.006))

    def _paint_face(self, canvas: Canvas) -> None:
        hair, skin = self.hair, self.figure.wearer.skin
        long = hair.style in ('long', 'wavy', 'bob', 'curly')
        wide = _FRONT * (0.78 if long else 1.15)
        brow = 0.22 + 0.25 * hair.fringe - 0.2 * (long and hair.fringe < 0.3)
        if hair.style == 'bald':
            brow = 0.9
        self._patch(canvas, skin, 1.04, wide, -1.0, brow, 0, (0, 0.003, 0.004))
        dark = mix(skin, _BLACK, 0.45)
        self._patch(canvas, dark, 1.05, 0.62, -0.02, 0.1, 0, (0, 0.003, 0.004))
        if hair.beard:
            self._patch(canvas, mix(skin, hair.color, 0.7), 1.05, 0.95, -1.0, -0.38)
        if long and self.figure.view.facing() > -0.2 and not self.hood_up:
            self._paint_locks(canvas)

    def _paint_locks(self, canvas: Canvas) -> None:
        """Paint strands on both sides of the face that fall on the shoulders."""
        figure, hair = self.figure, self.hair
        end = figure.at(0, figure.shoulder_y, 0)[1]
        end += -0.035 if hair.style in ('bob', 'curly') else 0.02 + 0.08 * hair.length
        for side in (-1, 1):
            top = self.center + (side * self.half[0] * 0.98, -0.02, 0.004)
            middle = self.center + (side * self.half[0] * (1.1 + 0.2 * hair.volume), 0.035, 0.01)
            low = np.array(
                [side * self.half[0] * (1.15 + 0.3 * hair.volume), end, middle[2] + 0.01]
            )
            if figure.near(top) < -0.03:
                continue
            radius = 0.012 + 0.006 * hair.volume
            strand = figure.tube((top, radius), (middle, radius * 1.1), (low, radius * 0.8))
            canvas.paint(strand, hair.color, radius * self.unit, 0.25, self.folds)

    def _paint_hood(self, canvas: Canvas) -> None:
        top = self.figure.wearer.top
        cloth, skin = top.cloth.base, self.figure.wearer.skin
        if top.fur is not None:
            self._patch(canvas, top.fur, 1.5, 1.2, -1, 0.8, 0.3)
        self._patch(canvas, cloth, 1.36, np.pi, -1, 1, 0.2, (0, 0.002, -0.012))
        if top.fur is not None:
            self._patch(canvas, top.fur, 1.38, 1.05, -1, 0.62, 0.3)
        self._patch(canvas, mix(skin, _BLACK, 0.2), 1.2, 0.75, -1, 0.4, 0, (0, 0, 0.006))

    def _paint_hat(self, canvas: Canvas) -> None:
        figure, hair = self.figure, self.hair
        color = hair.hat_color
        shade = mix(color, _BLACK, 0.25)
        if hair.hat == 'beanie':
            self._patch(canvas, color, 1.14, np.pi, 0.1, 1, 0.25, (0, -0.010, 0))
            self._patch(canvas, shade, 1.16, np.pi, 0.1, 0.3, 0.1, (0, -0.006, 0))
            return
        self._patch(canvas, color, 1.13, np.pi, 0.28, 1, 0.1, (0, -0.006, 0))
        level = self.center[1] - figure.drop - 0.36 * self.half[1]
        if hair.hat == 'cap':
            ahead = self.center + self._ahead(self.half[2] * 1.35) - (0, 0.3 * self.half[1], 0)
            peak = figure.ball(ahead, np.array([0.034, 0.006, 0.036]))
            if figure.near(ahead - self.center) > -0.02:
                canvas.paint(peak, shade, 3)
        else:
            size = 1.75 + 0.5 * hair.volume
            brim = [
                (level - 0.004, self.half[0] * size, self.half[2] * size * 0.9, self.center[2]),
                (level + 0.004, self.half[0] * size, self.half[2] * size * 0.9, self.center[2]),
            ]
            canvas.paint(figure.rings(brim), shade, 4)
            self._patch(canvas, color, 1.13, np.pi, 0.38, 1, 0.1, (0, -0.006, 0))

    def _ahead(self, distance: float) -> np.ndarray:
        turn = self.figure.stance.turn
        return np.array([np.sin(turn) * distance, 0, np.cos(turn) * distance])
