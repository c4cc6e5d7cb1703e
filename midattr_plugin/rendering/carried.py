"""Paints backpack, shoulder bag and handbag."""

import numpy as np

from midattr_plugin.rendering.body import Body
from midattr_plugin.rendering.canvas import Canvas, ellipse, limb, rounded_box
from midattr_plugin.rendering.palette import BAGS, Color, contrasting, mix
from midattr_plugin.rendering.traits import Traits

_BLACK = np.array([18, 18, 20], np.float32)
_WHITE = np.array([236, 236, 236], np.float32)
BACKPACK, BAG, HANDBAG = range(3)


def _color(traits: Traits, kind: int, against: Color) -> Color:
    return contrasting(BAGS, traits.bag_order[kind], against)


def _boxed(body: Body, center: np.ndarray, half: tuple[float, float, float]) -> np.ndarray:
    """Return the outline of a box with half sizes (x, y, z), turned with the body."""
    reach = np.hypot(half[0] * body.cos, half[2] * body.sin) * body.pose.width
    return rounded_box(body.px(center), reach, half[1] * body.pose.height)


def paint_backpack(canvas: Canvas, body: Body, traits: Traits, against: Color) -> None:
    """Paint the pack itself: all of it from behind, its profile from the side."""
    color = _color(traits, BACKPACK, against)
    shape = traits.bag_shape[BACKPACK]
    top = body.shoulder_y - 0.005
    half = (body.shoulder * (0.78 + 0.16 * shape), 0.100 + 0.02 * shape, 0.052)
    center = np.array([0, top + half[1], body.lean * 0.7 - body.depth - 0.046])
    unit = body.pose.width
    canvas.paint([_boxed(body, center, half)], color, 0.05 * unit, 0.10, traits.folds)
    pocket = center + np.array([0, half[1] * 0.42, -0.02])
    tone = mix(color, _BLACK if color.mean() > 90 else _WHITE, 0.22)
    canvas.paint(
        [_boxed(body, pocket, (half[0] * 0.74, half[1] * 0.42, half[2] * 0.8))], tone, 0.03 * unit
    )
    if body.cos < -0.2:
        zip_y = center - np.array([0, half[1] * 0.25, 0])
        ends = [body.px(zip_y + np.array([side * half[0] * 0.7, 0, 0])) for side in (-1, 1)]
        canvas.paint([limb(ends[0], ends[1], 1.2, 1.2)], mix(tone, _BLACK, 0.5), 2)


def paint_straps(canvas: Canvas, body: Body, traits: Traits, against: Color) -> None:
    """Paint the straps of a backpack over the shoulders, unless seen from behind."""
    if body.cos < -0.25:
        return
    color = mix(_color(traits, BACKPACK, against), _BLACK, 0.15)
    unit = body.pose.width
    s = body.shoulder_y
    for side in (-1, 1):
        x = side * body.shoulder * 0.60
        if body.depth_of(np.array([x, 0, body.depth * 1.2])) < -0.02:
            continue
        above = body.at(x * 0.95, s - 0.008, body.lean)
        chest = body.at(x, s + 0.07, body.lean + body.depth * 0.95)
        under = body.at(x * 1.25, s + 0.17, body.depth * 0.45)
        canvas.paint(
            [
                limb(above, chest, 0.016 * unit, 0.017 * unit),
                limb(chest, under, 0.017 * unit, 0.010 * unit),
            ],
            color,
            4,
        )


def paint_bag(canvas: Canvas, body: Body, traits: Traits, against: Color) -> None:
    """Paint a shoulder bag: a strap across chest or back, and the bag beside the waist."""
    color = _color(traits, BAG, against)
    shape = traits.bag_shape[BAG]
    side = 1 if traits.bag_side < 0.5 else -1
    unit = body.pose.width
    place = np.array([side * (body.hip + 0.02), body.waist_y + 0.035, 0.012])
    z = body.depth * 0.9 * (1 if body.cos > 0 else -1)
    above = body.at(-side * body.shoulder * 0.5, body.shoulder_y - 0.008, body.lean)
    breast = body.at(0, 0.5 * (body.shoulder_y + body.waist_y) - 0.02, z)
    canvas.paint(
        [
            limb(above, breast, 0.012 * unit, 0.012 * unit),
            limb(breast, body.px(place), 0.012 * unit, 0.012 * unit),
        ],
        mix(color, _BLACK, 0.25),
        3,
    )
    half = (0.044 + 0.012 * shape, 0.050 + 0.014 * (1 - shape), 0.066 + 0.012 * shape)
    canvas.paint([_boxed(body, place, half)], color, 0.03 * unit, 0.1, traits.folds)
    flap = place - np.array([0, half[1] * 0.4, 0])
    canvas.paint(
        [_boxed(body, flap, (half[0] * 0.96, half[1] * 0.5, half[2] * 0.96))],
        mix(color, _BLACK, 0.25),
        0.02 * unit,
    )


def paint_handbag(canvas: Canvas, body: Body, traits: Traits, against: Color) -> None:
    """Paint a handbag on the bent forearm."""
    color = _color(traits, HANDBAG, against)
    shape = traits.bag_shape[HANDBAG]
    unit = body.pose.width
    name = 'l' if traits.bag_side < 0.5 else 'r'
    elbow, hand = getattr(body, f'elbow_{name}'), getattr(body, f'hand_{name}')
    grip = elbow + 0.55 * (hand - elbow)
    half = (0.058 + 0.014 * shape, 0.048 + 0.012 * shape, 0.062 + 0.014 * shape)
    center = grip + np.array([0, 0.045 + half[1], 0])
    for x in (-0.5, 0.5):
        corner = body.px(center) + (x * 0.09 * unit, -half[1] * 0.8 * body.pose.height)
        canvas.paint([limb(body.px(grip), corner, 1.6, 1.6)], mix(color, _BLACK, 0.35), 2)
    canvas.paint([_boxed(body, center, half)], color, 0.035 * unit, 0.08, traits.folds)
    canvas.paint(
        [ellipse(body.px(center) - (0, half[1] * 0.25 * body.pose.height), 2.2, 1.8)],
        mix(color, _WHITE, 0.6),
        2,
    )
