"""Frames of a video file, or of a folder with an image for each."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from midattr_plugin.datasets.image_file import read_image
from midattr_plugin.datasets.image_folder import list_images
from midattr_plugin.errors import InputError
from midattr_plugin.predict.boxes import Box

Frame = NDArray[np.uint8]
"""An array (H, W, 3): R, G, B."""


def check_frames(path: str, boxes: Iterable[Box]) -> None:
    """Refuse a video that cannot be the one of the boxes, before anything is computed.

    A video file may state its length wrongly; what lies beyond its real end is found by
    :func:`frames` in any case.

    Args:
        path: of the video or of the folder.
        boxes: sorted by frame.

    Raises:
        InputError: it cannot be read, or is too short.
    """
    *_, last = boxes
    if os.path.isdir(path):
        numbered_frames(path, last)
        return
    video = _opened(path)
    try:
        count = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
        if not video.grab():
            raise InputError(f'video "{path}" has no frame that can be decoded; convert it to MP4')
    finally:
        video.release()
    if 0 < count < last.frame:
        raise _beyond(path, last, count)


def frames(path: str, wanted: Iterable[Box]) -> Iterator[tuple[Box, Frame]]:
    """Yield each box with its frame; every frame is decoded once.

    Args:
        path: of a video file, or of a folder of images whose names end with the number of the
            frame. Frames count from 1; if the first image is number 0, all count one more.
        wanted: the boxes, sorted by frame.

    Raises:
        InputError: it cannot be read, or ends before a box.
    """
    yield from (_of_folder if os.path.isdir(path) else _of_video)(path, wanted)


def numbered_frames(folder: str, last: Box) -> dict[int, str]:
    """Return number of a frame, from 1 -> path of its image.

    Raises:
        InputError: there is no image, one has no number or that of another, or they end before
            the last box.
    """
    numbered: dict[int, str] = {}
    for path in list_images(folder).images:
        match = re.search(r'(\d+)$', Path(path).stem)
        if match is None:
            raise InputError(
                f'the name of "{path}" does not end with the number of its frame; name the images '
                '000001.jpg and so on'
            )
        if other := numbered.get(int(match[1])):
            raise InputError(f'"{other}" and "{path}" are of the same frame; remove one')
        numbered[int(match[1])] = path
    if not numbered:
        raise InputError(f'folder "{folder}" holds no image; name a folder of frames')
    if 0 in numbered:
        numbered = {number + 1: path for number, path in numbered.items()}
    if last.frame > max(numbered):
        raise _beyond(folder, last, max(numbered))
    return numbered


def _of_folder(folder: str, wanted: Iterable[Box]) -> Iterator[tuple[Box, Frame]]:
    boxes = list(wanted)
    if not boxes:
        return
    paths = numbered_frames(folder, boxes[-1])
    number, frame = 0, None
    for box in boxes:
        if box.frame not in paths:
            raise InputError(
                f'folder "{folder}" has no image of frame {box.frame}, where the boxes have track '
                f'{box.track} (line {box.line}); unpack all frames'
            )
        if number != box.frame or frame is None:
            number, frame = box.frame, np.asarray(read_image(paths[box.frame]))
        yield box, frame


def _of_video(path: str, wanted: Iterable[Box]) -> Iterator[tuple[Box, Frame]]:
    video = _opened(path)
    number, frame = 0, None
    try:
        for box in wanted:
            if number < box.frame:
                while number < box.frame:
                    if not video.grab():
                        raise _beyond(path, box, number)
                    number += 1
                decoded, bgr = video.retrieve()
                if not decoded:
                    raise InputError(
                        f'video "{path}": frame {number} cannot be decoded; convert the video to '
                        'MP4, or delete its boxes'
                    )
                frame = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
            assert frame is not None
            yield box, frame
    finally:
        video.release()


def crop(frame: Frame, box: Box) -> Image.Image:
    """Return what is seen of a box.

    Raises:
        InputError: it is outside the picture.
    """
    left, top, right, bottom = box.pixels(frame.shape[1], frame.shape[0])
    return Image.fromarray(frame[top:bottom, left:right])


def _opened(path: str) -> cv2.VideoCapture:
    if not os.path.exists(path):
        raise InputError(f'video "{path}" does not exist; check the path')
    video = cv2.VideoCapture(path)
    if not video.isOpened():
        video.release()
        raise InputError(
            f'video "{path}" cannot be decoded; convert it to MP4, or give a folder of frames'
        )
    return video


def _beyond(path: str, box: Box, count: int) -> InputError:
    return InputError(
        f'"{path}" ends at frame {count}, but track {box.track} has a box in frame {box.frame} '
        f'(line {box.line}); give the boxes of this video'
    )
