"""Takes one picture of one identity by one camera, cropped as by a person detector."""

import cv2
import numpy as np

from midattr_plugin.rendering.backgrounds import Scene
from midattr_plugin.rendering.body import Pose
from midattr_plugin.rendering.cameras import Camera
from midattr_plugin.rendering.canvas import Canvas, Light, ellipse
from midattr_plugin.rendering.detection import HEIGHT, OVERSAMPLING, WIDTH, sample_good_box
from midattr_plugin.rendering.difficulty import Difficulty
from midattr_plugin.rendering.lighting import cast_shade, sample_daylight
from midattr_plugin.rendering.look import Look
from midattr_plugin.rendering.obstacles import paint_neighbor, paint_passer_by, paint_thing
from midattr_plugin.rendering.person import Person
from midattr_plugin.rendering.seeds import generator
from midattr_plugin.rendering.traits import Traits


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

    Nothing but the person depends on the identity. The pictures of one walk past a camera share
    daylight and direction, which say nothing about the walks past other cameras.

    Args:
        look: annotated attributes.
        traits: the other looks of the identity.
        pid: identity number; it only seeds the random numbers.
        camera: the camera that takes it.
        scene: the place that the camera looks at.
        frame: number of the picture among those of this identity and camera.
        seed: seed of the dataset.
        difficulty: strength of the nuisances, None for the default.
        yaw: direction in which the person faces (see :mod:`.body`), None for random.

    Returns:
        (128, 64, 3) uint8, BGR.
    """
    difficulty = difficulty or Difficulty()
    random = generator(seed, 'picture', pid, camera.number, frame)
    walk = generator(seed, 'walk', pid, camera.number)
    daylight = sample_daylight(walk, difficulty.light)
    pose = _sample_pose(random, walk, camera, traits, difficulty, yaw)
    canvas = empty_canvas(camera, scene, random)
    if random.random() < 0.16 * difficulty.occlusion:
        paint_neighbor(canvas, random, pose)
    paint_shadow(canvas, pose)
    Person(look, traits, pose).paint(canvas)
    if random.random() < 0.07 * difficulty.occlusion:
        paint_passer_by(canvas, random, pose)
    if random.random() < 0.18 * difficulty.occlusion:
        paint_thing(canvas, random)
    return finish(canvas, camera, random, daylight, difficulty)


def empty_canvas(camera: Camera, scene: Scene, random: np.random.Generator) -> Canvas:
    """Return a window of the scene, lit by the lamp of the camera."""
    pixels = scene.window(random, WIDTH * OVERSAMPLING, HEIGHT * OVERSAMPLING)
    side = np.clip(camera.light + random.uniform(-0.4, 0.4), -1, 1)
    return Canvas(pixels, Light(side, -0.6, random.uniform(0.35, 0.7)))


def finish(
    canvas: Canvas,
    camera: Camera,
    random: np.random.Generator,
    daylight: np.ndarray,
    difficulty: Difficulty,
) -> np.ndarray:
    """Return the picture (128, 64, 3) uint8, BGR, that the camera takes of a painted canvas."""
    cast_shade(canvas.pixels, random, difficulty.light)
    small = cv2.resize(canvas.pixels, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return camera.develop(small, random, daylight, difficulty)


def _sample_pose(
    random: np.random.Generator,
    walk: np.random.Generator,
    camera: Camera,
    traits: Traits,
    difficulty: Difficulty,
    yaw: float | None,
) -> Pose:
    # All pictures of a walk past a camera share its direction; they differ in the step.
    heading = camera.heading + (np.pi if walk.random() < 0.5 else 0)
    turn = walk.normal(0, 0.55) * difficulty.pose + random.normal(0, 0.3) * difficulty.pose
    lone = random.random() < 0.2 * difficulty.pose
    free = random.uniform(0, 2 * np.pi)
    return sample_good_box(random, difficulty.crop).pose(
        yaw=yaw if yaw is not None else (free if lone else heading + turn),
        phase=random.uniform(0, 2 * np.pi),
        stride=(0.26 + 0.24 * traits.gait) * random.uniform(0.5, 1.1),
        tilt=camera.tilt,
    )


def paint_shadow(canvas: Canvas, pose: Pose) -> None:
    """Paint the shadow under a person's feet."""
    feet = pose.top + 0.985 * pose.height
    center = np.array([pose.center_x - canvas.light.x * 0.078 * pose.width, feet])
    dark = np.array([60, 58, 56], np.float32)
    for grow in (1.0, 0.75, 0.5):
        half = 0.2 * grow * pose.width, 0.043 * grow * pose.height
        canvas.paint([ellipse(center, *half)], dark, 9, opacity=0.22)
