"""Boxes of people in the frames of a video, in the format of MOTChallenge, as trackers write it.

::

    frame,id,left,top,width,height,confidence,...
    1,7,12.5,80,40,92,0.9,-1,-1,-1

Frames count from 1, pixels from 0 at the left and the top; what follows the height is not read.
"""

import csv
import math
import os
from dataclasses import dataclass

from midattr_plugin.errors import InputError
from midattr_plugin.user_path import user_path

_FIELDS = ('frame', 'id', 'left', 'top', 'width', 'height')


@dataclass(frozen=True, order=True)
class Box:
    """One person in one frame.

    Attributes:
        frame: number of the frame, from 1.
        track: number of the track, the same for one person as long as the tracker follows it.
        left: of the box, in pixels.
        top: of the box, in pixels.
        width: in pixels.
        height: in pixels.
        line: of the file, for messages.
    """

    frame: int
    track: int
    left: float
    top: float
    width: float
    height: float
    line: int = 0

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom of the part of the box inside a picture.

        Args:
            width: of the picture, in pixels.
            height: of the picture, in pixels.

        Raises:
            InputError: the box is outside.
        """
        left, top = max(round(self.left), 0), max(round(self.top), 0)
        right = min(round(self.left + self.width), width)
        bottom = min(round(self.top + self.height), height)
        if left >= right or top >= bottom:
            raise InputError(
                f'box in line {self.line} (frame {self.frame}, track {self.track}, left '
                f'{self.left:g}, top {self.top:g}, width {self.width:g}, height {self.height:g}) '
                f'is outside the picture of {width} x {height} pixels; give the boxes of this video'
            )
        return left, top, right, bottom


def read_boxes(path: str | os.PathLike) -> list[Box]:
    """Return the boxes of a file, sorted by frame and track.

    Args:
        path: the file.

    Raises:
        InputError: it cannot be read, has no box, a line is not as above, or a track has two boxes
            in a frame.
    """
    path = user_path(path, '--boxes')
    boxes = []
    try:
        with open(path, newline='', encoding='utf-8-sig') as file:
            for number, cells in enumerate(csv.reader(file), 1):
                if any(cell.strip() for cell in cells) and not _is_header(number, cells):
                    boxes.append(_box(cells, path, number))
    except OSError as error:
        raise InputError(
            f'--boxes: "{path}" cannot be read ({error.strerror}); name a file in the format of '
            'MOTChallenge'
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f'--boxes: "{path}" is not text (byte {error.start}); name a file in the format of '
            'MOTChallenge'
        ) from error
    if not boxes:
        raise InputError(f'--boxes: "{path}" holds no box; give the output of a tracker')
    boxes.sort()
    for box, following in zip(boxes, boxes[1:], strict=False):
        if (box.frame, box.track) == (following.frame, following.track):
            raise InputError(
                f'--boxes: "{path}": track {box.track} has two boxes in frame {box.frame} (lines '
                f'{box.line} and {following.line}); delete one'
            )
    return boxes


def _is_header(number: int, cells: list[str]) -> bool:
    return number == 1 and cells[0].strip().lower() == _FIELDS[0]


def _box(cells: list[str], path: str, line: int) -> Box:
    where = f'--boxes: "{path}", line {line}'
    if len(cells) < len(_FIELDS):
        raise InputError(
            f'{where}: {len(cells)} numbers, but a box has {len(_FIELDS)} or more '
            f'({",".join(_FIELDS)},...); mend it'
        )
    values = []
    for name, cell in zip(_FIELDS, cells, strict=False):
        try:
            values.append(float(cell))
        except ValueError:
            values.append(math.nan)
        is_whole = name not in ('frame', 'id') or values[-1] % 1 == 0
        if not (math.isfinite(values[-1]) and is_whole):
            kind = 'number' if name not in ('frame', 'id') else 'whole number'
            raise InputError(f'{where}: {name} is "{cell.strip()}", which is no {kind}; mend it')
    frame, track, *rest = values
    if frame < 1:
        raise InputError(f'{where}: frame is {frame:g}, but frames count from 1; mend it')
    if min(rest[2:]) <= 0:
        raise InputError(
            f'{where}: a box of width {rest[2]:g} and height {rest[3]:g} is empty; delete it'
        )
    return Box(int(frame), int(track), *rest, line)
