"""Paints a head: face, ears, and hair of every style, with what covers it."""

from dataclasses import dataclass

import numpy as np

from midattr_plugin.rendering.canvas import Canvas
from midattr_plugin.rendering.palette import mix
from midattr_plugin.rendering.street.figure import Figure, Outline
from midattr_plugin.rendering.street.headwear import paint_hat, paint_hood
from midattr_plugin.rendering.street.scalp import Scalp
from midattr_plugin.rendering.street.shades import Range

_BLACK = np.array([24, 22, 26], np.float32)
_SHEEN = np.array([104, 98, 96], np.float32)  # of the sky on dark hair
_FRONT = 1.05  # half angle of a face, radians


@dataclass(frozen=True)
class Cut:
    """Shape of a hair style; of each range, a head has one value.

    Attributes:
        grow: size of the hair around the head, against the head.
        low: where it ends on the back of the head, -1 (chin) to 1 (crown).
        rough: strength of its strands.
        hang: how far it hangs below the shoulders, in body heights; None if it does not hang.
    """

    grow: Range
    low: float
    rough: float = 0.15
    hang: Range | None = None


CUTS = {
    'cropped': Cut((1.02, 1.04), -0.2),
    'short': Cut((1.04, 1.10), -0.42),
    'full': Cut((1.08, 1.18), -0.5, 0.3),
    'curly': Cut((1.16, 1.34), -0.5, 0.35),
    'ponytail': Cut((1.04, 1.09), -0.7),
    'bun': Cut((1.04, 1.09), -0.7),
    'long': Cut((1.07, 1.20), -0.8, 0.25, (0.015, 0.13)),
    'layered': Cut((1.14, 1.34), -0.8, 0.3, (-0.012, 0.05)),
    'wavy': Cut((1.18, 1.40), -0.8, 0.4, (0.01, 0.10)),
    'curls': Cut((1.30, 1.58), -0.8, 0.5, (-0.02, 0.04)),
    'bob': Cut((1.18, 1.46), -0.8, 0.2, (-0.042, -0.008)),
}


class Head:
    """The head of one figure.

    Args:
        figure: the body.
        hood_up: whether the hood of the top covers it.
    """

    def __init__(self, figure: Figure, hood_up: bool) -> None:
        self.figure, self.hair, self.hood_up = figure, figure.wearer.hair, hood_up
        self.scalp = Scalp(figure)
        self.center, self.half = figure.head, figure.head_half
        self.unit = figure.view.scale_x
        self.folds = figure.wearer.folds
        self.cut = CUTS.get(self.hair.style, CUTS['cropped'])  # of bald people it is not seen
        low, high = self.cut.grow
        self.grow = low + (high - low) * self.hair.volume
        # hair swings with the steps
        self.sway = 0.007 * float(np.sin(figure.stance.phase))

    def paint_hanging_hair(self, canvas: Canvas) -> None:
        """Paint hair that hangs over the back: open, a ponytail or a bun."""
        hair = self.hair
        if self.hood_up:
            return
        if self.cut.hang is not None:
            strands = self.figure.rings(self._fall(), self.sway)
            rounding = self.scalp.rounding
            canvas.paint(strands, hair.color, rounding, self.cut.rough, self.folds)
        elif hair.style in ('ponytail', 'bun'):
            canvas.paint(self._tied(), hair.color, 0.03 * self.unit, 0.25, self.folds)

    def _fall(self) -> list[tuple[float, float, float, float]]:
        """Return (y, half width, half depth, z) of open hair, from the ears to its end."""
        figure, middle = self.figure, self.center[1] - self.figure.drop
        wide, end = self.half[0] * self.grow * 1.06, self._end()
        # from behind the head to the ears, so that a profile keeps its face
        front, rear = 0.10 * self.half[2], self.half[2] * self.grow
        z, deep = self.center[2] + (front - rear) / 2, (front + rear) / 2
        neck = min(end, figure.shoulder_y - 0.02)
        return [
            (middle - 0.45 * self.half[1], wide * 0.92, deep * 1.02, z),
            (middle + 0.35 * self.half[1], wide * 1.05, deep, z - 0.003),
            (neck, wide * 1.10, deep * 0.85, z - 0.010),
            (max(end, neck) + 0.004, wide * 0.9, deep * 0.62, z - 0.018),
        ]

    def _end(self) -> float:
        """Return the height at which hair that hangs ends."""
        low, high = self.cut.hang or (0.0, 0.0)
        return float(self.figure.shoulder_y + low + (high - low) * self.hair.length)

    def _tied(self) -> list[Outline]:
        figure, hair = self.figure, self.hair
        if hair.style == 'bun':
            place = self.center - (0, self.half[1] * (0.2 + 0.7 * hair.fringe), self.half[2] * 0.95)
            return figure.ball(place, np.full(3, 0.024 + 0.008 * hair.volume))
        start = self.center + (0, -0.4 * hair.fringe * self.half[1], -self.half[2] * 1.05)
        low = start + (2 * self.sway, 0.08 + 0.10 * hair.length, -0.022)
        middle = (start + low) / 2 - (0, 0, 0.014)
        return figure.tube((start, 0.016), (middle, 0.022 + 0.006 * hair.volume), (low, 0.011))

    def paint(self, canvas: Canvas) -> None:
        """Paint head, hair, face and what covers them."""
        head = self.figure.ball(self.center, self.half)
        canvas.paint(head, self.figure.wearer.skin, self.scalp.rounding)
        self._paint_hair(canvas)
        self._paint_face(canvas)
        hangs = self.cut.hang is not None and self.figure.view.facing() > -0.3
        if self.hood_up:
            paint_hood(canvas, self.scalp)
            hangs = hangs and self.hair.length > 0.35  # else it is under the hood
        if hangs:
            self._paint_locks(canvas)
        if self.hair.hat is not None and not self.hood_up:
            paint_hat(canvas, self.scalp)

    def _paint_hair(self, canvas: Canvas) -> None:
        hair, scalp = self.hair, self.scalp
        if hair.style == 'bald':
            # a wreath from ear to ear
            if hair.fringe < 0.75:
                scalp.patch(canvas, hair.color, 1.02, np.pi, -0.35, 0.25)
                scalp.patch(canvas, self.figure.wearer.skin, 1.03, np.pi, 0.26, 1.0)
            self._paint_ears(canvas)
            return
        above = 0.2 if hair.hat is not None else 1.0  # a hat flattens the hair under it
        shift = (0.0, -0.004, -0.006)
        scalp.patch(
            canvas, hair.color, self.grow, np.pi, self.cut.low, above, self.cut.rough, shift
        )
        if above == 1.0 and hair.color.mean() < 80:
            scalp.patch(
                canvas, mix(hair.color, _SHEEN, 0.5), self.grow * 0.92, np.pi, 0.35, 0.85,
                self.cut.rough, shift, 0.4,
            )  # fmt: skip
        if hair.style == 'short' and hair.thin:
            scalp.patch(canvas, self.figure.wearer.skin, 1.08, np.pi, 0.72, 1.0, 0, (0, 0, -0.012))
        tied = hair.style in ('ponytail', 'bun') and hair.fringe < 0.7
        if (
            hair.style in ('cropped', 'short')
            or tied
            or (hair.style == 'full' and hair.volume < 0.7)
        ):
            self._paint_ears(canvas)

    def _paint_ears(self, canvas: Canvas) -> None:
        turn = self.figure.stance.turn
        for side in (-1, 1):
            out = side * self.half[0] * np.array([np.cos(turn), 0, -np.sin(turn)])
            if self.figure.near(out) > -0.025:
                place = self.center + 1.03 * out + (0, 0.006, 0) - self.scalp.ahead(0.004)
                ear = self.figure.ball(place, np.array([0.006, 0.015, 0.012]))
                canvas.paint(ear, mix(self.figure.wearer.skin, _BLACK, 0.15), 0.014 * self.unit)

    def _paint_face(self, canvas: Canvas) -> None:
        hair, skin, scalp = self.hair, self.figure.wearer.skin, self.scalp
        hangs = self.cut.hang is not None
        wide = _FRONT * (0.80 if hangs else 1.15)
        brow = 0.22 + 0.25 * hair.fringe - 0.2 * (hangs and hair.fringe < 0.3) + 0.2 * hair.thin
        if hair.style == 'bald':
            brow = 0.9
        scalp.patch(canvas, skin, 1.04, wide, -1.0, brow, 0, (0, 0.003, 0.004))
        dark = mix(skin, _BLACK, 0.45)
        scalp.patch(canvas, dark, 1.05, 0.62, -0.02, 0.1, 0, (0, 0.003, 0.004))
        if hair.beard:
            scalp.patch(canvas, mix(skin, hair.color, 0.75), 1.05, 1.05, -1.0, -0.36)

    def _paint_locks(self, canvas: Canvas) -> None:
        """Paint strands on both sides of the face; they fall before or behind the shoulders."""
        figure, hair = self.figure, self.hair
        bottom = self._end() + figure.drop
        for side in (-1, 1):
            behind = self.folds[0] % 3 == side + 1  # two of three people have one side pushed back
            end = min(bottom, figure.at(0, figure.shoulder_y - 0.02, 0)[1]) if behind else bottom
            top = self.center + (side * self.half[0] * 0.95, -0.025, 0.004)
            if figure.near(top - self.center) < -0.03:
                continue
            if self.hood_up:  # out of its lower end
                top = self.center + (side * self.half[0] * 0.6, 0.6 * self.half[1], self.half[2])
            wide = self.half[0] * (0.5 + 0.55 * self.grow)
            middle = self.center + (side * wide + 0.4 * self.sway, 0.035, 0.008)
            middle = (top + middle) / 2 + (0, 0.02, 0) if self.hood_up else middle
            forward = -0.01 if behind else 0.02 + 0.4 * max(0.0, end - figure.shoulder_y)
            low = np.array([side * wide * 1.12 + self.sway, end, middle[2] + forward])
            radius = 0.013 + 0.007 * hair.volume
            strand = figure.tube((top, radius), (middle, radius * 1.15), (low, radius * 0.85))
            canvas.paint(strand, hair.color, radius * self.unit, self.cut.rough, self.folds)
