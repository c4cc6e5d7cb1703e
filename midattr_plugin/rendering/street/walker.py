"""Paints a whole person, from far to near."""

from collections.abc import Callable
from functools import partial

import numpy as np

from midattr_plugin.rendering.canvas import Canvas, ellipse
from midattr_plugin.rendering.palette import Color
from midattr_plugin.rendering.street.figure import Figure, Outline
from midattr_plugin.rendering.street.garments import Garments
from midattr_plugin.rendering.street.hair import Head
from midattr_plugin.rendering.street.luggage import (
    paint_backpack,
    paint_handbag,
    paint_in_hand,
    paint_shoulder_bag,
    paint_straps,
)

_SHADOW = np.array([40, 38, 38], np.float32)
_Step = tuple[float, Callable[[Canvas], None]]  # nearness, larger is painted later; what paints


def paint_walker(
    canvas: Canvas,
    figure: Figure,
    is_open: bool = False,
    hood_up: bool = False,
    held: tuple[Color, float] | None = None,
) -> None:
    """Paint a person.

    Args:
        canvas: to paint on.
        figure: the person in this moment.
        is_open: whether a top that opens is open.
        hood_up: whether a hood covers the head.
        held: color and size of something in one hand.
    """
    garments = Garments(figure, is_open, hood_up)
    head = Head(figure, garments.hood_up)
    steps: list[_Step] = [
        (-0.25, garments.paint_seat),
        (0.0, garments.paint_trunk),
        (0.002, garments.paint_neck),
        (0.006, head.paint),
        # seen from behind, hair hangs over the back; from the front it is behind the shoulders
        (0.007 if figure.view.facing() < 0.1 else -0.001, head.paint_hanging_hair),
    ]
    for name in ('l', 'r'):
        leg = figure.near(figure.joints[f'knee_{name}'])
        arm = figure.near(figure.joints[f'elbow_{name}'])
        # always behind seat or skirt
        steps.append((min(leg, 0.2) - 0.5, partial(garments.paint_leg, name=name)))
        # an arm beside the trunk is painted over it, unless it is on the far side
        order = arm + 0.05 if arm < -0.05 or arm > 0 else 0.001
        steps.append((order, partial(garments.paint_arm, name=name)))
    for _, step in sorted(steps + _carried(figure, held), key=lambda item: item[0]):
        step(canvas)


def _carried(figure: Figure, held: tuple[Color, float] | None) -> list[_Step]:
    """Return what paints the bags of a person, and what is held in a hand."""
    look, side, facing = figure.wearer.look, figure.wearer.bag_side, figure.view.facing()
    steps: list[_Step] = []
    if look.backpack:
        steps.append(
            (0.004 if facing < 0.25 else -0.01, lambda canvas: paint_backpack(canvas, figure))
        )
        steps.append((0.0005, lambda canvas: paint_straps(canvas, figure)))
    if look.bag:
        near = figure.near(np.array([side * 0.1, 0, 0]))
        steps.append(
            (0.08 if near > -0.02 else -0.02, lambda canvas: paint_shoulder_bag(canvas, figure))
        )
    if look.handbag:
        near = figure.near(figure.joints['elbow_l' if side == 1 else 'elbow_r'])
        steps.append((near + 0.08, lambda canvas: paint_handbag(canvas, figure)))
    if held is not None:
        name = 'r' if side == 1 else 'l'
        near = figure.near(figure.joints[f'hand_{name}'])
        steps.append((near + 0.08, lambda canvas: paint_in_hand(canvas, figure, name, *held)))
    return steps


def paint_shadow(
    canvas: Canvas, figure: Figure, sun: tuple[float, float] | None, darkness: float
) -> None:
    """Paint the shadow of a person on the ground.

    Args:
        canvas: to paint on.
        figure: the person.
        sun: shift (x, z) of the shadow of the crown, in body heights and in directions of the
            picture (x to the right, z towards the camera); None under an overcast sky.
        darkness: in [0, 1].
    """
    feet = (figure.px(figure.joints['ankle_l']) + figure.px(figure.joints['ankle_r'])) / 2
    unit = figure.view.scale_x
    low = np.sin(figure.view.pitch) + 0.15
    for grow in (1.0, 0.75, 0.5):
        half = 0.15 * grow * unit, 0.11 * grow * low * figure.view.scale_y
        spot = feet + (0, 0.03 * figure.view.scale_y)
        canvas.paint([ellipse(spot, *half)], _SHADOW, 11, opacity=0.22 * darkness)
    if sun is not None:
        canvas.paint(_cast_shadow(figure, sun), _SHADOW, 5, opacity=0.75 * darkness)


def _cast_shadow(figure: Figure, sun: tuple[float, float]) -> list[Outline]:
    cos, sin = np.cos(figure.view.yaw), np.sin(figure.view.yaw)
    # the direction of the picture in coordinates of the body
    shift = np.array([sun[0] * cos - sun[1] * sin, 0, sun[0] * sin + sun[1] * cos])

    def flat(point: np.ndarray) -> np.ndarray:
        return np.array([point[0], 1.0, point[2]]) + shift * (1 - point[1])

    joints = figure.joints
    shapes = []
    for name in ('l', 'r'):
        leg = [(flat(joints[f'{joint}_{name}']), 0.035) for joint in ('ankle', 'knee', 'hip')]
        shapes += figure.tube(*leg)
    hips, neck = figure.at(0, figure.hip_y, 0), figure.at(0, figure.shoulder_y + 0.03, 0)
    shapes += figure.tube((flat(hips), 0.09), (flat(neck), 0.1))
    return shapes + figure.tube((flat(neck), 0.04), (flat(figure.head), 0.045))
