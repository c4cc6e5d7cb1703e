"""Each box is cut out of its own frame."""

import numpy as np
import pytest

from helpers.moving_boxes import BOXES, FRAMES, gray, write_frames, write_video
from midattr_plugin.errors import InputError
from midattr_plugin.predict.boxes import Box, read_boxes
from midattr_plugin.predict.frames import check_frames, crop, frames


@pytest.fixture
def boxes(tmp_path):
    (tmp_path / 'boxes.txt').write_text(BOXES, encoding='utf-8')
    return read_boxes(tmp_path / 'boxes.txt')


@pytest.mark.parametrize('first', [None, 0, 1])
def test_frame_of_each_box(tmp_path, boxes, first):
    """Frames count from 1 in a video, and in a folder from its first number, be it 0 or 1."""
    if first is None:
        path = write_video(tmp_path / 'video.avi')
    else:
        path = write_frames(tmp_path / 'frames', first)
    check_frames(str(path), boxes)
    for wanted in (boxes, boxes[5:], boxes[3:9:2], []):
        found = list(frames(str(path), wanted))
        assert [box for box, _ in found] == wanted
        for box, frame in found:
            assert abs(np.mean(frame) - gray(box.frame)) < 3


def test_crop():
    frame = np.arange(5 * 6 * 3, dtype=np.uint8).reshape(5, 6, 3)
    cut = np.asarray(crop(frame, Box(1, 1, -2, 1, 4, 3)))
    assert np.array_equal(cut, frame[1:4, 0:2])
    with pytest.raises(InputError, match='outside the picture of 6 x 5'):
        crop(frame, Box(1, 1, 6, 0, 4, 4))


@pytest.mark.parametrize('kind', ['video', 'folder'])
def test_beyond_the_end(tmp_path, kind):
    path = write_video(tmp_path / 'v.avi') if kind == 'video' else write_frames(tmp_path / 'frames')
    late = Box(FRAMES + 1, 1, 0, 0, 4, 4, line=3)
    for use in (lambda: check_frames(str(path), [late]), lambda: list(frames(str(path), [late]))):
        with pytest.raises(InputError, match=r'ends at frame 12, .* frame 13 \(line 3\)'):
            use()


def test_colors_are_rgb(tmp_path):
    import cv2

    folder = tmp_path / 'frames'
    folder.mkdir()
    cv2.imwrite(str(folder / '1.png'), np.full((4, 4, 3), (0, 0, 255), np.uint8))  # red, in BGR
    writer = cv2.VideoWriter(str(tmp_path / 'v.avi'), cv2.VideoWriter.fourcc(*'MJPG'), 1, (16, 16))
    writer.write(np.full((16, 16, 3), (0, 0, 255), np.uint8))
    writer.release()
    for path in (folder, tmp_path / 'v.avi'):
        ((_, frame),) = frames(str(path), [Box(1, 1, 0, 0, 4, 4)])
        assert frame[0, 0, 0] > 240
        assert frame[0, 0, 2] < 15


def test_no_frames(tmp_path):
    box = Box(2, 1, 0, 0, 4, 4, line=1)
    (tmp_path / 'text.mp4').write_text('no video', encoding='utf-8')
    (tmp_path / 'empty').mkdir()
    gap = write_frames(tmp_path / 'gap')
    (gap / 'cam 0002.png').unlink()
    unnumbered = write_frames(tmp_path / 'unnumbered')
    (unnumbered / 'cam 0003.png').rename(unnumbered / 'last.png')
    double = write_frames(tmp_path / 'double')
    (double / 'cam 0003.png').rename(double / '04.png')
    for name, words in (
        ('none.mp4', 'does not exist'),
        ('text.mp4', 'cannot be decoded'),
        ('empty', 'holds no image'),
        ('gap', 'has no image of frame 2'),
        ('unnumbered', 'does not end with the number'),
        ('double', 'are of the same frame'),
    ):
        with pytest.raises(InputError, match=words):
            list(frames(str(tmp_path / name), [box]))
