"""Takes one picture of one identity by one camera, cropped as by a person detector."""

from dataclasses import dataclass

import cv2
import numpy as np

from midattr_plugin.rendering.backgrounds import Scene, paint_bicycle
from midattr_plugin.rendering.body import Pose
from midattr_plugin.rendering.cameras import Camera
from midattr_plugin.rendering.canvas import Canvas, Light, ellipse
from midattr_plugin.rendering.look import LOWER_COLORS, UPPER_COLORS, Look
from midattr_plugin.rendering.person import Person
from midattr_plugin.rendering.seeds import generator
from midattr_plugin.rendering.traits import Traits, sample_traits

WIDTH, HEIGHT = 64, 128  # of a picture, as in Market-1501
OVERSAMPLING = 2  # the canvas is larger by this factor in both directions


@dataclass(frozen=True)
class Difficulty:
    """Strength of each nuisance; 1 is what the datasets use, 0 switches it off."""

    camera: float = 1.0  # color cast, exposure and noise
    crop: float = 1.0  # jitter of the detector's box
    occlusion: float = 1.0  # how often something covers the person
    pose: float = 1.0  # how far people turn away from the main direction


def photograph(
    look: Look,
    traits: Traits,
    pid: int,
    camera: Camera,
    scene: Scene,
    frame: int,
    seed: int,
    difficulty: Difficulty | None = None,
    yaw: float | None = None,
) -> np.ndarray:
    """Take a picture of a person in front of a scene.

    Args:
        look: annotated attributes.
        traits: the other looks of the identity.
        pid: identity number; it only seeds the random numbers.
        camera: the camera that takes it.
        scene: the place that the camera looks at.
        frame: number of the picture among those of this identity and camera.
        seed: seed of the dataset.
        difficulty: strength of the nuisances, None for those of the datasets.
        yaw: direction in which the person faces (see :mod:`.body`), None for random.

    Returns:
        (128, 64, 3) uint8, BGR.
    """
    difficulty = difficulty or Difficulty()
    random = generator(seed, 'picture', pid, camera.number, frame)
    pose = _sample_pose(random, pid, camera, seed, traits, difficulty, yaw)
    picture = scene.window(random, WIDTH * OVERSAMPLING, HEIGHT * OVERSAMPLING)
    light = Light(
        np.clip(camera.light + random.uniform(-0.4, 0.4), -1, 1), -0.6, random.uniform(0.35, 0.7)
    )
    canvas = Canvas(picture, light)
    neighbor = random.random() < 0.12 * difficulty.occlusion
    if neighbor:
        _paint_stranger(canvas, random, pose)
    _paint_shadow(canvas, pose, light)
    Person(look, traits, pose).paint(canvas)
    if random.random() < 0.14 * difficulty.occlusion:
        _paint_occluder(canvas, random, pose)
    return camera.develop(_downscale(canvas), random, difficulty.camera)


def photograph_junk(camera: Camera, scene: Scene, frame: int, seed: int) -> np.ndarray:
    """Take a picture of a badly cropped stranger: identity -1, which the evaluation ignores."""
    random = generator(seed, 'junk', camera.number, frame)
    picture = scene.window(random, WIDTH * OVERSAMPLING, HEIGHT * OVERSAMPLING)
    canvas = Canvas(picture, Light(camera.light, -0.6))
    zoom = random.uniform(0.55, 1.9)
    pose = Pose(
        yaw=random.uniform(0, 2 * np.pi),
        phase=random.uniform(0, 2 * np.pi),
        stride=0.4,
        tilt=camera.tilt,
        center_x=random.uniform(-20, 148),
        top=random.uniform(-170, 130),
        height=232 * zoom,
        width=232 * zoom,
    )
    _sample_stranger(random, pose).paint(canvas)
    return camera.develop(_downscale(canvas), random)


def photograph_background(camera: Camera, scene: Scene, frame: int, seed: int) -> np.ndarray:
    """Take a picture of a false detection: identity 0, a place without a person."""
    random = generator(seed, 'background', camera.number, frame)
    picture = scene.window(random, WIDTH * OVERSAMPLING, HEIGHT * OVERSAMPLING)
    canvas = Canvas(picture, Light(camera.light, -0.6))
    pose = Pose(0.0, 0.0, 0.0, 0.1, 64.0, 12.0, 232.0, 232.0)
    for _ in range(int(random.integers(0, 3))):
        _paint_occluder(canvas, random, pose)
    return camera.develop(_downscale(canvas), random)


def _sample_pose(
    random: np.random.Generator,
    pid: int,
    camera: Camera,
    seed: int,
    traits: Traits,
    difficulty: Difficulty,
    yaw: float | None,
) -> Pose:
    # All pictures of a walk past a camera share its direction; they differ in the step.
    walk = generator(seed, 'walk', pid, camera.number)
    heading = camera.heading + (np.pi if walk.random() < 0.5 else 0)
    turn = walk.normal(0, 0.55) * difficulty.pose + random.normal(0, 0.25) * difficulty.pose
    lone = random.random() < 0.2 * difficulty.pose
    free = random.uniform(0, 2 * np.pi)
    phase = random.uniform(0, 2 * np.pi)
    stride = (0.26 + 0.24 * traits.gait) * random.uniform(0.5, 1.1)
    jitter = difficulty.crop * np.clip(random.standard_normal(4), -2, 2)
    zoom = 1 + 0.055 * jitter[0]
    height = (HEIGHT * 0.905) * OVERSAMPLING * zoom
    return Pose(
        yaw=yaw if yaw is not None else (free if lone else heading + turn),
        phase=phase,
        stride=stride,
        tilt=camera.tilt,
        center_x=(WIDTH / 2 + 3.0 * jitter[1]) * OVERSAMPLING,
        top=(HEIGHT * 0.05 + 3.2 * jitter[2]) * OVERSAMPLING,
        height=height,
        width=height * (1 + 0.05 * jitter[3]),
    )


def _paint_shadow(canvas: Canvas, pose: Pose, light: Light) -> None:
    feet = np.array([pose.center_x - light.x * 18, pose.top + 0.985 * pose.height])
    dark = np.array([60, 58, 56], np.float32)
    for grow in (1.0, 0.75, 0.5):
        canvas.paint([ellipse(feet, 46 * grow, 10 * grow)], dark, 9, opacity=0.22)


def _sample_stranger(random: np.random.Generator, pose: Pose) -> Person:
    flags = random.random(9) < (0.5, 0.4, 0.7, 0.4, 0.7, 0.1, 0.25, 0.25, 0.15)
    look = Look(
        *(bool(flag) for flag in flags),
        age=int(random.integers(0, 4)),
        upper=(UPPER_COLORS[int(random.integers(len(UPPER_COLORS)))],),
        lower=(LOWER_COLORS[int(random.integers(len(LOWER_COLORS)))],),
    )
    return Person(look, sample_traits(int(random.integers(1 << 31)), 0), pose)


def _paint_stranger(canvas: Canvas, random: np.random.Generator, pose: Pose) -> None:
    """Paint a person farther away, half hidden at the side."""
    scale = random.uniform(0.75, 0.95)
    side = 1 if random.random() < 0.5 else -1
    _sample_stranger(
        random,
        Pose(
            yaw=random.uniform(0, 2 * np.pi),
            phase=random.uniform(0, 2 * np.pi),
            stride=0.35,
            tilt=pose.tilt,
            center_x=pose.center_x + side * random.uniform(38, 62),
            top=pose.top + 0.08 * pose.height,
            height=pose.height * scale,
            width=pose.width * scale,
        ),
    ).paint(canvas)


def _paint_occluder(canvas: Canvas, random: np.random.Generator, pose: Pose) -> None:
    """Paint a pole, a hedge, a bicycle or a post in front of the person."""
    kind = int(random.integers(4))
    place = random.uniform(0, WIDTH * OVERSAMPLING)
    color = random.uniform(35, 180, 3).astype(np.float32)
    high = random.uniform(0.72, 0.86) * HEIGHT * OVERSAMPLING
    bottom = HEIGHT * OVERSAMPLING + 4.0
    if kind == 0:
        wide = random.uniform(4, 9)
        canvas.paint([_box(place - wide, -4, place + wide, bottom)], color, wide * 2)
    elif kind == 1:
        green = np.array([50, 95, 66], np.float32) * random.uniform(0.7, 1.3)
        canvas.paint([_box(-4, high, 140, bottom)], green, 5, 0.4)
    elif kind == 2:
        paint_bicycle(canvas.pixels, int(place) - 40, int(bottom - 6), 1.3, color.tolist())
    else:
        wide = random.uniform(10, 20)
        canvas.paint([_box(place - wide, high, place + wide, bottom)], color, wide)


def _box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def _downscale(canvas: Canvas) -> np.ndarray:
    return cv2.resize(canvas.pixels, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
