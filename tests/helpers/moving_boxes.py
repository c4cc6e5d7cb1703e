"""A video of plain frames with two tracks, and their boxes."""

from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT, FRAMES = 48, 64, 12
BOXES = '\n'.join(
    f'{frame},{track},{4 * track},{3},16,40,1,-1,-1,-1'
    for track in (1, 2)
    for frame in range(track, FRAMES + 1, 2)
)
"""Track 1 is seen in odd frames, track 2 in even ones: the file is not sorted by frame."""


def gray(frame: int) -> int:
    """Return the gray of all pixels of a frame, from 1."""
    return 20 * frame


def write_video(path: Path) -> Path:
    """Write the frames as a video, nearly without loss."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), 10, (WIDTH, HEIGHT))
    assert writer.isOpened()
    for frame in range(1, FRAMES + 1):
        writer.write(np.full((HEIGHT, WIDTH, 3), gray(frame), np.uint8))
    writer.release()
    return path


def write_frames(folder: Path, first: int = 1) -> Path:
    """Write the frames as images, numbered from ``first``."""
    folder.mkdir()
    for frame in range(1, FRAMES + 1):
        image = np.full((HEIGHT, WIDTH, 3), gray(frame), np.uint8)
        cv2.imwrite(str(folder / f'cam {first + frame - 1:04d}.png'), image)
    return folder
