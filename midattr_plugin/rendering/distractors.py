"""Takes pictures of what a person detector finds beside people: junk and false detections."""

from collections.abc import Iterable

import numpy as np

from midattr_plugin.rendering.backgrounds import Scene
from midattr_plugin.rendering.cameras import Camera
from midattr_plugin.rendering.detection import Box, sample_junk_box, sample_part_boxes
from midattr_plugin.rendering.difficulty import Difficulty
from midattr_plugin.rendering.lighting import sample_daylight
from midattr_plugin.rendering.obstacles import paint_thing, sample_stranger
from midattr_plugin.rendering.photo import empty_canvas, finish, paint_shadow
from midattr_plugin.rendering.seeds import generator

_EMPTY = 0.4  # share of the false detections that show no person


def photograph_junk(
    camera: Camera, scene: Scene, frame: int, seed: int, difficulty: Difficulty | None = None
) -> np.ndarray:
    """Take a picture of a stranger in a shifted or zoomed box: identity -1.

    The overlap with the right box is 0.2 to 0.5. The evaluation ignores these pictures.

    Args:
        camera: the camera that takes it.
        scene: the place that the camera looks at.
        frame: number of the picture among those of this kind and camera.
        seed: seed of the dataset.
        difficulty: strength of the nuisances, None for the default.

    Returns:
        (128, 64, 3) uint8, BGR.
    """
    random = generator(seed, 'junk', camera.number, frame)
    return _photograph_boxes([sample_junk_box(random)], camera, scene, random, difficulty)


def photograph_false_detection(
    camera: Camera, scene: Scene, frame: int, seed: int, difficulty: Difficulty | None = None
) -> np.ndarray:
    """Take a picture that shows a part of a stranger, or nobody: identity 0.

    The evaluation counts these pictures as wrong answers.

    Args:
        camera: the camera that takes it.
        scene: the place that the camera looks at.
        frame: number of the picture among those of this kind and camera.
        seed: seed of the dataset.
        difficulty: strength of the nuisances, None for the default.

    Returns:
        (128, 64, 3) uint8, BGR.
    """
    random = generator(seed, 'false detection', camera.number, frame)
    boxes = [] if random.random() < _EMPTY else sample_part_boxes(random)
    return _photograph_boxes(boxes, camera, scene, random, difficulty)


def _photograph_boxes(
    boxes: Iterable[Box],
    camera: Camera,
    scene: Scene,
    random: np.random.Generator,
    difficulty: Difficulty | None,
) -> np.ndarray:
    difficulty = difficulty or Difficulty()
    daylight = sample_daylight(random, difficulty.light)
    canvas = empty_canvas(camera, scene, random)
    for box in boxes:
        pose = box.pose(
            yaw=random.uniform(0, 2 * np.pi),
            phase=random.uniform(0, 2 * np.pi),
            stride=random.uniform(0.2, 0.5),
            tilt=camera.tilt,
        )
        paint_shadow(canvas, pose)
        sample_stranger(random, pose).paint(canvas)
    for _ in range(int(random.integers(0, 2 if boxes else 3))):
        paint_thing(canvas, random)
    return finish(canvas, camera, random, daylight, difficulty)
