import numpy as np
import pytest

from midattr_plugin.rendering.street.figure import Figure, Stance, View
from midattr_plugin.rendering.street.wearer import sample_wearer

_STANDING = Stance(0.0, 0.05, ('down', 'down'), 0.0, 0.0)
_FAR = 1e6  # nearly without perspective


def _figure(yaw=0.0, pitch=0.0, stance=_STANDING, pid=1, distance=_FAR):
    return Figure(sample_wearer(0, pid), stance, View(yaw, pitch, distance))


@pytest.mark.parametrize('yaw', [0.0, 1.0, np.pi, 4.0])
@pytest.mark.parametrize('pitch', [0.0, 0.4, 0.8])
def test_projection_by_rotation_matrices(yaw, pitch):
    points = np.random.default_rng(0).uniform(-1, 1, (20, 3))
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    tilt = np.array(
        [[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]]
    )
    expected = (points - (0, 0.5, 0)) @ (tilt @ turn).T
    places, near = View(yaw, pitch, _FAR).project(points)
    np.testing.assert_allclose(places, expected[:, :2], atol=1e-5)
    np.testing.assert_allclose(near, expected[:, 2], atol=1e-12)


def test_perspective_enlarges_what_is_near():
    (far, close), _ = View(0, 0, 4.0).project(np.array([[0.1, 0.5, -0.2], [0.1, 0.5, 0.2]]))
    np.testing.assert_allclose((far[0], close[0]), (0.1 * 4 / 4.2, 0.1 * 4 / 3.8))


def test_view_from_above_shortens_the_body():
    def rows(pitch):
        figure = _figure(pitch=pitch)
        return figure.px(figure.joints['ankle_l'])[1] - figure.px(figure.head)[1]

    assert rows(0.8) < 0.85 * rows(0.0)


@pytest.mark.parametrize('phase', np.linspace(0, 6, 7))
def test_the_lower_foot_stands_on_the_ground(phase):
    stance = Stance(phase, 0.5, ('swing', 'hold'), 0.0, 0.0)
    for pid in range(1, 6):
        joints = _figure(stance=stance, pid=pid).joints
        assert max(joints['ankle_l'][1], joints['ankle_r'][1]) == pytest.approx(0.955)
        assert all(joint[1] < 1.02 for joint in joints.values())


def test_seen_from_behind_left_is_left():
    front, back = _figure(yaw=0.0), _figure(yaw=np.pi)
    left = front.joints['hand_l']
    assert front.px(left)[0] > 0 > back.px(left)[0]


def test_a_face_is_seen_from_the_front_only():
    for yaw, seen in ((0.0, True), (1.2, True), (np.pi, False)):
        figure = _figure(yaw=yaw)
        face = figure.patch(figure.head, figure.head_half, 0.5, -0.5, 0.2)
        assert bool(face) == seen


def test_a_turned_head_shows_its_face_to_the_side():
    figure = _figure(yaw=np.pi / 2)  # walks to the right
    ahead = figure.patch(figure.head, figure.head_half, 0.9, -0.6, 0.2)
    looks_here = figure.patch(figure.head, figure.head_half, 0.9, -0.6, 0.2, turn=-np.pi / 2)
    assert np.ptp(looks_here[0][:, 0]) > np.ptp(ahead[0][:, 0])


def test_outlines_contain_what_they_are_around():
    figure = _figure(pitch=0.5, yaw=0.7)
    a, b = np.array([0.1, 0.3, 0.0]), np.array([0.0, 0.6, 0.1])
    (outline,) = figure.tube((a, 0.05), (b, 0.02))
    for point in (a, b):
        low, high = outline.min(0), outline.max(0)
        assert (low < figure.px(point)).all() and (figure.px(point) < high).all()
    assert len(figure.rings([(0.2, 0.1, 0.05, 0)] * 4)) == 3


@pytest.mark.parametrize('arms', ['swing', 'pocket', 'phone', 'hold', 'down', 'bag'])
def test_hands_are_within_reach(arms):
    figure = _figure(stance=Stance(1.0, 0.3, (arms, arms), 0, 0))
    for name in 'lr':
        shoulder, hand = figure.joints[f'shoulder_{name}'], figure.joints[f'hand_{name}']
        assert 0.05 < np.linalg.norm(hand - shoulder) < 0.37


def test_heads_have_the_size_of_real_ones():
    """A head is 1/7.5 of the height, more for children."""
    heights = [2 * _figure(pid=pid).head_half[1] for pid in range(1, 200)]
    assert np.mean(heights) == pytest.approx(1 / 7.5, rel=0.05)
