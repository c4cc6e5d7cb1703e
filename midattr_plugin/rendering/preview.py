"""Writes a contact sheet of rendered identities."""

from collections.abc import Mapping, Sequence
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
        rows.append((f'{pid:04d} {describe(look)}', cells))
    return captioned_sheet(rows)


def captioned_sheet(rows: Sequence[tuple[str, Sequence[np.ndarray]]]) -> np.ndarray:
    """Return a sheet (H, W, 3) uint8, BGR, with two rows of pictures side by side.

    Args:
        rows: caption, and six pictures (128, 64, 3) uint8, BGR, of each.
    """
    strips = []
    for text, cells in rows:
        row = cv2.resize(np.hstack(cells), None, fx=_ZOOM, fy=_ZOOM, interpolation=cv2.INTER_CUBIC)
        caption = np.full((_TEXT, row.shape[1], 3), 255, np.uint8)
        place, font = (3, _TEXT - 5), cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(caption, text, place, font, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
        strips += [caption, row]
    if not strips:
        return np.full((_TEXT, len(CAMERAS) * WIDTH * _ZOOM + HEIGHT, 3), 255, np.uint8)
    # two identities side by side
    half = (len(strips) // 2 + 1) // 2 * 2
    columns = [np.vstack(strips[:half]), np.vstack(strips[half:] or [strips[0]])]
    height = max(column.shape[0] for column in columns)
    columns = [
        cv2.copyMakeBorder(
            column, 0, height - column.shape[0], 0, 6, cv2.BORDER_CONSTANT, value=(255, 255, 255)
        )
        for column in columns
    ]
    return np.hstack(columns)


def write_sheet(path: Path, sheet: np.ndarray) -> None:
    """Write a sheet (H, W, 3) uint8, BGR, as PNG.

    Raises:
        InputError: the file cannot be written.
    """
    _, data = cv2.imencode('.png', sheet)
    with atomic_path(path, data.nbytes) as temporary:
        temporary.write_bytes(data.tobytes())
