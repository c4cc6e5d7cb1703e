"""What is predicted: a numbered series of pictures, always the same for the same files."""

import hashlib
import os
from collections.abc import Iterator, Sequence

from midattr_plugin.datasets.image_folder import list_images
from midattr_plugin.errors import InputError
from midattr_plugin.predict.boxes import Box, read_boxes
from midattr_plugin.predict.frames import check_frames, crop, frames
from midattr_plugin.predict.image_files import image_files
from midattr_plugin.predict.picture import Picture
from midattr_plugin.predict.predictor import AnyImage
from midattr_plugin.user_path import user_path


class FileSource:
    """Image files, each of which shows one person.

    Args:
        inputs: see :func:`image_files`.
        results: see :func:`image_files`.

    Raises:
        InputError: see :func:`image_files`.
    """

    has_boxes = False

    def __init__(
        self, inputs: Sequence[str | os.PathLike], results: str | os.PathLike | None = None
    ):
        self._paths = image_files(inputs, results)

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, number: int) -> Picture:
        return Picture(self._paths[number])

    def digest(self) -> str:
        """Return a digest of names, sizes and times of the files."""
        return _digest(self._paths)

    def images(self, numbers: Sequence[int]) -> Iterator[AnyImage | InputError]:
        """Yield the images of some pictures, or why there is none.

        Args:
            numbers: of the pictures, ascending.
        """
        for number in numbers:
            yield self._paths[number]


class VideoSource:
    """Boxes of people in a video, sorted by frame.

    Args:
        path: a video file or a folder of frames, see :func:`frames`.
        boxes: path of a file in the format of MOTChallenge.

    Raises:
        InputError: one of them cannot be used, or the video ends before the boxes.
    """

    has_boxes = True

    def __init__(self, path: str | os.PathLike, boxes: str | os.PathLike):
        self._path = user_path(path, 'the path')
        self._boxes_path = user_path(boxes, '--boxes')
        self._boxes = read_boxes(self._boxes_path)
        check_frames(self._path, self._boxes)

    def __len__(self) -> int:
        return len(self._boxes)

    def __getitem__(self, number: int) -> Picture:
        return Picture(self._path, self._boxes[number])

    def digest(self) -> str:
        """Return a digest of names, sizes and times of the files."""
        is_folder = os.path.isdir(self._path)
        files = list_images(self._path).images if is_folder else [self._path]
        return _digest([*files, self._boxes_path])

    def images(self, numbers: Sequence[int]) -> Iterator[AnyImage | InputError]:
        """Yield the images of some pictures, or why there is none.

        Args:
            numbers: of the pictures, ascending.

        Raises:
            InputError: the video cannot be decoded, or ends before a box.
        """
        for box, frame in frames(self._path, (self._boxes[number] for number in numbers)):
            try:
                yield crop(frame, box)
            except InputError as error:
                yield error


Source = FileSource | VideoSource


def open_source(
    inputs: Sequence[str | os.PathLike],
    boxes: str | os.PathLike | None = None,
    results: str | os.PathLike | None = None,
) -> Source:
    """Return the pictures that a user has named.

    Args:
        inputs: image files, folders, lists or tables; with ``boxes`` one video or one folder of
            frames.
        boxes: path of a file in the format of MOTChallenge.
        results: see :func:`image_files`.

    Raises:
        InputError: something named cannot be used.
    """
    if boxes is None:
        return FileSource(inputs, results)
    if len(inputs) != 1:
        raise InputError(
            f'--boxes belongs to one video or folder of frames, but {len(inputs)} paths are '
            'given; name one'
        )
    return VideoSource(inputs[0], boxes)


def tracks_of(source: Source) -> dict[int, list[int]]:
    """Return track -> numbers of its pictures, in the order of the frames."""
    tracks: dict[int, list[int]] = {}
    for number in range(len(source)):
        box: Box | None = source[number].box
        if box is not None:
            tracks.setdefault(box.track, []).append(number)
    return tracks


def _digest(paths: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        try:
            status = os.stat(path)
            facts = f'{status.st_size} {status.st_mtime_ns}'
        except OSError:
            facts = 'missing'
        digest.update(os.fsencode(f'{path}\0{facts}\0'))
    return digest.hexdigest()
