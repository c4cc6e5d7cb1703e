"""A body in three dimensions, and its view by a camera that looks down.

Body coordinates are in units of the body height: x to the person's left, y down from the crown (0)
to the soles (1), z to the front. A view rotates them about y by ``yaw`` (0 shows the front, pi / 2
a person who walks to the right of the picture), tilts them towards the camera by ``pitch`` and
projects them with the perspective of a camera at ``distance``. Shapes are spheres, rings and
ellipsoids; their outlines are convex hulls of projected points.
"""

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from midattr_plugin.rendering.street.wearer import Wearer

Outline = np.ndarray  # (n, 2), in pixels
_ANKLE_Y = 0.955  # of the leg that stands on the ground
_ARMS = {  # lift of the upper arm, bend of the elbow, outward, inward of the lower arm; radians
    'down': (0.05, 0.12, 0.14, 0.0),
    'pocket': (-0.26, 0.75, 0.20, 0.24),
    'phone': (0.35, 2.55, 0.25, 0.15),
    'hold': (0.10, 1.35, 0.12, 0.35),
    'bag': (-0.05, 1.40, 0.22, 0.0),
}
_TURN = np.linspace(0, 2 * np.pi, 16, endpoint=False)
_COS, _SIN = np.cos(_TURN), np.sin(_TURN)
_CIRCLE = np.stack([_COS, _SIN], 1)


@dataclass(frozen=True)
class Stance:
    """A moment of a walk, or how somebody stands.

    ``arms`` of left and right are one of 'swing', 'down', 'pocket', 'phone', 'hold' (something in
    front of the body) and 'bag' (one that hangs on the forearm).
    """

    phase: float  # of the step, radians
    stride: float  # amplitude of the step, radians
    arms: tuple[str, str]
    nod: float  # how far the head is bent forward, [0, 1]
    turn: float  # of the head against the body, radians


@dataclass(frozen=True)
class View:
    """Where the camera is, and how its picture lies on the canvas (pixels)."""

    yaw: float
    pitch: float
    distance: float
    center_x: float = 0.0
    center_y: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project body points.

        Args:
            points: (..., 3).

        Returns:
            Places (..., 2) in units of the body height, around the middle of the body; and how near
            they are to the camera (...), around 0.
        """
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        down_cos, down_sin = math.cos(self.pitch), math.sin(self.pitch)
        x = points[..., 0] * cos + points[..., 2] * sin
        front = points[..., 2] * cos - points[..., 0] * sin
        y = points[..., 1] - 0.5
        row = y * down_cos + front * down_sin
        near = front * down_cos - y * down_sin
        zoom = self.distance / (self.distance - near)
        places = np.empty((*x.shape, 2))
        places[..., 0], places[..., 1] = x * zoom, row * zoom
        return places, near

    def pixels(self, places: np.ndarray) -> np.ndarray:
        """Return places (..., 2) of :meth:`project` in pixels of the canvas."""
        return places * (self.scale_x, self.scale_y) + (self.center_x, self.center_y)

    def facing(self) -> float:
        """Return how far the person faces the camera, from -1 (turned away) to 1."""
        return float(np.cos(self.yaw))


class Figure:
    """Proportions and joints of one person in one moment, seen by one camera."""

    def __init__(self, wearer: Wearer, stance: Stance, view: View) -> None:
        self.wearer, self.stance, self.view = wearer, stance, view
        look = wearer.look
        female, child, old = float(look.female), float(look.age == 0), float(look.age == 3)
        girth = wearer.girth
        self.head_half = np.array([0.045, 0.065, 0.056]) * wearer.head
        self.shoulder_y = 0.176 + 0.03 * child
        self.waist_y = 0.385 + wearer.legs * 0.5 + 0.02 * child
        self.hip_y = 0.475 + wearer.legs + 0.02 * child
        self.crotch_y = self.hip_y + 0.05
        self.shoulder = (0.122 - 0.018 * female) * wearer.shoulders * (0.6 + 0.4 * girth)
        self.chest = (0.094 - 0.009 * female) * girth
        self.waist = (0.082 - 0.012 * female) * girth * (1 + 0.5 * max(girth - 1, 0))
        self.hip = (0.084 + 0.011 * female) * girth * wearer.hips
        self.depth = (0.060 + 0.002 * female) * girth
        self.bust = 0.014 * female * (1 - child)
        self.belly = 0.056 * girth * (1 + 0.6 * max(girth - 1, 0)) + 0.008 * (look.age >= 2)
        self.neck = (0.030 - 0.005 * female) * (0.6 + 0.4 * girth)
        self.arm = (0.026 - 0.004 * female) * girth
        self.thigh = 0.050 * girth
        self.calf = 0.034 * (0.5 + 0.5 * girth)
        self.ankle = 0.021
        self.lean = 0.014 + 0.05 * old + 0.02 * stance.stride
        self.joints: dict[str, np.ndarray] = {}
        self._pose(old)
        lowest = max(self.joints['ankle_l'][1], self.joints['ankle_r'][1])
        self.drop = _ANKLE_Y - lowest
        self.joints |= {name: joint + (0, self.drop, 0) for name, joint in self.joints.items()}

    def _pose(self, old: float) -> None:
        stance = self.stance
        swing = stance.stride * (1 - 0.4 * old)
        length = _ANKLE_Y - self.hip_y
        for side, name, phase in ((1, 'l', stance.phase), (-1, 'r', stance.phase + np.pi)):
            hip = np.array([side * (self.hip - self.thigh * 0.92), self.hip_y, 0.0])
            angle = swing * np.sin(phase)
            bend = 0.04 + 0.9 * swing * max(0.0, np.cos(phase)) ** 2 + 0.1 * old
            knee = hip + 0.52 * length * _direction(angle + 0.35 * bend)
            ankle = knee + 0.48 * length * _direction(angle - 0.65 * bend)
            narrow = 0.7 if self.wearer.look.female else 0.95  # women step on one line
            ankle[0] *= narrow if stance.stride > 0.2 else narrow + 0.2
            toe = ankle + 0.075 * np.array([side * 0.2, 0.25 * (angle < -0.1), 1.0])
            self.joints |= {f'hip_{name}': hip, f'knee_{name}': knee, f'ankle_{name}': ankle}
            self.joints[f'toe_{name}'] = toe
            # an arm swings against its leg
            self._pose_arm(side, name, -0.8 * swing * np.sin(phase), stance.arms[side < 0])

    def _pose_arm(self, side: int, name: str, swing: float, kind: str) -> None:
        start = np.array([side * (self.shoulder - 0.018), self.shoulder_y + 0.024, self.lean])
        upper, lower = 0.165, 0.150
        if kind == 'swing':
            lift, bend, outward, inward = swing, 0.22 + max(swing, 0) * 0.5, 0.12, 0.02
        else:
            lift, bend, outward, inward = _ARMS[kind]
        out = np.array([side * np.sin(outward), 0, 0])
        bulk = self.wearer.top.bulk
        elbow = start + upper * (_direction(lift) * np.cos(outward) + out) + (side * bulk, 0, 0)
        tip = _direction(lift + bend) * np.cos(inward) - np.array([side * np.sin(inward), 0, 0])
        self.joints |= {f'shoulder_{name}': start, f'elbow_{name}': elbow}
        self.joints[f'hand_{name}'] = elbow + lower * tip

    @property
    def head(self) -> np.ndarray:
        """Center (3,) of the head."""
        nod = self.stance.nod
        return np.array(
            [0.0, self.head_half[1] + 0.004 + 0.02 * nod + self.drop, self.lean + 0.01 + 0.04 * nod]
        )

    def at(self, x: float, y: float, z: float) -> np.ndarray:
        """Return the point (3,) of the trunk, lowered with the hips."""
        return np.array([x, y + self.drop, z])

    def px(self, point: np.ndarray) -> np.ndarray:
        """Project a body point (3,) to pixels (2,)."""
        return self.view.pixels(self.view.project(np.asarray(point))[0])

    def near(self, point: np.ndarray) -> float:
        """Return how near a body point (3,) is on the ground, larger is nearer."""
        return float(point[2] * np.cos(self.view.yaw) - point[0] * np.sin(self.view.yaw))

    def tube(self, *points: tuple[np.ndarray, float]) -> list[Outline]:
        """Return the outlines of a limb through body points (3,), each with a radius."""
        places, _ = self.view.project(np.array([point for point, _ in points]))
        radii = np.array([radius for _, radius in points])[:, None, None]
        return self._chain(places[:, None] + radii * _CIRCLE)

    def rings(self, levels: list[tuple[float, float, float, float]], x: float = 0) -> list[Outline]:
        """Return the outlines of stacked horizontal ellipses.

        Args:
            levels: (y, half width, half depth, z) of each; y of the trunk.
            x: of all centers.
        """
        table = np.array(levels)
        points = np.empty((len(table), len(_TURN), 3))
        points[..., 0] = x + table[:, 1:2] * _COS
        points[..., 1] = table[:, :1] + self.drop
        points[..., 2] = table[:, 3:] + table[:, 2:3] * _SIN
        return self._chain(self.view.project(points)[0])

    def _chain(self, circles: np.ndarray) -> list[Outline]:
        """Return the hulls of each two successive circles (n, m, 2)."""
        places = self.view.pixels(circles).astype(np.float32)
        return [
            cv2.convexHull(places[i : i + 2].reshape(-1, 2))[:, 0] for i in range(len(places) - 1)
        ]

    def ball(self, center: np.ndarray, half: np.ndarray) -> list[Outline]:
        """Return the outline of an ellipsoid with half sizes (x, y, z)."""
        return self._hull(center + _sphere()[0] * half)

    def patch(
        self, center: np.ndarray, half: np.ndarray, azimuth: float, low: float, high: float,
        turn: float = 0.0,
    ) -> list[Outline]:  # fmt: skip
        """Return the outline of the visible part of a piece of an ellipsoid, none if hidden.

        Args:
            center: (3,).
            half: half sizes (x, y, z).
            azimuth: the piece reaches so far to both sides of the front, radians.
            low: lowest point of the piece, -1 (chin) to 1 (crown).
            high: its highest point.
            turn: of the front about y, radians.
        """
        points, around = _sphere()
        chosen = (around <= azimuth) & (-points[:, 1] >= low) & (-points[:, 1] <= high)
        points = points[chosen]
        cos, sin = np.cos(turn), np.sin(turn)
        turned = points.copy()
        turned[:, 0] = points[:, 0] * cos + points[:, 2] * sin
        turned[:, 2] = points[:, 2] * cos - points[:, 0] * sin
        _, near = self.view.project(turned / half + (0, 0.5, 0))
        seen = turned[near > 0.0]
        return self._hull(center + seen * half) if len(seen) > 2 else []

    def _hull(self, points: np.ndarray) -> list[Outline]:
        places = self.view.pixels(self.view.project(points)[0]).astype(np.float32)
        return [cv2.convexHull(places)[:, 0]]


@cache
def _sphere() -> tuple[np.ndarray, np.ndarray]:
    """Return points (n, 3) of a unit sphere, y down, and their angles (n,) from the front."""
    rows, columns = np.linspace(-1, 1, 13), np.linspace(-np.pi, np.pi, 25)[:-1]
    y, angle = (grid.ravel() for grid in np.meshgrid(rows, columns, indexing='ij'))
    radius = np.sqrt(1 - y**2)
    points = np.stack([radius * np.sin(angle), y, radius * np.cos(angle)], 1)
    return points, np.abs(angle)


def _direction(angle: float) -> np.ndarray:
    """Return a unit vector (3,) that points down at angle 0 and forward for positive angles."""
    return np.array([0.0, np.cos(angle), np.sin(angle)])
