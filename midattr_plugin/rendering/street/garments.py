"""Paints clothes around the body: trunk, sleeves, legs, skirts and shoes."""

import numpy as np

from midattr_plugin.rendering.canvas import Canvas, Texture
from midattr_plugin.rendering.cloth import Cloth, Wrap
from midattr_plugin.rendering.palette import Color, mix
from midattr_plugin.rendering.street.figure import Figure
from midattr_plugin.rendering.street.wardrobe import BOTTOMS

_BLACK = np.array([20, 20, 22], np.float32)
_WHITE = np.array([232, 232, 230], np.float32)
Level = tuple[float, float, float, float]  # y, half width, half depth, z; see Figure.rings


class Garments:
    """The clothes of one figure, ready to be painted in any order.

    Args:
        figure: the body.
        is_open: whether a top that opens is open in this picture.
        hood_up: whether a hood covers the head.
    """

    def __init__(self, figure: Figure, is_open: bool, hood_up: bool) -> None:
        self.figure, self.wearer = figure, figure.wearer
        self.top, self.bottom = figure.wearer.top, figure.wearer.bottom
        self.is_open = is_open and self.top.opens
        self.hood_up = hood_up and self.top.hood
        self.unit = figure.view.scale_x
        self.upper_cloth = self._texture(self.top.cloth)
        self.lower_cloth = self._texture(self.bottom.cloth)
        has_other_sleeves = self.top.cloth.pattern == 'sleeves'
        self.sleeve_cloth = self.top.cloth.second if has_other_sleeves else self.upper_cloth
        self.has_trouser_legs = BOTTOMS[self.bottom.kind].trousers

    def _texture(self, cloth: Cloth) -> Texture | Color:
        figure = self.figure
        center = figure.px(figure.at(0, figure.shoulder_y, figure.lean))
        cos, sin = np.cos(figure.view.yaw), np.sin(figure.view.yaw)
        half = 1.15 * np.hypot(figure.chest * cos, figure.depth * sin) * self.unit
        return cloth.texture(Wrap(center[0], half, center[1], figure.view.scale_y, figure.view.yaw))

    # Trunk

    def paint_trunk(self, canvas: Canvas) -> None:
        """Paint the upper garment without its sleeves, and a dress as a whole."""
        figure, top = self.figure, self.top
        folds = 0.10 + 0.08 * (top.bulk < 0.02)
        levels = self._trunk_levels()
        canvas.paint(
            figure.rings(levels), self.upper_cloth, figure.chest * self.unit * 0.8, folds,
            self.wearer.folds,
        )  # fmt: skip
        if self.is_open:
            self._paint_opening(canvas, levels)
        elif top.opens:
            self._paint_zip(canvas, levels)
        if top.belt:
            dark = mix(top.cloth.base, _BLACK, 0.55)
            self._paint_band(canvas, levels, figure.waist_y, 0.012, dark)
        if top.trim is not None:
            self._paint_band(canvas, levels, levels[-1][0] - 0.012, 0.009, top.trim)
        if top.cloth.pattern == 'band':
            y = 0.25 + 0.08 * top.cloth.phase
            self._paint_band(canvas, levels, y, 0.022, top.cloth.second)
        elif top.cloth.pattern == 'logo':
            self._paint_logo(canvas)

    def _trunk_levels(self) -> list[Level]:
        """Return the levels of the trunk in its clothes, from the neck to the hem."""
        figure, top = self.figure, self.top
        s, bulk, lean = figure.shoulder_y, top.bulk, figure.lean
        loose = 1 + 2.2 * bulk
        fitted = 0.55 if self.wearer.look.female else 1.0  # women's tops follow the waist
        if top.belt:
            fitted = 0.3
        waist = figure.waist * loose + bulk * fitted + 0.006
        levels = [
            (s - 0.022, 0.040 + 0.3 * bulk, 0.040 + 0.3 * bulk, lean),
            (s - 0.006, figure.shoulder * 0.62, figure.depth * 0.72 + 0.4 * bulk, lean),
            (s + 0.010, figure.shoulder * 0.90 + 0.5 * bulk, figure.depth * 0.86 + bulk, lean),
            (s + 0.034, figure.shoulder * 0.97 + bulk, figure.depth * 0.97 + bulk, lean),
            (
                s + 0.095,
                figure.chest * 1.04 + bulk,
                figure.depth + figure.bust + bulk,
                0.8 * lean + 0.6 * figure.bust,
            ),
            (figure.waist_y, waist, figure.belly * loose + bulk, 0.3 * lean),
        ]
        hem = max(top.hem, figure.waist_y + 0.03)
        hips = (figure.hip_y, figure.hip * 1.03 + bulk, figure.depth * 1.08 + bulk, 0.0)
        if hem <= figure.hip_y:
            share = (hem - figure.waist_y) / (figure.hip_y - figure.waist_y)
            width, depth = waist + share * (hips[1] - waist), figure.belly + bulk
            return [*levels, (hem, width, depth, 0.0)]
        return [*levels, hips, *self._hang(hem, bulk, top.flare)]

    def _hang(self, hem: float, bulk: float, flare: float) -> list[Level]:
        """Return the levels of cloth that hangs from the hips around both legs."""
        figure = self.figure
        levels = []
        for y in np.linspace(figure.hip_y, hem, 3)[1:]:
            places = np.stack([self._leg_at(name, float(y)) for name in 'lr'])
            low, high = places.min(0), places.max(0)
            share = (y - figure.hip_y) / 0.3
            half_x = (high[0] - low[0]) / 2 + figure.thigh * (1 - 0.3 * share)
            half_z = (high[2] - low[2]) / 2 + figure.thigh * (1 - 0.3 * share)
            half_x = max(half_x, figure.hip * (1 + 0.12 * share * flare)) + bulk
            half_z = max(half_z, figure.depth * (1.05 + 0.2 * share * flare)) + bulk
            levels.append((float(y), half_x, half_z, float(low[2] + high[2]) / 2))
        return levels

    def _leg_at(self, name: str, y: float) -> np.ndarray:
        """Return the point (3,) of a leg at the height ``y`` of the trunk."""
        joints = self.figure.joints
        hip, knee, ankle = (joints[f'{joint}_{name}'] for joint in ('hip', 'knee', 'ankle'))
        a, b = (hip, knee) if y + self.figure.drop < knee[1] else (knee, ankle)
        share = (y + self.figure.drop - a[1]) / max(b[1] - a[1], 0.02)
        return a + float(np.clip(share, 0, 1)) * (b - a)

    def _front(self, levels: list[Level], y: float) -> float:
        """Return the z coordinate of the front of the trunk at height ``y``."""
        heights = [level[0] for level in levels]
        return float(np.interp(y, heights, [level[2] + level[3] for level in levels]))

    def _paint_opening(self, canvas: Canvas, levels: list[Level]) -> None:
        """Paint what is worn under an open top."""
        figure = self.figure
        if figure.view.facing() < 0.1:
            return
        hem = levels[-1][0]
        spread = 0.018 + 0.03 * self.top.cloth.phase
        end = min(hem, max(figure.waist_y + 0.08, self.top.hem - 0.05))
        left, right = [], []
        for y, wide in (
            (figure.shoulder_y - 0.012, 0.6 * spread),
            (figure.shoulder_y + 0.09, spread),
            (end, 1.5 * spread if self.top.kind != 'blazer' else 0.3 * spread),
        ):
            z = self._front(levels, y) * 0.96
            left.append(figure.px(figure.at(wide, y, z)))
            right.append(figure.px(figure.at(-wide, y, z)))
        canvas.paint([np.array(left + right[::-1])], self.top.inner, 4, 0.1, self.wearer.folds)

    def _paint_zip(self, canvas: Canvas, levels: list[Level]) -> None:
        """Paint the line where a closed top could be opened."""
        figure = self.figure
        if figure.view.facing() < 0.25:
            return
        places = [
            (figure.at(0, y, self._front(levels, y)), 0.004)
            for y in (figure.shoulder_y + 0.01, figure.shoulder_y + 0.09, levels[-1][0] - 0.004)
        ]
        dark = mix(self.top.cloth.base, _BLACK, 0.5)
        canvas.paint(figure.tube(*places), dark, 2, opacity=0.8)

    def _paint_band(
        self, canvas: Canvas, levels: list[Level], y: float, half: float, color: Color
    ) -> None:
        """Paint a band around the trunk, up to ``half`` above and below the height ``y``."""
        heights = [level[0] for level in levels]
        y = min(y, heights[-1] - half)
        band = []
        for edge in (y - half, y + half):
            wide, deep, z = (
                float(np.interp(edge, heights, column))
                for column in list(zip(*levels, strict=True))[1:]
            )
            band.append((edge, 1.005 * wide, 1.005 * deep, z))
        canvas.paint(self.figure.rings(band), color, self.figure.chest * self.unit * 0.5)

    def _paint_logo(self, canvas: Canvas) -> None:
        figure, cloth = self.figure, self.top.cloth
        side = 1 if cloth.phase < 0.6 else -1  # on the chest, or on the back
        if figure.view.facing() * side < 0.25:
            return
        z = side * (figure.depth + figure.bust + self.top.bulk) * 0.85 + 0.8 * figure.lean
        half = np.array([0.03 + 0.035 * cloth.scale, 0.02 + 0.035 * cloth.phase, 0.012])
        center = figure.at(0.03 * (cloth.scale - 0.5), figure.shoulder_y + 0.10, z)
        canvas.paint(figure.ball(center, half), cloth.second, 3)

    def paint_neck(self, canvas: Canvas) -> None:
        """Paint neck, collar, scarf, and a hood that hangs down; behind the head."""
        figure, top, lean = self.figure, self.top, self.figure.lean
        s = figure.shoulder_y
        canvas.paint(
            figure.tube((figure.head, figure.neck), (figure.at(0, s, lean), figure.neck + 0.008)),
            mix(self.wearer.skin, _BLACK, 0.15),
            0.04 * self.unit,
        )
        if top.hood and not self.hood_up:
            color = top.cloth.base if top.fur is None else top.fur
            hood = figure.at(0, s - 0.006, lean - 0.045)
            half = np.array([0.070, 0.030, 0.038])
            canvas.paint(figure.ball(hood, half), color, 0.04 * self.unit, 0.25, self.wearer.folds)
        if top.collar:
            levels = [
                (s - 0.026 - 0.014 * top.cloth.scale, 0.042, 0.044, lean),
                (s - 0.004, 0.056, 0.056, lean),
            ]
            color = mix(top.cloth.base, _BLACK, 0.18)
            canvas.paint(figure.rings(levels), color, 0.05 * self.unit)
        if self.wearer.scarf is not None:
            levels = [
                (s - 0.044, 0.050, 0.052, lean + 0.006),
                (s - 0.022, 0.066, 0.066, lean + 0.008),
                (s + 0.010, 0.070, 0.068, lean + 0.008),
            ]
            rounding = 0.05 * self.unit
            canvas.paint(figure.rings(levels), self.wearer.scarf, rounding, 0.3, self.wearer.folds)
            if figure.view.facing() > -0.1:
                front = figure.depth + figure.bust + top.bulk
                side = 0.025 * self.wearer.bag_side
                tail = figure.tube(
                    (figure.at(side, s + 0.01, lean + front * 0.9), 0.022),
                    (figure.at(1.3 * side, s + 0.15, front + 0.01), 0.021),
                )
                canvas.paint(tail, self.wearer.scarf, 0.03 * self.unit, 0.3, self.wearer.folds)

    # Arms

    def paint_arm(self, canvas: Canvas, name: str) -> None:
        """Paint arm and sleeve of side 'l' or 'r'."""
        figure, top = self.figure, self.top
        shoulder, elbow, hand = (
            figure.joints[f'{joint}_{name}'] for joint in ('shoulder', 'elbow', 'hand')
        )
        arm = figure.arm
        fist = hand + 0.2 * (hand - elbow)
        bare = self.wearer.skin
        glove = _BLACK if self.wearer.gloves else bare
        in_pocket = figure.stance.arms[name == 'r'] == 'pocket'
        if not in_pocket:
            canvas.paint(
                figure.tube((hand, arm * 0.62), (fist, arm * 0.72)), glove, arm * self.unit
            )
        if top.sleeve < 0.9:
            skin = figure.tube((shoulder, arm), (elbow, arm * 0.82), (hand, arm * 0.58))
            canvas.paint(skin, bare, arm * self.unit * 1.3)
        bulk = top.bulk * 0.85
        if top.sleeve < 0.55:
            end = shoulder + (elbow - shoulder) * min(1, 2 * top.sleeve)
            points = [(shoulder, arm * 1.08 + bulk), (end, arm * 1.02 + bulk)]
        else:
            end = elbow + (hand - elbow) * min(1.02, 2 * top.sleeve - 1)
            points = [
                (shoulder, arm * 1.08 + bulk),
                (elbow, arm * 0.98 + bulk),
                (end, arm * 0.72 + 0.8 * bulk),
            ]
        canvas.paint(
            figure.tube(*points), self.sleeve_cloth, arm * self.unit * 1.8, 0.14, self.wearer.folds
        )

    # Legs

    def paint_leg(self, canvas: Canvas, name: str) -> None:
        """Paint leg, trouser leg and shoe of side 'l' or 'r'."""
        figure, bottom, wearer = self.figure, self.bottom, self.wearer
        hip, knee, ankle = (figure.joints[f'{joint}_{name}'] for joint in ('hip', 'knee', 'ankle'))
        if bottom.end < 0.93 or not self.has_trouser_legs:
            calf = knee + 0.3 * (ankle - knee) - (0, 0, 0.008)
            skin = figure.tube(
                (hip, figure.thigh),
                (knee, figure.calf),
                (calf, figure.calf * 1.02),
                (ankle, figure.ankle),
            )
            color = wearer.skin if bottom.tights is None else bottom.tights
            canvas.paint(skin, color, figure.calf * self.unit * 1.4)
        self._paint_shoe(canvas, name)
        if self.has_trouser_legs:
            self._paint_trouser_leg(canvas, hip, knee, ankle)
        # wide trousers hang over the boots
        if wearer.shoes == 'boots' and (bottom.cut == 'slim' or not self.has_trouser_legs):
            top = ankle + (knee - ankle) * (0.25 + 0.5 * wearer.gait * wearer.look.female)
            boot = figure.tube((top, figure.calf * 1.08), (ankle, figure.ankle * 1.25))
            canvas.paint(boot, wearer.shoe_color, figure.calf * self.unit)

    def _paint_trouser_leg(
        self, canvas: Canvas, hip: np.ndarray, knee: np.ndarray, ankle: np.ndarray
    ) -> None:
        figure, bottom = self.figure, self.bottom
        at_knee, at_end = {
            'slim': (1.02, 1.15), 'straight': (1.25, 1.65), 'wide': (1.5, 2.3),
            'flared': (1.12, 2.3),
        }[bottom.cut]  # fmt: skip
        # 0 at the knee, 1 where long trousers rest on the shoe
        share = (bottom.end - 0.72) / (0.965 - 0.72)
        if share > 0.15:
            end = knee + (ankle + (0, 0.014, -0.004) - knee) * share
            points = [
                (hip, figure.thigh * 1.05),
                (knee, figure.calf * at_knee),
                (end, figure.ankle * at_end),
            ]
        else:
            end = hip + (knee - hip) * np.clip(1 + 1.2 * share, 0.55, 1.1)
            points = [(hip, figure.thigh * 1.1), (end, figure.calf * (at_knee + 0.25))]
        canvas.paint(
            figure.tube(*points), self.lower_cloth, figure.calf * self.unit * 1.6, 0.17,
            self.wearer.folds,
        )  # fmt: skip
        if bottom.cloth.pattern == 'seam':
            canvas.paint(
                figure.tube(*((point, 0.007) for point, _ in points)), bottom.cloth.second, 2
            )
        elif bottom.cloth.pattern == 'cuffs':
            radius = points[-1][1] * 1.08
            start = points[-1][0] + 0.12 * (knee - points[-1][0])
            canvas.paint(
                figure.tube((start, radius), (points[-1][0], radius)), bottom.cloth.second, 3
            )

    def _paint_shoe(self, canvas: Canvas, name: str) -> None:
        figure, wearer = self.figure, self.wearer
        ankle, toe = figure.joints[f'ankle_{name}'], figure.joints[f'toe_{name}']
        slim = 0.8 if wearer.look.female else 1.0
        low = np.array([0, 0.022, 0])
        heel = ankle + low - (0, 0, 0.014)
        color = wearer.shoe_color
        if wearer.shoes == 'sandals':
            color = mix(color, wearer.skin, 0.5)
        if wearer.shoes == 'heels':
            shape = figure.tube((heel - (0, 0.012, 0), 0.018), (toe + low, 0.015))
        else:
            shape = figure.tube((heel, 0.024 * slim), (toe + low, 0.021 * slim))
        canvas.paint(shape, color, 0.024 * self.unit)
        if wearer.shoes == 'sneakers':
            sole = np.array([0, 0.018 * slim, 0])
            edge = figure.tube((heel + sole, 0.009), (toe + low + sole, 0.008))
            canvas.paint(edge, _WHITE if color.mean() < 180 else color, 2)

    def paint_seat(self, canvas: Canvas) -> None:
        """Paint the seat of the trousers, or a skirt."""
        figure, bottom = self.figure, self.bottom
        waist = (figure.waist_y - 0.01, figure.waist * 1.03, figure.belly, 0.0)
        hips = (figure.hip_y, figure.hip * 1.05, figure.depth * 1.1, 0.0)
        if self.has_trouser_legs:
            seat = (figure.crotch_y, figure.hip * 0.95, figure.depth * 0.98, 0.0)
            levels, folds = [waist, hips, seat], 0.12
        else:
            flare = 2.2 if bottom.cut == 'flared' else 0.3
            levels, folds = [waist, hips, *self._hang(bottom.end, 0.004, flare)], 0.2
        canvas.paint(
            figure.rings(levels), self.lower_cloth, figure.hip * self.unit * 0.7, folds,
            self.wearer.folds,
        )  # fmt: skip
