"""Boxes of a person detector: good ones, bad ones, and those on a part of a person."""

from dataclasses import dataclass

import numpy as np

from midattr_plugin.rendering.body import Pose

WIDTH, HEIGHT = 64, 128  # of a picture, as in Market-1501
OVERSAMPLING = 2  # the canvas is larger by this factor in both directions

# Market-1501 keeps a box from this overlap (intersection over union) with the right box on.
GOOD_OVERLAP = 0.5
_JUNK_OVERLAP = 0.2
_CROWN, _SOLES = 0.05, 0.955  # rows of a person in the right box


@dataclass(frozen=True)
class Box:
    """A box relative to the right one, which is a unit square around 0."""

    x: float = 0.0  # center
    y: float = 0.0
    width: float = 1.0
    height: float = 1.0

    def overlap(self) -> float:
        """Return intersection over union with the right box."""
        across = min(0.5, self.x + self.width / 2) - max(-0.5, self.x - self.width / 2)
        down = min(0.5, self.y + self.height / 2) - max(-0.5, self.y - self.height / 2)
        shared = max(across, 0) * max(down, 0)
        return shared / (1 + self.width * self.height - shared)

    def pose(self, yaw: float, phase: float, stride: float, tilt: float) -> Pose:
        """Return where a person appears in the picture of this box (pixels of the canvas)."""
        scale_x = WIDTH * OVERSAMPLING / self.width
        scale_y = HEIGHT * OVERSAMPLING / self.height
        tall = _SOLES - _CROWN
        return Pose(
            yaw=yaw,
            phase=phase,
            stride=stride,
            tilt=tilt,
            center_x=(self.width / 2 - self.x) * scale_x,
            top=(_CROWN - 0.5 - self.y + self.height / 2) * scale_y,
            height=tall * scale_y,
            # a unit of the body is as wide as it is high, in a picture twice as high as wide
            width=tall * HEIGHT / WIDTH * scale_x,
        )

    def nearer(self, share: float) -> 'Box':
        """Return the box moved towards the right one, where ``share`` 0 puts it."""
        return Box(
            share * self.x,
            share * self.y,
            1 + share * (self.width - 1),
            1 + share * (self.height - 1),
        )


def sample_good_box(random: np.random.Generator, strength: float) -> Box:
    """Sample a detection that counts: jittered, now and then without head or feet.

    Args:
        random: generator of this picture.
        strength: scale of the jitter, and of how often something is cut off.
    """
    jitter = strength * np.clip(random.standard_normal(4), -2, 2)
    height = 1 + 0.07 * jitter[0]
    x, y = 0.05 * jitter[1], 0.03 * jitter[2]
    stretch = 1 + 0.05 * jitter[3]
    failure = random.random()
    lack = random.uniform(0.12, 0.3)
    if failure < 0.06 * strength:  # no feet
        height, y = height - lack, y - lack / 2
    elif failure < 0.09 * strength:  # half a head
        height, y = height - lack / 2, y + lack / 4
    elif failure < 0.13 * strength:  # much background
        height += lack
    box = Box(x, y, max(height * stretch, 0.4), max(height, 0.4))
    while box.overlap() < GOOD_OVERLAP:
        box = box.nearer(0.8)
    return box


def sample_junk_box(random: np.random.Generator) -> Box:
    """Sample a detection that is too good for a distractor: overlap 0.2 to 0.5."""
    while True:
        size = np.exp(random.uniform(-0.7, 0.7))
        x, y = random.uniform(-0.7, 0.7, 2)
        box = Box(x, y, size * random.uniform(0.9, 1.1), size)
        if _JUNK_OVERLAP <= box.overlap() < GOOD_OVERLAP:
            return box


def sample_part_boxes(random: np.random.Generator) -> list[Box]:
    """Sample a detection of a part of a person, or of parts of two.

    Legs, head and shoulders, half a person at the edge, two halves, or somebody far away.

    Returns:
        The same detection relative to the right box of each person in it.
    """
    kind = int(random.integers(5))
    size = random.uniform(0.4, 0.6)
    edge = random.uniform(0.42, 0.58) * random.uniform(0.9, 1.2)
    side = 1 if random.random() < 0.5 else -1
    x, y = random.uniform(-0.08, 0.08, 2)
    if kind == 0:  # legs
        return [Box(x, 0.52 - size / 2 + y, size, size)]
    if kind == 1:  # head and shoulders
        return [Box(x, size / 2 - 0.5 + y, size, size)]
    if kind == 2:
        return [Box(side * edge, y, 1, 1)]
    if kind == 3:
        return [Box(edge, y, 1, 1), Box(-edge, random.uniform(-0.08, 0.08), 1, 1)]
    return [Box(2 * x, 2 * y, 1 / size, 1 / size)]
