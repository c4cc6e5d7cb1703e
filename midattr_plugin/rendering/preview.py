"""Writes a contact sheet of rendered identities."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from midattr_plugin.files import atomic_path
from midattr_plugin.rendering.cameras import CAMERAS, camera_scene
from midattr_plugin.rendering.detection import HEIGHT, WIDTH
from midattr_plugin.rendering.difficulty import Difficulty
from midattr_plugin.rendering.look import Look, describe
from midattr_plugin.rendering.photo import photograph
from midattr_plugin.rendering.traits import sample_traits

_ZOOM = 2
_TEXT = 18  # rows of the caption


def contact_sheet(
    looks: Mapping[int, Look], seed: int, difficulty: Difficulty | None = None
) -> np.ndarray:
    """Return a grid (H, W, 3) uint8, BGR: identities by cameras.

    Four columns show an identity from the front, from both sides and from behind; the last two
    from a random direction.
    """
    scenes = [camera_scene(camera, seed) for camera in CAMERAS]
    turns = (0.0, np.pi / 2, np.pi, 1.5 * np.pi, None, None)
    rows = []
    for pid, look in looks.items():
        traits = sample_traits(seed, pid)
        cells = [
            photograph(look, traits, pid, camera, scene, 0, seed, difficulty, turn)
            for camera, scene, turn in zip(CAMERAS, scenes, turns, strict=True)
        ]
        row = cv2.resize(np.hstack(cells), None, fx=_ZOOM, fy=_ZOOM, interpolation=cv2.INTER_CUBIC)
        caption = np.full((_TEXT, row.shape[1], 3), 255, np.uint8)
        cv2.putText(
            caption,
            f'{pid:04d} {describe(look)}',
            (3, _TEXT - 5),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.4,
            (0, 0, 0),
            1,
            cv2.LINE_AA,
        )
        rows += [caption, row]
    if not rows:
        return np.full((_TEXT, len(CAMERAS) * WIDTH * _ZOOM + HEIGHT, 3), 255, np.uint8)
    # two identities side by side
    half = (len(rows) // 2 + 1) // 2 * 2
    columns = [np.vstack(rows[:half]), np.vstack(rows[half:] or [rows[0]])]
    height = max(column.shape[0] for column in columns)
    columns = [
        cv2.copyMakeBorder(
            column, 0, height - column.shape[0], 0, 6, cv2.BORDER_CONSTANT, value=(255, 255, 255)
        )
        for column in columns
    ]
    return np.hstack(columns)


def write_preview(
    path: Path, looks: Mapping[int, Look], seed: int, difficulty: Difficulty | None = None
) -> None:
    """Write a contact sheet (PNG); see :func:`contact_sheet`.

    Raises:
        InputError: the file cannot be written.
    """
    _, data = cv2.imencode('.png', contact_sheet(looks, seed, difficulty))
    with atomic_path(path, data.nbytes) as temporary:
        temporary.write_bytes(data.tobytes())
