"""Paints what stands or walks beside, behind and in front of a person."""

import numpy as np

from midattr_plugin.rendering.backgrounds import paint_bicycle
from midattr_plugin.rendering.body import Pose
from midattr_plugin.rendering.canvas import Canvas, box
from midattr_plugin.rendering.detection import HEIGHT, OVERSAMPLING, WIDTH
from midattr_plugin.rendering.look import LOWER_COLORS, UPPER_COLORS, Look
from midattr_plugin.rendering.person import Person
from midattr_plugin.rendering.traits import sample_traits


def sample_stranger(random: np.random.Generator, pose: Pose) -> Person:
    """Sample a person who is none of the identities."""
    flags = random.random(9) < (0.5, 0.4, 0.7, 0.4, 0.7, 0.1, 0.25, 0.25, 0.15)
    look = Look(
        *(bool(flag) for flag in flags),
        age=int(random.integers(0, 4)),
        upper=(UPPER_COLORS[int(random.integers(len(UPPER_COLORS)))],),
        lower=(LOWER_COLORS[int(random.integers(len(LOWER_COLORS)))],),
    )
    return Person(look, sample_traits(int(random.integers(1 << 31)), 0), pose)


def paint_neighbor(canvas: Canvas, random: np.random.Generator, pose: Pose) -> None:
    """Paint a person farther away, half hidden at the side."""
    scale, apart = random.uniform(0.75, 0.95), random.uniform(38, 62)
    _paint_beside(canvas, random, pose, scale, apart)


def paint_passer_by(canvas: Canvas, random: np.random.Generator, pose: Pose) -> None:
    """Paint a person who is nearer to the camera and covers one side of ``pose``."""
    scale, apart = random.uniform(1.0, 1.12), random.uniform(36, 54)
    _paint_beside(canvas, random, pose, scale, apart)


def _paint_beside(
    canvas: Canvas, random: np.random.Generator, pose: Pose, scale: float, apart: float
) -> None:
    side = 1 if random.random() < 0.5 else -1
    sample_stranger(
        random,
        Pose(
            yaw=random.uniform(0, 2 * np.pi),
            phase=random.uniform(0, 2 * np.pi),
            stride=0.35,
            tilt=pose.tilt,
            center_x=pose.center_x + side * apart,
            # of nearer people the feet are lower in the picture
            top=pose.top + 0.4 * (1 - scale) * pose.height,
            height=pose.height * scale,
            width=pose.width * scale,
        ),
    ).paint(canvas)


def paint_thing(canvas: Canvas, random: np.random.Generator) -> None:
    """Paint a pole, a hedge, a bicycle or a post in front of everything."""
    kind = int(random.integers(4))
    place = random.uniform(0, WIDTH * OVERSAMPLING)
    color = random.uniform(35, 180, 3).astype(np.float32)
    high = random.uniform(0.72, 0.86) * HEIGHT * OVERSAMPLING
    bottom = HEIGHT * OVERSAMPLING + 4.0
    if kind == 0:
        wide = random.uniform(4, 9)
        canvas.paint([box(place - wide, -4, place + wide, bottom)], color, wide * 2)
    elif kind == 1:
        green = np.array([50, 95, 66], np.float32) * random.uniform(0.7, 1.3)
        canvas.paint([box(-4, high, 140, bottom)], green, 5, 0.4)
    elif kind == 2:
        paint_bicycle(canvas.pixels, int(place) - 40, int(bottom - 6), 1.3, color.tolist())
    else:
        wide = random.uniform(10, 20)
        canvas.paint([box(place - wide, high, place + wide, bottom)], color, wide)
