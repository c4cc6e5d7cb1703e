"""A walking body: proportions from age, gender and build; joints; projection to pixels.

Body coordinates are in units of the body height: x to the person's left, y down from the
crown (0) to the soles (1), z to the front. The view turns by ``yaw`` about y: 0 shows the
front, pi the back, pi / 2 the person walking to the right of the picture.
"""

from dataclasses import dataclass

import numpy as np

from midattr_plugin.demo.canvas import limb
from midattr_plugin.demo.look import Look
from midattr_plugin.demo.traits import Traits


@dataclass(frozen=True)
class Pose:
    """One moment of a walk, and where it lies in the picture (pixels)."""

    yaw: float
    phase: float           # of the step, radians
    stride: float          # amplitude of the step, radians
    tilt: float            # how much lower near things appear (camera above the head)
    centre_x: float
    top: float             # row of the crown
    height: float          # rows from crown to soles
    width: float           # pixels per unit of x


class Body:
    """Proportions and projected joints of one person in one pose."""

    def __init__(self, look: Look, traits: Traits, pose: Pose) -> None:
        self.pose = pose
        self.cos, self.sin = np.cos(pose.yaw), np.sin(pose.yaw)
        youth = (1., .28, 0., 0.)[look.age]
        old = float(look.age == 3)
        stout = traits.build * .12 + (0., -.08, .08, .04)[look.age]
        girth = 1 + stout
        female = float(look.female) * (1 - .6 * youth)

        self.head_height = .136 + .062 * youth
        self.head_width = (.050 + .022 * youth) * (1 + .25 * stout)
        self.shoulder_y = .180 + .055 * youth + .012 * old
        self.waist_y = .40 + .05 * youth - .012 * traits.legs
        self.hip_y = .49 + .045 * youth - .014 * traits.legs
        self.crotch_y = self.hip_y + .045
        self.shoulder = (.126 - .024 * female - .004 * youth + .007 * traits.shoulders) * (
            1 + .5 * stout)
        self.chest = (.104 - .012 * female) * girth
        self.waist = (.094 - .022 * female + .010 * youth) * (girth + .35 * max(stout, 0))
        self.hip = (.089 + .017 * female) * girth
        self.depth = (.066 + .006 * female) * girth
        self.belly = (.064 + .014 * (look.age >= 2) - .010 * female) * (girth + .5 * stout)
        self.arm = (.031 - .004 * female) * girth * (1 + .12 * youth)
        self.thigh = (.056 + .003 * female) * girth * (1 + .1 * youth)
        self.calf = .037 * (1 + .7 * stout) * (1 + .15 * youth)
        self.ankle = .022 * (1 + .3 * youth)
        self.foot = .030 * (1 - .22 * female + .25 * youth)
        # The old lean forward from the waist, head first.
        self.lean = .05 * old + .012 * (1 - youth)
        self.stoop = .042 * old

        self._walk(youth, old, look.handbag, traits.bag_side < .5)
        self.drop = 1 - max(self.ankle_l[1], self.ankle_r[1]) - .045

    def _walk(self, youth: float, old: float, handbag: bool, left_hand: bool) -> None:
        pose = self.pose
        swing = pose.stride * (.55 if old else 1)
        thigh_length = (.955 - self.hip_y) * .52
        shin_length = (.955 - self.hip_y) * .48
        arm_length = (.160 - .02 * youth, .140 - .02 * youth)
        for side, name, phase in ((1, 'l', pose.phase), (-1, 'r', pose.phase + np.pi)):
            hip = np.array([side * (self.hip - self.thigh * .86), self.hip_y, 0.])
            angle = swing * np.sin(phase)
            bend = .06 + .9 * swing * max(0., np.cos(phase)) ** 2 + .12 * old
            knee = hip + thigh_length * _swung(angle + .3 * bend)
            ankle = knee + shin_length * _swung(angle - .7 * bend)
            shoulder = np.array([side * (self.shoulder - self.arm * .75),
                                 self.shoulder_y + .030, self.lean])
            lift = -.75 * swing * np.sin(phase)
            spread = np.array([side * .022, 0, 0])
            elbow = shoulder + arm_length[0] * _swung(lift - .05) + spread
            bend_arm = .25 + .15 * old
            if handbag and (side == 1) == left_hand:
                # carried on the bent forearm, beside the waist
                elbow = shoulder + arm_length[0] * _swung(-.15 + .2 * lift) + 1.2 * spread
                bend_arm = 1.45
            hand = elbow + arm_length[1] * _swung(lift * .4 + bend_arm) + .2 * spread
            for joint, place in (('hip', hip), ('knee', knee), ('ankle', ankle),
                                 ('shoulder', shoulder), ('elbow', elbow), ('hand', hand)):
                setattr(self, f'{joint}_{name}', place)
            setattr(self, f'toe_{name}', ankle + .062 * np.array([side * .18, .0, 1.]))

    def px(self, point: np.ndarray) -> np.ndarray:
        """Projects a body point (3,) to pixels (2,)."""
        pose = self.pose
        x = point[0] * self.cos + point[2] * self.sin
        y = point[1] + self.drop_at(point[1]) + pose.tilt * self.depth_of(point)
        return np.array([pose.centre_x + x * pose.width, pose.top + y * pose.height])

    def at(self, x: float, y: float, z: float = 0.) -> np.ndarray:
        """As :meth:`px`, from three numbers."""
        return self.px(np.array([x, y, z]))

    def drop_at(self, y: float) -> float:
        """Bent knees lower the trunk: legs reach the ground, the crown follows a little."""
        drop = getattr(self, 'drop', 0.)
        return drop * np.clip(y / self.hip_y, 0, 1)

    def depth_of(self, point: np.ndarray) -> float:
        """How near to the viewer a body point is."""
        return point[2] * self.cos - point[0] * self.sin

    def segments(self, *points: tuple[np.ndarray, float]) -> list[np.ndarray]:
        """Outlines in pixels of a limb through body points (3,), each with a radius."""
        places = [(self.px(point), radius * self.pose.width) for point, radius in points]
        return [limb(a, b, ra, rb) for (a, ra), (b, rb) in zip(places, places[1:], strict=False)]

    def slab(self, levels: list[tuple[float, float, float, float]]) -> np.ndarray:
        """Outline (2n, 2) in pixels of stacked ellipses (y, half width, half depth, z)."""
        left, right = [], []
        for y, half_width, half_depth, z in levels:
            centre = self.at(0, y, z)
            reach = np.hypot(half_width * self.cos, half_depth * self.sin) * self.pose.width
            left.append(centre - (reach, 0))
            right.append(centre + (reach, 0))
        return np.array(left + right[::-1])

    def lean_at(self, y: float) -> float:
        """z of the spine at height ``y``."""
        return self.lean * np.clip((self.waist_y - y) / (self.waist_y - self.shoulder_y), 0, 1.2)

    @property
    def head(self) -> np.ndarray:
        """Centre (3,) of the head."""
        return np.array([0., self.head_height * .5 + .3 * self.stoop, self.lean + self.stoop + .01])


def _swung(angle: float) -> np.ndarray:
    """Unit vector (3,) that hangs down for 0 and swings to the front for angle > 0."""
    return np.array([0., np.cos(angle), np.sin(angle)])
