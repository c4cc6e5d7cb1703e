"""Draws a person: body parts and clothes from far to near."""

import numpy as np

from midattr_plugin.demo.body import Body, Pose
from midattr_plugin.demo.canvas import Canvas, ellipse, rounded_box
from midattr_plugin.demo.carried import draw_backpack, draw_bag, draw_handbag, draw_straps
from midattr_plugin.demo.cloth import Wrap, make_cloth
from midattr_plugin.demo.head import draw_back_hair, draw_head, skin_colour
from midattr_plugin.demo.legs import Legs
from midattr_plugin.demo.look import Look
from midattr_plugin.demo.traits import Traits

_STICK = np.array([38, 54, 84], np.float32)


class Figure:
    """One person in one pose, ready to be painted."""

    def __init__(self, look: Look, traits: Traits, pose: Pose) -> None:
        self.look, self.traits, self.pose = look, traits, pose
        self.body = Body(look, traits, pose)
        self.skin = skin_colour(traits)
        self.upper = make_cloth(look.upper, traits.upper, 'upper')
        body = self.body
        top = body.at(0, body.shoulder_y)
        half = np.hypot(body.chest * body.cos, body.depth * body.sin) * pose.width
        self.wrap = Wrap(top[0], half * 1.1, top[1], pose.height, pose.yaw)
        self.legs = Legs(body, look, traits, self.skin, self.wrap)

    def draw(self, canvas: Canvas) -> None:
        """Paints the person on ``canvas``."""
        body, look = self.body, self.look
        steps = [(0., self._trunk), (.0005, self._neck_and_head)]
        for side in ('l', 'r'):
            leg = body.depth_of(getattr(body, f'hip_{side}'))
            arm = body.depth_of(getattr(body, f'elbow_{side}'))
            steps.append((min(leg, 0) - .3, lambda c, side=side: self.legs.draw_leg(c, side)))
            # an arm that hangs beside the trunk lies over it, unless it is on the far side
            steps.append((arm + .03, lambda c, side=side: self._arm(c, side)))
        steps.append((-.25, self.legs.draw_hips))
        if look.long_hair:
            steps.append((-.04 * body.cos, lambda c: draw_back_hair(c, body, self.traits, look)))
        if look.backpack:
            steps.append((-.13 * body.cos,
                          lambda c: draw_backpack(c, body, self.traits, self.upper.base)))
        if look.bag:
            side = 1 if self.traits.bag_side < .5 else -1
            steps.append((.035 - .1 * side * body.sin,
                          lambda c: draw_bag(c, body, self.traits, self.upper.base)))
        if look.handbag:
            side = 1 if self.traits.bag_side < .5 else -1
            steps.append((.045 + .08 * body.cos - .12 * side * body.sin,
                          lambda c: draw_handbag(c, body, self.traits, self.upper.base)))
        for _, step in sorted(steps, key=lambda item: item[0]):
            step(canvas)

    def _trunk(self, canvas: Canvas) -> None:
        body, look, traits, width = self.body, self.look, self.traits, self.pose.width
        hem = body.hip_y + (.035 * traits.hem if look.trousers else -.075 + .03 * traits.hem)
        s, bust = body.shoulder_y, .016 * look.female * (look.age > 0)
        loose = 1.04 + .08 * traits.hem
        levels = [
            (s - .026, .042, .040, body.lean_at(s)),
            (s - .010, body.shoulder * .62, body.depth * .7, body.lean_at(s)),
            (s + .008, body.shoulder * .88, body.depth * .85, body.lean_at(s)),
            (s + .030, body.shoulder * .97, body.depth * .95, body.lean_at(s)),
            (s + .085, body.chest * 1.06, body.depth + bust, body.lean_at(s + .08) + bust),
            (body.waist_y, body.waist * loose, body.belly * loose, .1 * body.belly),
            (hem, body.hip * (1.02 + .08 * traits.hem), body.depth * 1.12, 0.),
        ]
        canvas.paint([body.slab(levels)], self.upper.texture(self.wrap), body.chest * width * .8,
                     .15, traits.folds)
        self._trunk_details(canvas, hem)
        if look.backpack:
            draw_straps(canvas, body, traits, self.upper.base)

    def _trunk_details(self, canvas: Canvas, hem: float) -> None:
        body, upper, width = self.body, self.upper, self.pose.width
        s, front = body.shoulder_y, body.cos
        if upper.pattern == 'band':
            y = s + .07 + .12 * upper.phase
            wide = np.interp(y, [s, body.waist_y], [body.chest * 1.05, body.waist * 1.06])
            levels = [(y + d, wide, body.depth, body.lean_at(y))
                      for d in (0, .035 + .03 * upper.scale)]
            canvas.paint([body.slab(levels)], upper.second, body.chest * width * .5)
        elif upper.pattern == 'logo':
            # on the chest or, for half of them, on the back
            facing = front if upper.phase < .6 else -front
            if facing > .25:
                z = body.depth * .8 * np.sign(front)
                centre = body.at(.03 * (upper.scale - .5), s + .10, z)
                half = (.034 + .022 * upper.scale) * width
                shape = ellipse if upper.phase * 10 % 1 < .5 else rounded_box
                canvas.paint([shape(centre, half * facing, half)], upper.second, 3)
        elif upper.pattern == 'open' and front > .1:
            z = body.depth * .8
            wide = .022 + .022 * upper.scale
            corners = [body.at(-wide * .8, s - .02, z * .6), body.at(wide * .8, s - .02, z * .6),
                       body.at(wide, s + .1, z), body.at(wide * 1.2, hem, z),
                       body.at(-wide * 1.2, hem, z), body.at(-wide, s + .1, z)]
            canvas.paint([np.array(corners)], upper.second, 5, .1, self.traits.folds)

    def _arm(self, canvas: Canvas, side: str) -> None:
        body, look, width = self.body, self.look, self.pose.width
        shoulder, elbow, hand = (
            getattr(body, f'{joint}_{side}') for joint in ('shoulder', 'elbow', 'hand'))
        arm = body.arm
        fist = hand + (hand - elbow) * .12
        canvas.paint(body.segments((elbow, arm * .74), (hand, arm * .56), (fist, arm * .66)),
                     self.skin, arm * width * 1.3)
        plain = self.upper.second if self.upper.pattern == 'sleeves' else None
        cloth = self.upper.texture(self.wrap) if plain is None else plain
        if look.short_sleeves:
            end = shoulder + (elbow - shoulder) * (.62 + .2 * self.traits.length)
            canvas.paint(body.segments((end, arm * .78), (elbow, arm * .76)), self.skin,
                         arm * width * 1.3)
            sleeve = body.segments((shoulder, arm * 1.04), (end, arm * 1.14))
        else:
            end = hand + (elbow - hand) * .06
            sleeve = body.segments((shoulder, arm * 1.04), (elbow, arm * .98), (end, arm * .8))
        canvas.paint(sleeve, cloth, arm * width * 1.5, .12, self.traits.folds)
        if look.age == 3 and self.traits.walking_stick < .45 and side == 'r':
            tip = np.array([hand[0] * 1.15, .985 - body.drop, hand[2] + .05])
            canvas.paint(body.segments((hand, .008), (tip, .007)), _STICK, 2)

    def _neck_and_head(self, canvas: Canvas) -> None:
        draw_head(canvas, self.body, self.traits, self.look)
