"""Takes one picture of one person by one camera of the street, cropped as by a detector."""

from dataclasses import replace

import cv2
import numpy as np

from midattr_plugin.rendering.canvas import Canvas, Light
from midattr_plugin.rendering.detection import (
    HEIGHT,
    OVERSAMPLING,
    WIDTH,
    Box,
    sample_good_box,
    sample_junk_box,
    sample_part_boxes,
)
from midattr_plugin.rendering.lighting import cast_shade
from midattr_plugin.rendering.palette import Color
from midattr_plugin.rendering.seeds import generator
from midattr_plugin.rendering.street.clutter import paint_obstacle
from midattr_plugin.rendering.street.figure import Figure, Stance, View
from midattr_plugin.rendering.street.optics import StreetCamera
from midattr_plugin.rendering.street.walker import paint_shadow, paint_walker
from midattr_plugin.rendering.street.wearer import Wearer, sample_wearer

_HIGH, _WIDE = HEIGHT * OVERSAMPLING, WIDTH * OVERSAMPLING
_EMPTY = 0.4  # share of the false detections that show no person


def photograph_wearer(
    wearer: Wearer, pid: int, camera: StreetCamera, number: int, frame: int, seed: int
) -> np.ndarray:
    """Take a picture of a person.

    The pictures of one walk past a camera share direction, open or closed jacket, hood, and what is
    held in the hand.

    Args:
        wearer: the person.
        pid: identity number; it only seeds the random numbers.
        camera: the camera that takes it.
        number: of the camera.
        frame: number of the picture among those of this identity and camera.
        seed: seed of the dataset.

    Returns:
        (128, 64, 3) uint8, BGR.
    """
    random = generator(seed, 'street picture', pid, number, frame)
    walk = generator(seed, 'street walk', pid, number)
    heading = camera.heading + (np.pi if walk.random() < 0.5 else 0) + walk.normal(0, 0.7)
    if random.random() < 0.15:
        heading = random.uniform(0, 2 * np.pi)
    is_open, hood_up, holds = walk.random(3) < (0.45, 0.07, 0.16)
    held = (walk.uniform(15, 250, 3).astype(np.float32), float(walk.random()))
    box = sample_good_box(random, 0.9)
    view = View(
        yaw=heading + random.normal(0, 0.25),
        pitch=float(np.clip(camera.pitch + random.normal(0, 0.05), 0, 0.85)),
        distance=camera.distance,
    )
    figure = Figure(wearer, _sample_stance(random, wearer, bool(holds)), view)
    figure = _framed(figure, box, camera.stretch * random.uniform(0.94, 1.06), random)
    canvas = _empty_canvas(camera, random)
    for _ in range(int(random.random() < 0.22) + int(random.random() < 0.06)):
        _paint_other(canvas, figure, random, nearer=False)
    _paint(canvas, camera, figure, bool(is_open), bool(hood_up), held if holds else None)
    if random.random() < 0.08:
        _paint_other(canvas, figure, random, nearer=True)
    if random.random() < 0.15:
        paint_obstacle(canvas, random)
    return _finish(canvas, camera, random)


def photograph_stray(
    camera: StreetCamera, number: int, frame: int, seed: int, is_junk: bool
) -> np.ndarray:
    """Take a picture of what a detector finds beside people.

    Args:
        camera: the camera that takes it.
        number: of the camera.
        frame: number of the picture among those of this kind and camera.
        seed: seed of the dataset.
        is_junk: whether it shows a person in a shifted box (identity -1), or a part of a person
            or nobody (identity 0).

    Returns:
        (128, 64, 3) uint8, BGR.
    """
    random = generator(seed, 'street junk' if is_junk else 'street stray', number, frame)
    canvas = _empty_canvas(camera, random)
    if is_junk:
        boxes = [sample_junk_box(random)]
    else:
        boxes = [] if random.random() < _EMPTY else sample_part_boxes(random)
    for box in boxes:
        figure = _sample_passer_by(random, camera.pitch, camera.distance)
        _paint(canvas, camera, _framed(figure, box, camera.stretch, random))
    for _ in range(int(random.integers(0, 2 if boxes else 3))):
        paint_obstacle(canvas, random)
    return _finish(canvas, camera, random)


def _sample_stance(random: np.random.Generator, wearer: Wearer, holds: bool) -> Stance:
    walks = random.random() < 0.8
    stride = min(0.56, (0.30 + 0.22 * wearer.gait) * random.uniform(0.5, 1.3)) if walks else 0.05
    kinds = ['swing' if walks else 'down'] * 2
    chance = random.random()
    if chance < 0.16:
        kinds = ['pocket', 'pocket']
    elif chance < 0.24:
        kinds[int(random.integers(2))] = 'pocket'
    elif chance < 0.29:
        kinds[int(random.integers(2))] = 'phone'
    elif chance < 0.35:
        kinds = ['hold', 'hold']
    if holds:  # in the hand that has no bag
        kinds[int(wearer.bag_side == 1)] = 'hold' if random.random() < 0.5 else 'swing'
    if wearer.look.handbag:
        kinds[int(wearer.bag_side != 1)] = 'bag'
    return Stance(
        phase=random.uniform(0, 2 * np.pi),
        stride=float(stride),
        arms=(kinds[0], kinds[1]),
        nod=float(random.uniform(0, 1) if random.random() < 0.3 else 0),
        turn=float(np.clip(random.normal(0, 0.3), -0.9, 0.9)),
    )


def _framed(figure: Figure, box: Box, stretch: float, random: np.random.Generator) -> Figure:
    """Return the figure as it appears in a box around it.

    Args:
        figure: in a view of unit scale.
        box: relative to the right box.
        stretch: width of the right box against half its height.
        random: generator of the margin.
    """
    joints = [*figure.joints.values(), figure.head - (0, figure.head_half[1], 0)]
    places, _ = figure.view.project(np.stack(joints))
    top, bottom = places[:, 1].min() - 0.01, places[:, 1].max() + 0.03
    left, right = places[:, 0].min(), places[:, 0].max()
    margin = float(np.clip(random.normal(0.075, 0.03), 0.0, 0.18))
    scale_y = _HIGH * (1 - 2 * margin) / (bottom - top) / box.height
    scale_x = scale_y * box.height / box.width / stretch
    middle_x = 0.5 * float(places[:, 0].mean()) + 0.25 * (left + right)
    return Figure(
        figure.wearer,
        figure.stance,
        replace(
            figure.view,
            scale_x=float(scale_x),
            scale_y=float(scale_y),
            center_x=float((0.5 - box.x / box.width) * _WIDE - middle_x * scale_x),
            center_y=float((0.5 - box.y / box.height) * _HIGH - 0.5 * (top + bottom) * scale_y),
        ),
    )


def _sample_passer_by(random: np.random.Generator, pitch: float, distance: float) -> Figure:
    """Sample a person who is none of the identities."""
    wearer = sample_wearer(int(random.integers(1 << 31)), -1)
    view = View(random.uniform(0, 2 * np.pi), pitch, distance)
    return Figure(wearer, _sample_stance(random, wearer, False), view)


def _paint_other(canvas: Canvas, figure: Figure, random: np.random.Generator, nearer: bool) -> None:
    """Paint somebody beside a person, farther away or in front."""
    view = figure.view
    other = _sample_passer_by(random, view.pitch, view.distance)
    side = 1 if random.random() < 0.5 else -1
    scale = random.uniform(0.98, 1.1) if nearer else random.uniform(0.8, 1.0)
    apart = side * random.uniform(*((0.30, 0.46) if nearer else (0.20, 0.45)))
    down = random.uniform(0.0, 0.4) * (1 if nearer else -1)
    view = replace(
        other.view,
        scale_x=view.scale_x * scale,
        scale_y=view.scale_y * scale,
        center_x=view.center_x + apart * view.scale_x,
        center_y=view.center_y + down * (0.1 + np.sin(view.pitch)) * view.scale_y,
    )
    paint_walker(canvas, Figure(other.wearer, other.stance, view))


def _empty_canvas(camera: StreetCamera, random: np.random.Generator) -> Canvas:
    pixels = camera.place.window(random, _WIDE, _HIGH)
    x, y, contrast = camera.light
    return Canvas(pixels, Light(x + random.uniform(-0.2, 0.2), y, contrast))


def _paint(
    canvas: Canvas,
    camera: StreetCamera,
    figure: Figure,
    is_open: bool = False,
    hood_up: bool = False,
    held: tuple[Color, float] | None = None,
) -> None:
    paint_shadow(canvas, figure, camera.sun, 0.7 if camera.sun else 0.5)
    paint_walker(canvas, figure, is_open, hood_up, held)


def _finish(canvas: Canvas, camera: StreetCamera, random: np.random.Generator) -> np.ndarray:
    cast_shade(canvas.pixels, random, 0.4 if camera.sun is None else 0.8)
    picture = np.clip(canvas.pixels, 0, 255)
    small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return camera.develop(small, random)
