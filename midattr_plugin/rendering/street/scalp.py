"""The surface of a head, on which face, hair and hats are painted in pieces."""

import numpy as np

from midattr_plugin.rendering.canvas import Canvas
from midattr_plugin.rendering.palette import Color
from midattr_plugin.rendering.street.figure import Figure


class Scalp:
    """The head of a figure as an ellipsoid.

    Args:
        figure: the body.
    """

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self.center, self.half = figure.head, figure.head_half
        self.rounding = self.half[0] * figure.view.scale_x * 1.3

    def patch(
        self, canvas: Canvas, color: Color, grow: float, azimuth: float, low: float, high: float,
        folds: float = 0.0, shift: tuple[float, float, float] = (0, 0, 0), opacity: float = 1.0,
    ) -> None:  # fmt: skip
        """Paint a piece of the surface of the head, or of something around it.

        Args:
            canvas: to paint on.
            color: of the piece.
            grow: size against that of the head.
            azimuth: the piece reaches so far to both sides of the front, radians.
            low: its lowest point, -1 (chin) to 1 (crown).
            high: its highest point.
            folds: strength of folds or strands.
            shift: of the center.
            opacity: in [0, 1].
        """
        shapes = self.figure.patch(
            self.center + shift, self.half * grow, azimuth, low, high, self.figure.stance.turn
        )
        if shapes:
            folds_at = self.figure.wearer.folds
            canvas.paint(shapes, color, self.rounding, folds, folds_at, opacity)

    def ahead(self, distance: float) -> np.ndarray:
        """Return the step (3,) of this length into the direction of the face."""
        turn = self.figure.stance.turn
        return np.array([np.sin(turn) * distance, 0, np.cos(turn) * distance])
