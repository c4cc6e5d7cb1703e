import numpy as np
import pytest

from midattr_plugin.rendering.detection import (
    Box,
    sample_good_box,
    sample_junk_box,
    sample_part_boxes,
)


def _overlap(box):
    """Counts points of a fine grid in the box and in the right one."""
    y, x = np.mgrid[-3:3:600j, -3:3:600j]
    right = (abs(x) < 0.5) & (abs(y) < 0.5)
    given = (abs(x - box.x) < box.width / 2) & (abs(y - box.y) < box.height / 2)
    return (right & given).sum() / (right | given).sum()


@pytest.mark.parametrize(
    'box', [Box(), Box(0.3, -0.2), Box(0, 0.25, 0.5, 0.5), Box(0.1, 0, 2, 1.6), Box(2, 0)]
)
def test_overlap(box):
    assert box.overlap() == pytest.approx(_overlap(box), abs=0.02)


def test_the_right_box_shows_the_whole_person():
    pose = Box().pose(0.0, 0.0, 0.0, 0.1)
    assert pose.center_x == 64
    # on a canvas of 256 rows and 128 columns
    assert 0 < pose.top < 20 and 236 < pose.top + pose.height < 256
    assert pose.width == pytest.approx(pose.height)


def test_a_shifted_and_zoomed_box():
    box = Box(0.25, -0.25, 0.5, 0.5)
    near, right = box.pose(0.0, 0.0, 0.0, 0.1), Box().pose(0.0, 0.0, 0.0, 0.1)
    assert near.height == pytest.approx(2 * right.height)
    # the person's middle is on the left edge of the box, half the person is above its end
    assert near.center_x == pytest.approx(0)
    assert near.top == pytest.approx(2 * right.top)


@pytest.mark.parametrize('strength', [0, 1, 4])
def test_good_boxes(strength):
    random = np.random.default_rng(0)
    overlaps = [sample_good_box(random, strength).overlap() for _ in range(500)]
    assert min(overlaps) >= 0.5
    assert (min(overlaps) == 1) == (strength == 0)


def test_junk_overlaps_too_little_and_is_no_distractor():
    random = np.random.default_rng(0)
    overlaps = [sample_junk_box(random).overlap() for _ in range(300)]
    assert 0.2 <= min(overlaps) < 0.25 and 0.45 < max(overlaps) < 0.5


def test_parts_are_legs_heads_halves_pairs_and_the_far_away():
    random = np.random.default_rng(0)
    detections = [sample_part_boxes(random) for _ in range(400)]
    boxes = [box for boxes in detections for box in boxes]
    assert max(box.overlap() for box in boxes) < 0.5
    pairs = [boxes for boxes in detections if len(boxes) == 2]
    assert all(a.x > 0.3 and b.x < -0.3 for a, b in pairs)
    alone = [boxes[0] for boxes in detections if len(boxes) == 1]
    groups = (
        pairs,
        [box for box in alone if box.height < 1 and box.y > 0],
        [box for box in alone if box.height < 1 and box.y < 0],
        [box for box in alone if abs(box.x) > 0.3],
        [box for box in alone if box.height > 1.5],
    )
    assert sum(map(len, groups)) == len(detections)
    assert min(map(len, groups)) > 40
