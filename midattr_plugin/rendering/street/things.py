"""Paints what stands in a street."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Thing:
    """A thing on a picture.

    Attributes:
        picture: that it is painted on, (H, W, 3) float32, BGR.
        x: of the place where it stands, in pixels.
        y: the same.
        size: 1 for the usual one.
        tone: its color.
        dark: its color in the shade.
    """

    picture: np.ndarray
    x: int
    y: int
    size: float
    tone: list[float]
    dark: list[float]

    def at(self, right: float, up: float) -> tuple[int, int]:
        """Return the pixel at a distance from where the thing stands, at size 1."""
        return self.x + int(right * self.size), self.y - int(up * self.size)

    def box(self, wide: float, high: float, fill: list[float], up: float = 0.0) -> None:
        """Paint an upright box to the right of where the thing stands."""
        left_top = (self.x, self.at(0, up + high)[1])
        cv2.rectangle(self.picture, left_top, self.at(wide, up), fill, -1)


def paint_pole(thing: Thing, random: np.random.Generator) -> None:
    """Paint a pole, perhaps with a sign."""
    thing.box(random.uniform(3, 9), random.uniform(90, 400), thing.tone)
    if random.random() < 0.4:
        thing.box(random.uniform(25, 50), random.uniform(30, 60), thing.tone, 80)


def paint_bin(thing: Thing, random: np.random.Generator) -> None:
    """Paint a bin with a lid."""
    thing.box(26, 45, thing.tone)
    thing.box(26, 5, thing.dark, 42)


def paint_cone(thing: Thing, random: np.random.Generator) -> None:
    """Paint a traffic cone, which is orange."""
    x, y = thing.x, thing.y
    half = int(13 * thing.size)
    corners = np.array([thing.at(0, 38), (x - half, y), (x + half, y)], np.int32)
    cv2.fillPoly(thing.picture, [corners], (25, 150, 240), cv2.LINE_AA)


def paint_stone(thing: Thing, random: np.random.Generator) -> None:
    """Paint a stone."""
    x, y = thing.x, thing.y
    half = (int(16 * thing.size), int(11 * thing.size))
    cv2.ellipse(thing.picture, (x, y), half, 0, 0, 360, thing.tone, -1, cv2.LINE_AA)
    cv2.ellipse(thing.picture, (x, y + 4), half, 0, 20, 160, thing.dark, 3, cv2.LINE_AA)


def paint_bench(thing: Thing, random: np.random.Generator) -> None:
    """Paint a bench."""
    thing.box(80, 12, thing.tone)
    thing.box(80, 6, thing.dark, 18)


def paint_car(thing: Thing, random: np.random.Generator) -> None:
    """Paint a car from the side."""
    thing.box(150, 52, thing.tone, 12)
    thing.box(100, 30, thing.dark, 60)
    for wheel in (30, 120):
        radius = int(15 * thing.size)
        cv2.circle(thing.picture, thing.at(wheel, 10), radius, (25, 25, 25), -1, cv2.LINE_AA)


def paint_tape(thing: Thing, random: np.random.Generator) -> None:
    """Paint barrier tape across the whole picture."""
    width = thing.picture.shape[1]
    end = thing.y + int(random.uniform(-80, 80))
    for part in range(0, width, 18):
        fill = (235, 235, 240) if part // 18 % 2 else (60, 60, 215)
        a, b = (np.interp((part, part + 18), (0, width), (thing.y, end)).astype(int)).tolist()
        cv2.line(thing.picture, (part, a), (part + 18, b), fill, 3, cv2.LINE_AA)


def paint_far_person(thing: Thing, random: np.random.Generator) -> None:
    """Paint somebody far away."""
    picture, size = thing.picture, thing.size
    half = (int(11 * size), int(24 * size))
    cv2.line(picture, thing.at(0, 0), thing.at(0, 40), thing.dark, int(9 * size), cv2.LINE_AA)
    cv2.ellipse(picture, thing.at(0, 60), half, 0, 0, 360, thing.tone, -1, cv2.LINE_AA)
    cv2.circle(picture, thing.at(0, 88), int(7 * size), (70, 90, 130), -1, cv2.LINE_AA)


THINGS: dict[Callable[[Thing, np.random.Generator], None], float] = {
    paint_pole: 0.2,
    paint_bin: 0.16,
    paint_cone: 0.08,
    paint_stone: 0.12,
    paint_bench: 0.1,
    paint_car: 0.16,
    paint_tape: 0.03,
    paint_far_person: 0.15,
}
"""What paints a thing -> its share."""
