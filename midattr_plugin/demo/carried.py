"""Backpack, shoulder bag and handbag."""

import numpy as np

from midattr_plugin.demo.body import Body
from midattr_plugin.demo.canvas import Canvas, ellipse, limb, rounded_box
from midattr_plugin.demo.palette import BAGS, Colour, contrasting, mix
from midattr_plugin.demo.traits import Traits

_BLACK = np.array([18, 18, 20], np.float32)
_WHITE = np.array([236, 236, 236], np.float32)
BACKPACK, BAG, HANDBAG = range(3)


def _colour(traits: Traits, kind: int, against: Colour) -> Colour:
    return contrasting(BAGS, traits.bag_order[kind], against)


def _boxed(body: Body, centre: np.ndarray, half: tuple[float, float, float]) -> np.ndarray:
    """Outline of a box with half sizes (x, y, z) seen from the side of the body's yaw."""
    reach = np.hypot(half[0] * body.cos, half[2] * body.sin) * body.pose.width
    return rounded_box(body.px(centre), reach, half[1] * body.pose.height)


def draw_backpack(canvas: Canvas, body: Body, traits: Traits, against: Colour) -> None:
    """The pack itself: all of it from behind, its profile from the side."""
    colour = _colour(traits, BACKPACK, against)
    shape = traits.bag_shape[BACKPACK]
    top = body.shoulder_y - .005
    half = (body.shoulder * (.78 + .16 * shape), .100 + .02 * shape, .052)
    centre = np.array([0, top + half[1], body.lean * .7 - body.depth - .046])
    unit = body.pose.width
    canvas.paint([_boxed(body, centre, half)], colour, .05 * unit, .10, traits.folds)
    pocket = centre + np.array([0, half[1] * .42, -.02])
    tone = mix(colour, _BLACK if colour.mean() > 90 else _WHITE, .22)
    canvas.paint([_boxed(body, pocket, (half[0] * .74, half[1] * .42, half[2] * .8))], tone,
                 .03 * unit)
    if body.cos < -.2:
        zip_y = centre - np.array([0, half[1] * .25, 0])
        ends = [body.px(zip_y + np.array([side * half[0] * .7, 0, 0])) for side in (-1, 1)]
        canvas.paint([limb(ends[0], ends[1], 1.2, 1.2)], mix(tone, _BLACK, .5), 2)


def draw_straps(canvas: Canvas, body: Body, traits: Traits, against: Colour) -> None:
    """What a backpack shows from the front: two straps over the shoulders."""
    if body.cos < -.25:
        return
    colour = mix(_colour(traits, BACKPACK, against), _BLACK, .15)
    unit = body.pose.width
    s = body.shoulder_y
    for side in (-1, 1):
        x = side * body.shoulder * .60
        if body.depth_of(np.array([x, 0, body.depth * 1.2])) < -.02:
            continue
        over = body.at(x * .95, s - .008, body.lean)
        chest = body.at(x, s + .07, body.lean + body.depth * .95)
        under = body.at(x * 1.25, s + .17, body.depth * .45)
        canvas.paint([limb(over, chest, .016 * unit, .017 * unit),
                      limb(chest, under, .017 * unit, .010 * unit)], colour, 4)


def draw_bag(canvas: Canvas, body: Body, traits: Traits, against: Colour) -> None:
    """A shoulder bag: a strap across chest or back, and the bag beside the waist."""
    colour = _colour(traits, BAG, against)
    shape = traits.bag_shape[BAG]
    side = 1 if traits.bag_side < .5 else -1
    unit = body.pose.width
    place = np.array([side * (body.hip + .02), body.waist_y + .035, .012])
    z = body.depth * .9 * (1 if body.cos > 0 else -1)
    over = body.at(-side * body.shoulder * .5, body.shoulder_y - .008, body.lean)
    breast = body.at(0, .5 * (body.shoulder_y + body.waist_y) - .02, z)
    canvas.paint([limb(over, breast, .012 * unit, .012 * unit),
                  limb(breast, body.px(place), .012 * unit, .012 * unit)],
                 mix(colour, _BLACK, .25), 3)
    half = (.044 + .012 * shape, .050 + .014 * (1 - shape), .066 + .012 * shape)
    canvas.paint([_boxed(body, place, half)], colour, .03 * unit, .1, traits.folds)
    flap = place - np.array([0, half[1] * .4, 0])
    canvas.paint([_boxed(body, flap, (half[0] * .96, half[1] * .5, half[2] * .96))],
                 mix(colour, _BLACK, .25), .02 * unit)


def draw_handbag(canvas: Canvas, body: Body, traits: Traits, against: Colour) -> None:
    """A handbag on the bent forearm."""
    colour = _colour(traits, HANDBAG, against)
    shape = traits.bag_shape[HANDBAG]
    unit = body.pose.width
    name = 'l' if traits.bag_side < .5 else 'r'
    elbow, hand = getattr(body, f'elbow_{name}'), getattr(body, f'hand_{name}')
    grip = elbow + .55 * (hand - elbow)
    half = (.058 + .014 * shape, .048 + .012 * shape, .062 + .014 * shape)
    centre = grip + np.array([0, .045 + half[1], 0])
    for x in (-.5, .5):
        corner = body.px(centre) + (x * .09 * unit, -half[1] * .8 * body.pose.height)
        canvas.paint([limb(body.px(grip), corner, 1.6, 1.6)], mix(colour, _BLACK, .35), 2)
    canvas.paint([_boxed(body, centre, half)], colour, .035 * unit, .08, traits.folds)
    canvas.paint([ellipse(body.px(centre) - (0, half[1] * .25 * body.pose.height), 2.2, 1.8)],
                 mix(colour, _WHITE, .6), 2)
