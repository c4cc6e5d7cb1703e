"""Paints the lower half of a person: legs, trousers or skirt, shoes."""

import numpy as np

from midattr_plugin.rendering.body import Body
from midattr_plugin.rendering.canvas import Canvas
from midattr_plugin.rendering.cloth import Wrap, make_cloth
from midattr_plugin.rendering.look import Look
from midattr_plugin.rendering.palette import Color, mix
from midattr_plugin.rendering.traits import Traits

_BLACK = np.array([20, 20, 22], np.float32)
_WHITE = np.array([232, 232, 230], np.float32)


class Legs:
    """Everything of a person below the waist, ready to be painted."""

    def __init__(self, body: Body, look: Look, traits: Traits, skin: Color, wrap: Wrap) -> None:
        self.body, self.look, self.traits = body, look, traits
        self.skin, self.wrap = skin, wrap
        self.lower = make_cloth(look.lower, traits.lower, 'lower')

    def paint_leg(self, canvas: Canvas, side: str) -> None:
        """Paint leg, sock, trouser leg and shoe of side 'l' or 'r'."""
        body, look, traits = self.body, self.look, self.traits
        hip, knee, ankle, toe = (
            getattr(body, f'{joint}_{side}') for joint in ('hip', 'knee', 'ankle', 'toe')
        )
        width = body.pose.width
        calf = knee + 0.35 * (ankle - knee) - (0, 0, 0.008)
        skin = body.segments(
            (hip, body.thigh), (knee, body.calf), (calf, body.calf), (ankle, body.ankle)
        )
        tights = not look.trousers and traits.socks > 0.75
        bare = mix(self.skin, _BLACK, 0.75) if tights else self.skin
        if look.short_lower or not look.trousers:
            canvas.paint(skin, bare, body.calf * width * 1.4)
        if traits.socks < 0.5 and look.short_lower:
            top = ankle + (knee - ankle) * (0.15 + 0.5 * traits.socks)
            color = _WHITE if traits.socks < 0.3 else _BLACK
            canvas.paint(
                body.segments((top, body.ankle * 1.25), (ankle, body.ankle * 1.1)),
                color,
                body.ankle * width,
            )
        if look.trousers:
            self._paint_trouser_leg(canvas, side, hip, knee, ankle)
        self._paint_shoe(canvas, ankle, toe)

    def _paint_trouser_leg(
        self, canvas: Canvas, side: str, hip: np.ndarray, knee: np.ndarray, ankle: np.ndarray
    ) -> None:
        body, look, traits = self.body, self.look, self.traits
        width = body.pose.width
        fit = 1.03 + 0.16 * traits.length
        if look.short_lower:
            end = hip + (knee - hip) * (0.72 + 0.16 * traits.length)
            cloth = body.segments((hip, body.thigh * 1.06), (end, body.calf * 1.32 * fit))
        else:
            end = ankle + (0, 0.012, 0)
            cloth = body.segments(
                (hip, body.thigh * 1.02),
                (knee, body.calf * 1.08 * fit),
                (end, body.ankle * (1.05 + 0.7 * traits.length)),
            )
        canvas.paint(
            cloth, self.lower.texture(self.wrap), body.calf * width * 1.5, 0.13, traits.folds
        )
        self._paint_trouser_details(canvas, side, hip, knee, end)

    def _paint_trouser_details(
        self, canvas: Canvas, side: str, hip: np.ndarray, knee: np.ndarray, end: np.ndarray
    ) -> None:
        body = self.body
        if self.lower.pattern == 'cuffs':
            low, high = end + (knee - end) * 0.04, end + (knee - end) * 0.14
            radius = body.calf * 1.3 if self.look.short_lower else body.ankle * 1.5
            canvas.paint(body.segments((high, radius), (low, radius)), self.lower.second, 4)
        elif self.lower.pattern == 'seam':
            out = np.array([body.thigh * (0.9 if side == 'l' else -0.9), 0, 0])
            # visible unless the leg hides it
            if body.depth_of(out) > -body.thigh * 0.75:
                lines = body.segments((hip + out, 0.009), (knee + 0.62 * out, 0.009))
                if not self.look.short_lower:
                    lines += body.segments((knee + 0.62 * out, 0.009), (end + 0.4 * out, 0.008))
                canvas.paint(lines, self.lower.second, 3)

    def _paint_shoe(self, canvas: Canvas, ankle: np.ndarray, toe: np.ndarray) -> None:
        body, traits = self.body, self.traits
        width = body.pose.width
        color = traits.shoe
        # By age: sneakers with a light sole, dark leather, flat dark shoes.
        style = traits.shoe_style + (0.35, 0.15, -0.15, -0.35)[self.look.age]
        if style < 0.35:
            color = mix(color, _BLACK, 0.6)
        heel = ankle - (0, 0, 0.012)
        sole = np.array([0, 0.026, 0])
        canvas.paint(
            body.segments((heel + sole, body.foot), (toe + sole, body.foot * 0.82)),
            color,
            body.foot * width,
        )
        if traits.shoe_style > 0.82 and self.look.age > 0:
            canvas.paint(
                body.segments((ankle - (0, 0.045, 0), body.ankle * 1.4), (ankle, body.foot)),
                color,
                body.foot * width,
            )
        if style > 0.5:
            low = np.array([0, 0.026 + body.foot * 0.75, 0])
            edge = body.segments((heel + low, body.foot * 0.34), (toe + low, body.foot * 0.3))
            canvas.paint(edge, _WHITE, 2)

    def paint_hips(self, canvas: Canvas) -> None:
        """Paint the seat of the trousers, or a skirt."""
        body, traits = self.body, self.traits
        width = body.pose.width
        waist = (body.waist_y - 0.02, body.waist * 1.03, body.belly, 0.0)
        hips = (body.hip_y, body.hip * 1.06, body.depth * 1.08, 0.0)
        if self.look.trousers:
            levels = [waist, hips, (body.crotch_y, body.hip * 0.98, body.depth * 0.95, 0.0)]
        else:
            bottom = (
                (0.66 + 0.055 * traits.length)
                if self.look.short_lower
                else (0.84 + 0.06 * traits.length)
            )
            flare = 1.25 + 0.5 * traits.lower.scale
            sway = 0.012 * np.sin(body.pose.phase)
            middle = (body.hip_y + bottom) / 2
            levels = [
                waist,
                hips,
                (middle, body.hip * (0.62 + 0.5 * flare), body.depth * (0.7 + 0.5 * flare), sway),
                (bottom, body.hip * flare, body.depth * flare * 1.1, 2 * sway),
            ]
        canvas.paint(
            [body.slab(levels)],
            self.lower.texture(self.wrap),
            body.hip * width * 0.7,
            0.13 if self.look.trousers else 0.22,
            traits.folds,
        )
