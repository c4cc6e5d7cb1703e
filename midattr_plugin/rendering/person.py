"""Paints a person: body parts and clothes from far to near."""

import numpy as np

from midattr_plugin.rendering.body import Body, Pose
from midattr_plugin.rendering.canvas import Canvas, ellipse, rounded_box
from midattr_plugin.rendering.carried import paint_backpack, paint_bag, paint_handbag, paint_straps
from midattr_plugin.rendering.cloth import Wrap, make_cloth
from midattr_plugin.rendering.head import paint_back_hair, paint_head, skin_color
from midattr_plugin.rendering.legs import Legs
from midattr_plugin.rendering.look import Look
from midattr_plugin.rendering.traits import Traits

_STICK = np.array([38, 54, 84], np.float32)


class Person:
    """One person in one pose, ready to be painted."""

    def __init__(self, look: Look, traits: Traits, pose: Pose) -> None:
        self.look, self.traits, self.pose = look, traits, pose
        self.body = Body(look, traits, pose)
        self.skin = skin_color(traits)
        self.upper = make_cloth(look.upper, traits.upper, 'upper')
        body = self.body
        top = body.at(0, body.shoulder_y)
        half = np.hypot(body.chest * body.cos, body.depth * body.sin) * pose.width
        self.wrap = Wrap(top[0], half * 1.1, top[1], pose.height, pose.yaw)
        self.legs = Legs(body, look, traits, self.skin, self.wrap)

    def paint(self, canvas: Canvas) -> None:
        """Paint the person on ``canvas``."""
        body, look = self.body, self.look
        steps = [(0.0, self._paint_trunk), (0.0005, self._paint_head)]
        for side in ('l', 'r'):
            leg = body.depth_of(getattr(body, f'hip_{side}'))
            arm = body.depth_of(getattr(body, f'elbow_{side}'))
            steps.append((min(leg, 0) - 0.3, lambda c, side=side: self.legs.paint_leg(c, side)))
            # an arm beside the trunk is painted over it, unless it is on the far side
            steps.append((arm + 0.03, lambda c, side=side: self._paint_arm(c, side)))
        steps.append((-0.25, self.legs.paint_hips))
        if look.long_hair:
            steps.append((-0.04 * body.cos, lambda c: paint_back_hair(c, body, self.traits, look)))
        if look.backpack:
            steps.append(
                (-0.13 * body.cos, lambda c: paint_backpack(c, body, self.traits, self.upper.base))
            )
        if look.bag:
            side = 1 if self.traits.bag_side < 0.5 else -1
            steps.append(
                (
                    0.035 - 0.1 * side * body.sin,
                    lambda c: paint_bag(c, body, self.traits, self.upper.base),
                )
            )
        if look.handbag:
            side = 1 if self.traits.bag_side < 0.5 else -1
            steps.append(
                (
                    0.045 + 0.08 * body.cos - 0.12 * side * body.sin,
                    lambda c: paint_handbag(c, body, self.traits, self.upper.base),
                )
            )
        for _, step in sorted(steps, key=lambda item: item[0]):
            step(canvas)

    def _paint_trunk(self, canvas: Canvas) -> None:
        body, look, traits, width = self.body, self.look, self.traits, self.pose.width
        hem = body.hip_y + (0.035 * traits.hem if look.trousers else -0.075 + 0.03 * traits.hem)
        s, bust = body.shoulder_y, 0.016 * look.female * (look.age > 0)
        loose = 1.04 + 0.08 * traits.hem
        levels = [
            (s - 0.026, 0.042, 0.040, body.lean_at(s)),
            (s - 0.010, body.shoulder * 0.62, body.depth * 0.7, body.lean_at(s)),
            (s + 0.008, body.shoulder * 0.88, body.depth * 0.85, body.lean_at(s)),
            (s + 0.030, body.shoulder * 0.97, body.depth * 0.95, body.lean_at(s)),
            (s + 0.085, body.chest * 1.06, body.depth + bust, body.lean_at(s + 0.08) + bust),
            (body.waist_y, body.waist * loose, body.belly * loose, 0.1 * body.belly),
            (hem, body.hip * (1.02 + 0.08 * traits.hem), body.depth * 1.12, 0.0),
        ]
        canvas.paint(
            [body.slab(levels)],
            self.upper.texture(self.wrap),
            body.chest * width * 0.8,
            0.15,
            traits.folds,
        )
        self._paint_trunk_details(canvas, hem)
        if look.backpack:
            paint_straps(canvas, body, traits, self.upper.base)

    def _paint_trunk_details(self, canvas: Canvas, hem: float) -> None:
        body, upper, width = self.body, self.upper, self.pose.width
        s, front = body.shoulder_y, body.cos
        if upper.pattern == 'band':
            y = s + 0.07 + 0.12 * upper.phase
            wide = np.interp(y, [s, body.waist_y], [body.chest * 1.05, body.waist * 1.06])
            levels = [
                (y + d, wide, body.depth, body.lean_at(y)) for d in (0, 0.035 + 0.03 * upper.scale)
            ]
            canvas.paint([body.slab(levels)], upper.second, body.chest * width * 0.5)
        elif upper.pattern == 'logo':
            # on the chest, or on the back of some
            facing = front if upper.phase < 0.6 else -front
            if facing > 0.25:
                z = body.depth * 0.8 * np.sign(front)
                center = body.at(0.03 * (upper.scale - 0.5), s + 0.10, z)
                half = (0.034 + 0.022 * upper.scale) * width
                shape = ellipse if upper.phase * 10 % 1 < 0.5 else rounded_box
                canvas.paint([shape(center, half * facing, half)], upper.second, 3)
        elif upper.pattern == 'open' and front > 0.1:
            z = body.depth * 0.8
            wide = 0.022 + 0.022 * upper.scale
            corners = [
                body.at(-wide * 0.8, s - 0.02, z * 0.6),
                body.at(wide * 0.8, s - 0.02, z * 0.6),
                body.at(wide, s + 0.1, z),
                body.at(wide * 1.2, hem, z),
                body.at(-wide * 1.2, hem, z),
                body.at(-wide, s + 0.1, z),
            ]
            canvas.paint([np.array(corners)], upper.second, 5, 0.1, self.traits.folds)

    def _paint_arm(self, canvas: Canvas, side: str) -> None:
        body, look, width = self.body, self.look, self.pose.width
        shoulder, elbow, hand = (
            getattr(body, f'{joint}_{side}') for joint in ('shoulder', 'elbow', 'hand')
        )
        arm = body.arm
        fist = hand + (hand - elbow) * 0.12
        canvas.paint(
            body.segments((elbow, arm * 0.74), (hand, arm * 0.56), (fist, arm * 0.66)),
            self.skin,
            arm * width * 1.3,
        )
        plain = self.upper.second if self.upper.pattern == 'sleeves' else None
        cloth = self.upper.texture(self.wrap) if plain is None else plain
        if look.short_sleeves:
            end = shoulder + (elbow - shoulder) * (0.62 + 0.2 * self.traits.length)
            canvas.paint(
                body.segments((end, arm * 0.78), (elbow, arm * 0.76)), self.skin, arm * width * 1.3
            )
            sleeve = body.segments((shoulder, arm * 1.04), (end, arm * 1.14))
        else:
            end = hand + (elbow - hand) * 0.06
            sleeve = body.segments((shoulder, arm * 1.04), (elbow, arm * 0.98), (end, arm * 0.8))
        canvas.paint(sleeve, cloth, arm * width * 1.5, 0.12, self.traits.folds)
        if look.age == 3 and self.traits.walking_stick < 0.45 and side == 'r':
            tip = np.array([hand[0] * 1.15, 0.985 - body.drop, hand[2] + 0.05])
            canvas.paint(body.segments((hand, 0.008), (tip, 0.007)), _STICK, 2)

    def _paint_head(self, canvas: Canvas) -> None:
        paint_head(canvas, self.body, self.traits, self.look)
