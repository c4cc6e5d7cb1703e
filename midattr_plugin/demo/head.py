"""Head: face, hair and hat."""

import numpy as np

from midattr_plugin.demo.body import Body
from midattr_plugin.demo.canvas import Canvas, ellipse, limb
from midattr_plugin.demo.look import Look
from midattr_plugin.demo.palette import BAGS, GREY_HAIR, HAIR, SKIN, Colour, contrasting, mix
from midattr_plugin.demo.traits import Traits

_BLACK = np.array([22, 20, 24], np.float32)


def skin_colour(traits: Traits) -> Colour:
    """The skin of an identity."""
    return SKIN[int(traits.skin * len(SKIN))]


def hair_colour(traits: Traits, look: Look) -> Colour:
    """The old are grey."""
    choices = GREY_HAIR if look.age == 3 else HAIR
    return choices[int(traits.hair * len(choices))]


def draw_back_hair(canvas: Canvas, body: Body, traits: Traits, look: Look) -> None:
    """Long hair that hangs to the shoulders or below them (over the back, behind the face)."""
    head, unit = body.head, body.pose.width
    wide = body.head_width * (1.12 + .2 * traits.hair_style)
    end = body.shoulder_y + .03 + .04 * traits.fringe
    back = -.032
    levels = [
        (head[1] - .02, wide * .95, wide * .6, head[2] + back),
        (head[1] + body.head_height * .45, wide * 1.08, wide * .55, head[2] + 1.1 * back),
        (body.shoulder_y, wide * 1.05, wide * .45, body.lean + 1.5 * back),
        (end, wide * (.55 + .4 * traits.hair_style), wide * .3, body.lean + 1.7 * back),
    ]
    canvas.paint([body.slab(levels)], hair_colour(traits, look), wide * unit * .8, .25,
                 traits.folds)


def draw_head(canvas: Canvas, body: Body, traits: Traits, look: Look) -> None:
    """Neck, head, face where it is seen, hair and hat."""
    skin, hair = skin_colour(traits), hair_colour(traits, look)
    unit_x, unit_y = body.pose.width, body.pose.height
    centre = body.px(body.head)
    half_height = body.head_height * .5 * unit_y
    half_width = np.hypot(body.head_width * body.cos, body.head_width * 1.12 * body.sin) * unit_x
    if body.cos > -.35 or not look.long_hair:
        neck = body.at(0, body.shoulder_y - .008, body.lean)
        canvas.paint([limb(centre + (0, half_height * .5), neck, .030 * unit_x, .038 * unit_x)],
                     mix(skin, _BLACK, .12), .04 * unit_x)
    bald = look.age == 3 and not look.female and not look.long_hair and traits.hair_style < .4
    volume = 1.02 + .12 * traits.fringe
    rim = hair if look.long_hair or body.cos < -.72 else skin
    canvas.paint([ellipse(centre, half_width, half_height)], skin if bald else rim,
                 half_width * 1.1)
    if not bald:
        # From the front hair ends above the brow, from behind it reaches the nape.
        front = .5 + .5 * body.cos
        drop = (.10 if look.long_hair else .14) + .34 * front - .06 * traits.hair_style
        high = .90 - .30 * front + .10 * traits.hair_style
        crown = centre - (body.sin * .30 * half_width, half_height * drop)
        canvas.paint([ellipse(crown, half_width * volume, half_height * high * volume)], hair,
                     half_width * 1.1, .12, traits.folds)
    if body.cos > -.72:
        _draw_face(canvas, body, traits, look, centre, half_width, half_height, skin, hair)
    elif not look.long_hair:
        # a bare nape under short hair
        canvas.paint([ellipse(centre + (0, half_height * .84), half_width * .58,
                              half_height * .24)], mix(skin, _BLACK, .1), half_width)
    if look.long_hair and -.72 < body.cos:
        _draw_locks(canvas, body, traits, centre, half_width, half_height, hair)
    if look.hat:
        _draw_hat(canvas, body, traits, centre, half_width, half_height, hair)


def _draw_face(canvas, body, traits, look, centre, half_width, half_height, skin, hair) -> None:
    seen = np.clip((body.cos + .75) / 1.3, .15, 1)
    turn = body.sin * half_width * (.42 + .25 * (1 - seen))
    face = centre + (turn, half_height * .20)
    wide = half_width * (.84 if look.long_hair else .92) * seen ** .6
    # what lies beyond the rim of the head is cut off by shifting the rim inwards
    wide = min(wide, half_width * 1.04 - abs(turn)) if abs(turn) > .2 * half_width else wide
    canvas.paint([ellipse(face, wide, half_height * (.68 + .12 * (1 - traits.fringe)))], skin,
                 half_width * .9)
    eyes = face - (0, half_height * .12)
    spread = wide * .42
    shift = body.sin * wide * .35
    dark = mix(skin, _BLACK, .75)
    for side in (-1, 1):
        place = eyes + (shift + side * spread * max(body.cos, .25), 0)
        if abs(place[0] - face[0]) < wide * .85:
            canvas.paint([ellipse(place, .09 * half_width + .5, .06 * half_height + .4)], dark, 3)
    if traits.collar > .8:  # glasses
        canvas.paint([limb(eyes + (shift - spread * 1.5, 0), eyes + (shift + spread * 1.5, 0),
                           .7, .7)], _BLACK, 2, opacity=.6)
    mouth = face + (shift, half_height * .42)
    if traits.collar < .22 and not look.female and look.age > 1:
        canvas.paint([ellipse(mouth + (0, half_height * .1), wide * .62, half_height * .22)], hair,
                     4, opacity=.8)
    else:
        lips = mix(skin, np.array([70, 60, 170], np.float32), .45)
        canvas.paint([ellipse(mouth, wide * .26, half_height * .05 + .3)], lips, 3)


def _draw_locks(canvas, body, traits, centre, half_width, half_height, hair) -> None:
    """Strands on both sides of the face, down to the shoulders."""
    end = body.at(0, body.shoulder_y + .02, body.lean)[1]
    for side in (-1, 1):
        # on the side where the face looks, hair covers less
        near = 1 - .75 * max(0, side * body.sin)
        x = centre[0] + half_width * (
            side * (.95 - .25 * abs(body.sin)) - .35 * body.sin)
        radius = half_width * (.24 + .1 * traits.hair_style) * near
        canvas.paint([limb(np.array([x, centre[1] - half_height * .35]),
                           np.array([x + side * half_width * .12, end]), radius, radius * .8)],
                     hair, radius * 1.5, .2, traits.folds)


def _draw_hat(canvas, body, traits, centre, half_width, half_height, hair) -> None:
    colour = contrasting(BAGS, traits.hat_order, hair)
    top = centre - (0, half_height * .52)
    wide = half_width * 1.16
    if traits.hat_style < .45:  # cap with a peak to the front
        canvas.paint([_dome(top + (0, half_height * .10), wide, half_height * .66)], colour, wide)
        if body.cos > -.8:
            peak = top + (body.sin * half_width * 1.05, half_height * .12)
            canvas.paint([ellipse(peak, half_width * (.95 - .2 * abs(body.sin)),
                                  half_height * .16)], mix(colour, _BLACK, .3), 4)
    elif traits.hat_style < .75:  # knitted cap
        canvas.paint([_dome(top + (0, half_height * .22), wide, half_height * .85)], colour, wide,
                     .25, traits.folds)
        brim = [limb(top + (-wide * .9, half_height * .16), top + (wide * .9, half_height * .16),
                     half_height * .14, half_height * .14)]
        canvas.paint(brim, mix(colour, _BLACK, .3), 4)
    else:  # sun hat with a brim all round
        canvas.paint([_dome(top, wide, half_height * .62)], colour, wide)
        canvas.paint([ellipse(top + (0, half_height * .04), half_width * 1.75, half_height * .2)],
                     mix(colour, _BLACK, .15), 6)


def _dome(base: np.ndarray, half_width: float, height: float) -> np.ndarray:
    turn = np.linspace(np.pi, 2 * np.pi, 16)
    return base + np.stack([np.cos(turn) * half_width, np.sin(turn) * height], 1)
