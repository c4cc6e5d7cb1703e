"""Paints the head: face, hair and hat."""

import numpy as np

from midattr_plugin.rendering.body import Body
from midattr_plugin.rendering.canvas import Canvas, ellipse, limb
from midattr_plugin.rendering.look import Look
from midattr_plugin.rendering.palette import BAGS, GRAY_HAIR, HAIR, SKIN, Color, contrasting, mix
from midattr_plugin.rendering.traits import Traits

_BLACK = np.array([22, 20, 24], np.float32)


def skin_color(traits: Traits) -> Color:
    """Return the skin color of an identity."""
    return SKIN[int(traits.skin * len(SKIN))]


def hair_color(traits: Traits, look: Look) -> Color:
    """Return the hair color of an identity; old people are gray."""
    choices = GRAY_HAIR if look.age == 3 else HAIR
    return choices[int(traits.hair * len(choices))]


def paint_back_hair(canvas: Canvas, body: Body, traits: Traits, look: Look) -> None:
    """Paint long hair that hangs to the shoulders or below: over the back, behind the face."""
    head, unit = body.head, body.pose.width
    wide = body.head_width * (1.12 + 0.2 * traits.hair_style)
    end = body.shoulder_y + 0.03 + 0.04 * traits.fringe
    back = -0.032
    levels = [
        (head[1] - 0.02, wide * 0.95, wide * 0.6, head[2] + back),
        (head[1] + body.head_height * 0.45, wide * 1.08, wide * 0.55, head[2] + 1.1 * back),
        (body.shoulder_y, wide * 1.05, wide * 0.45, body.lean + 1.5 * back),
        (end, wide * (0.55 + 0.4 * traits.hair_style), wide * 0.3, body.lean + 1.7 * back),
    ]
    canvas.paint(
        [body.slab(levels)], hair_color(traits, look), wide * unit * 0.8, 0.25, traits.folds
    )


def paint_head(canvas: Canvas, body: Body, traits: Traits, look: Look) -> None:
    """Paint neck, head, visible face, hair and hat."""
    skin, hair = skin_color(traits), hair_color(traits, look)
    unit_x, unit_y = body.pose.width, body.pose.height
    center = body.px(body.head)
    half_height = body.head_height * 0.5 * unit_y
    half_width = np.hypot(body.head_width * body.cos, body.head_width * 1.12 * body.sin) * unit_x
    if body.cos > -0.35 or not look.long_hair:
        neck = body.at(0, body.shoulder_y - 0.008, body.lean)
        canvas.paint(
            [limb(center + (0, half_height * 0.5), neck, 0.030 * unit_x, 0.038 * unit_x)],
            mix(skin, _BLACK, 0.12),
            0.04 * unit_x,
        )
    bald = look.age == 3 and not look.female and not look.long_hair and traits.hair_style < 0.4
    volume = 1.02 + 0.12 * traits.fringe
    rim = hair if look.long_hair or body.cos < -0.72 else skin
    canvas.paint(
        [ellipse(center, half_width, half_height)], skin if bald else rim, half_width * 1.1
    )
    if not bald:
        # From the front hair ends above the brow, from behind it reaches the nape.
        front = 0.5 + 0.5 * body.cos
        drop = (0.10 if look.long_hair else 0.14) + 0.34 * front - 0.06 * traits.hair_style
        high = 0.90 - 0.30 * front + 0.10 * traits.hair_style
        crown = center - (body.sin * 0.30 * half_width, half_height * drop)
        canvas.paint(
            [ellipse(crown, half_width * volume, half_height * high * volume)],
            hair,
            half_width * 1.1,
            0.12,
            traits.folds,
        )
    if body.cos > -0.72:
        _paint_face(canvas, body, traits, look, center, half_width, half_height, skin, hair)
    elif not look.long_hair:
        # a bare nape under short hair
        canvas.paint(
            [ellipse(center + (0, half_height * 0.84), half_width * 0.58, half_height * 0.24)],
            mix(skin, _BLACK, 0.1),
            half_width,
        )
    if look.long_hair and -0.72 < body.cos:
        _paint_locks(canvas, body, traits, center, half_width, half_height, hair)
    if look.hat:
        _paint_hat(canvas, body, traits, center, half_width, half_height, hair)


def _paint_face(
    canvas: Canvas,
    body: Body,
    traits: Traits,
    look: Look,
    center: np.ndarray,
    half_width: float,
    half_height: float,
    skin: Color,
    hair: Color,
) -> None:
    seen = np.clip((body.cos + 0.75) / 1.3, 0.15, 1)
    turn = body.sin * half_width * (0.42 + 0.25 * (1 - seen))
    face = center + (turn, half_height * 0.20)
    wide = half_width * (0.84 if look.long_hair else 0.92) * seen**0.6
    # narrowed so that the face does not reach beyond the outline of the head
    wide = min(wide, half_width * 1.04 - abs(turn)) if abs(turn) > 0.2 * half_width else wide
    canvas.paint(
        [ellipse(face, wide, half_height * (0.68 + 0.12 * (1 - traits.fringe)))],
        skin,
        half_width * 0.9,
    )
    eyes = face - (0, half_height * 0.12)
    spread = wide * 0.42
    shift = body.sin * wide * 0.35
    dark = mix(skin, _BLACK, 0.75)
    for side in (-1, 1):
        place = eyes + (shift + side * spread * max(body.cos, 0.25), 0)
        if abs(place[0] - face[0]) < wide * 0.85:
            canvas.paint(
                [ellipse(place, 0.09 * half_width + 0.5, 0.06 * half_height + 0.4)], dark, 3
            )
    if traits.collar > 0.8:  # glasses
        canvas.paint(
            [limb(eyes + (shift - spread * 1.5, 0), eyes + (shift + spread * 1.5, 0), 0.7, 0.7)],
            _BLACK,
            2,
            opacity=0.6,
        )
    mouth = face + (shift, half_height * 0.42)
    if traits.collar < 0.22 and not look.female and look.age > 1:
        canvas.paint(
            [ellipse(mouth + (0, half_height * 0.1), wide * 0.62, half_height * 0.22)],
            hair,
            4,
            opacity=0.8,
        )
    else:
        lips = mix(skin, np.array([70, 60, 170], np.float32), 0.45)
        canvas.paint([ellipse(mouth, wide * 0.26, half_height * 0.05 + 0.3)], lips, 3)


def _paint_locks(
    canvas: Canvas,
    body: Body,
    traits: Traits,
    center: np.ndarray,
    half_width: float,
    half_height: float,
    hair: Color,
) -> None:
    """Paint strands on both sides of the face, down to the shoulders."""
    end = body.at(0, body.shoulder_y + 0.02, body.lean)[1]
    for side in (-1, 1):
        # hair covers less on the side that the face turns to
        near = 1 - 0.75 * max(0, side * body.sin)
        x = center[0] + half_width * (side * (0.95 - 0.25 * abs(body.sin)) - 0.35 * body.sin)
        radius = half_width * (0.24 + 0.1 * traits.hair_style) * near
        canvas.paint(
            [
                limb(
                    np.array([x, center[1] - half_height * 0.35]),
                    np.array([x + side * half_width * 0.12, end]),
                    radius,
                    radius * 0.8,
                )
            ],
            hair,
            radius * 1.5,
            0.2,
            traits.folds,
        )


def _paint_hat(
    canvas: Canvas,
    body: Body,
    traits: Traits,
    center: np.ndarray,
    half_width: float,
    half_height: float,
    hair: Color,
) -> None:
    color = contrasting(BAGS, traits.hat_order, hair)
    top = center - (0, half_height * 0.52)
    wide = half_width * 1.16
    if traits.hat_style < 0.45:  # cap with a peak to the front
        canvas.paint([_dome(top + (0, half_height * 0.10), wide, half_height * 0.66)], color, wide)
        if body.cos > -0.8:
            peak = top + (body.sin * half_width * 1.05, half_height * 0.12)
            canvas.paint(
                [ellipse(peak, half_width * (0.95 - 0.2 * abs(body.sin)), half_height * 0.16)],
                mix(color, _BLACK, 0.3),
                4,
            )
    elif traits.hat_style < 0.75:  # knitted cap
        canvas.paint(
            [_dome(top + (0, half_height * 0.22), wide, half_height * 0.85)],
            color,
            wide,
            0.25,
            traits.folds,
        )
        brim = [
            limb(
                top + (-wide * 0.9, half_height * 0.16),
                top + (wide * 0.9, half_height * 0.16),
                half_height * 0.14,
                half_height * 0.14,
            )
        ]
        canvas.paint(brim, mix(color, _BLACK, 0.3), 4)
    else:  # sun hat with a brim all round
        canvas.paint([_dome(top, wide, half_height * 0.62)], color, wide)
        canvas.paint(
            [ellipse(top + (0, half_height * 0.04), half_width * 1.75, half_height * 0.2)],
            mix(color, _BLACK, 0.15),
            6,
        )


def _dome(base: np.ndarray, half_width: float, height: float) -> np.ndarray:
    turn = np.linspace(np.pi, 2 * np.pi, 16)
    return base + np.stack([np.cos(turn) * half_width, np.sin(turn) * height], 1)
