"""A walking body: proportions by age, gender and build; joints; projection to pixels.

Body coordinates are in units of the body height: x to the person's left, y down from the
crown (0) to the soles (1), z to the front. ``yaw`` is the rotation about y: 0 shows the front,
pi the back, pi / 2 the person walking to the right of the picture.
"""

from dataclasses import dataclass

import numpy as np

from midattr_plugin.rendering.canvas import limb
from midattr_plugin.rendering.look import Look
from midattr_plugin.rendering.traits import Traits


@dataclass(frozen=True)
class Pose:
    """A moment of a walk and its place in the picture (pixels)."""

    yaw: float
    phase: float  # of the step, radians
    stride: float  # amplitude of the step, radians
    tilt: float  # how much lower near points appear (camera above the head)
    center_x: float
    top: float  # row of the crown
    height: float  # rows from crown to soles
    width: float  # pixels per unit of x


class Body:
    """Proportions and projected joints of one person in one pose."""

    def __init__(self, look: Look, traits: Traits, pose: Pose) -> None:
        self.pose = pose
        self.cos, self.sin = np.cos(pose.yaw), np.sin(pose.yaw)
        youth = (1.0, 0.28, 0.0, 0.0)[look.age]
        old = float(look.age == 3)
        stout = traits.build * 0.12 + (0.0, -0.08, 0.08, 0.04)[look.age]
        girth = 1 + stout
        female = float(look.female) * (1 - 0.6 * youth)

        self.head_height = 0.136 + 0.062 * youth
        self.head_width = (0.050 + 0.022 * youth) * (1 + 0.25 * stout)
        self.shoulder_y = 0.180 + 0.055 * youth + 0.012 * old
        self.waist_y = 0.40 + 0.05 * youth - 0.012 * traits.legs
        self.hip_y = 0.49 + 0.045 * youth - 0.014 * traits.legs
        self.crotch_y = self.hip_y + 0.045
        self.shoulder = (0.126 - 0.024 * female - 0.004 * youth + 0.007 * traits.shoulders) * (
            1 + 0.5 * stout
        )
        self.chest = (0.104 - 0.012 * female) * girth
        self.waist = (0.094 - 0.022 * female + 0.010 * youth) * (girth + 0.35 * max(stout, 0))
        self.hip = (0.089 + 0.017 * female) * girth
        self.depth = (0.066 + 0.006 * female) * girth
        self.belly = (0.064 + 0.014 * (look.age >= 2) - 0.010 * female) * (girth + 0.5 * stout)
        self.arm = (0.031 - 0.004 * female) * girth * (1 + 0.12 * youth)
        self.thigh = (0.056 + 0.003 * female) * girth * (1 + 0.1 * youth)
        self.calf = 0.037 * (1 + 0.7 * stout) * (1 + 0.15 * youth)
        self.ankle = 0.022 * (1 + 0.3 * youth)
        self.foot = 0.030 * (1 - 0.22 * female + 0.25 * youth)
        # Old people lean forward from the waist, head first.
        self.lean = 0.05 * old + 0.012 * (1 - youth)
        self.stoop = 0.042 * old

        self._walk(youth, old, look.handbag, traits.bag_side < 0.5)
        self.drop = 1 - max(self.ankle_l[1], self.ankle_r[1]) - 0.045

    def _walk(self, youth: float, old: float, handbag: bool, left_hand: bool) -> None:
        pose = self.pose
        swing = pose.stride * (0.55 if old else 1)
        thigh_length = (0.955 - self.hip_y) * 0.52
        shin_length = (0.955 - self.hip_y) * 0.48
        arm_length = (0.160 - 0.02 * youth, 0.140 - 0.02 * youth)
        for side, name, phase in ((1, 'l', pose.phase), (-1, 'r', pose.phase + np.pi)):
            hip = np.array([side * (self.hip - self.thigh * 0.86), self.hip_y, 0.0])
            angle = swing * np.sin(phase)
            bend = 0.06 + 0.9 * swing * max(0.0, np.cos(phase)) ** 2 + 0.12 * old
            knee = hip + thigh_length * _swing_direction(angle + 0.3 * bend)
            ankle = knee + shin_length * _swing_direction(angle - 0.7 * bend)
            shoulder = np.array(
                [side * (self.shoulder - self.arm * 0.75), self.shoulder_y + 0.030, self.lean]
            )
            lift = -0.75 * swing * np.sin(phase)
            spread = np.array([side * 0.022, 0, 0])
            elbow = shoulder + arm_length[0] * _swing_direction(lift - 0.05) + spread
            bend_arm = 0.25 + 0.15 * old
            if handbag and (side == 1) == left_hand:
                # carried on the bent forearm, beside the waist
                elbow = (
                    shoulder + arm_length[0] * _swing_direction(-0.15 + 0.2 * lift) + 1.2 * spread
                )
                bend_arm = 1.45
            hand = elbow + arm_length[1] * _swing_direction(lift * 0.4 + bend_arm) + 0.2 * spread
            for joint, place in (
                ('hip', hip),
                ('knee', knee),
                ('ankle', ankle),
                ('shoulder', shoulder),
                ('elbow', elbow),
                ('hand', hand),
            ):
                setattr(self, f'{joint}_{name}', place)
            setattr(self, f'toe_{name}', ankle + 0.062 * np.array([side * 0.18, 0.0, 1.0]))

    def px(self, point: np.ndarray) -> np.ndarray:
        """Project a body point (3,) to pixels (2,)."""
        pose = self.pose
        x = point[0] * self.cos + point[2] * self.sin
        y = point[1] + self.drop_at(point[1]) + pose.tilt * self.depth_of(point)
        return np.array([pose.center_x + x * pose.width, pose.top + y * pose.height])

    def at(self, x: float, y: float, z: float = 0.0) -> np.ndarray:
        """Project a body point given by its coordinates; see :meth:`px`."""
        return self.px(np.array([x, y, z]))

    def drop_at(self, y: float) -> float:
        """Return how far bent knees lower height ``y``: fully below the hips, not at the crown."""
        drop = getattr(self, 'drop', 0.0)
        return drop * np.clip(y / self.hip_y, 0, 1)

    def depth_of(self, point: np.ndarray) -> float:
        """Return the depth of a body point; larger is nearer to the viewer."""
        return point[2] * self.cos - point[0] * self.sin

    def segments(self, *points: tuple[np.ndarray, float]) -> list[np.ndarray]:
        """Return the outlines in pixels of a limb through body points (3,), each with a radius."""
        places = [(self.px(point), radius * self.pose.width) for point, radius in points]
        return [limb(a, b, ra, rb) for (a, ra), (b, rb) in zip(places, places[1:], strict=False)]

    def slab(self, levels: list[tuple[float, float, float, float]]) -> np.ndarray:
        """Return the outline (2n, 2) in pixels of stacked ellipses.

        Args:
            levels: (y, half width, half depth, z) of each ellipse, from the top.
        """
        left, right = [], []
        for y, half_width, half_depth, z in levels:
            center = self.at(0, y, z)
            reach = np.hypot(half_width * self.cos, half_depth * self.sin) * self.pose.width
            left.append(center - (reach, 0))
            right.append(center + (reach, 0))
        return np.array(left + right[::-1])

    def lean_at(self, y: float) -> float:
        """Return the z coordinate of the spine at height ``y``."""
        return self.lean * np.clip((self.waist_y - y) / (self.waist_y - self.shoulder_y), 0, 1.2)

    @property
    def head(self) -> np.ndarray:
        """Center (3,) of the head."""
        return np.array(
            [0.0, self.head_height * 0.5 + 0.3 * self.stoop, self.lean + self.stoop + 0.01]
        )


def _swing_direction(angle: float) -> np.ndarray:
    """Return a unit vector (3,) that points down at angle 0 and forward for positive angles."""
    return np.array([0.0, np.cos(angle), np.sin(angle)])
