"""Cameras of the street: where they hang, and what they do to a picture.

A picture is recorded at the few pixels that a person has in a video, sharpened and compressed
there, and enlarged afterwards, as the crops of a detector are.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from midattr_plugin.rendering.backgrounds import Scene
from midattr_plugin.rendering.street.places import sample_place

_LUMINANCE = np.array([0.114, 0.587, 0.299], np.float32)


@dataclass(frozen=True)
class StreetCamera:
    """Fixed properties of one camera; ranges are those of its pictures.

    Attributes:
        place: what it sees.
        pitch: how far it looks down, radians.
        distance: from the people, in body heights.
        gain: factor of each channel (3,), BGR.
        gamma: < 1 lifts the shadows.
        contrast: about 1.
        saturation: about 1.
        black: gray level of black.
        rows: height of a picture of a person, in pixels, least and most.
        sharpening: strength of the halos around edges.
        blur: standard deviation in recorded pixels.
        noise: standard deviation in gray levels.
        quality: of the compression, 1 to 100.
        interlaced: whether it records odd and even rows one after the other.
        stretch: width of a box against half its height.
        heading: direction in which most people walk past it, radians.
        sun: shift of a shadow, see :func:`.walker.paint_shadow`; None if there is no sun.
        light: direction of the light (x, y) and its contrast.
    """

    place: Scene
    pitch: float
    distance: float
    gain: np.ndarray
    gamma: float
    contrast: float
    saturation: float
    black: float
    rows: tuple[float, float]
    sharpening: float
    blur: float
    noise: float
    quality: float
    interlaced: bool
    stretch: float
    heading: float
    sun: tuple[float, float] | None
    light: tuple[float, float, float]

    def develop(self, picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return the picture as this camera records it.

        Args:
            picture: (H, W, 3) float32 in [0, 255], BGR.
            random: generator of this picture.

        Returns:
            (H, W, 3) uint8.
        """
        height, width = picture.shape[:2]
        rows = random.uniform(*self.rows)
        small = (max(12, round(width * rows / height)), max(24, round(rows)))
        picture = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
        picture = self._expose(self._focus(picture, random), random)
        picture = np.clip(picture, 0, 255).astype(np.uint8)
        quality = int(np.clip(self.quality + random.normal(0, 6), 12, 98))
        _, data = cv2.imencode('.jpg', picture, (cv2.IMWRITE_JPEG_QUALITY, quality))
        decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
        enlarge = cv2.INTER_CUBIC if random.random() < 0.4 else cv2.INTER_LINEAR
        return cv2.resize(decoded, (width, height), interpolation=enlarge)

    def _focus(self, picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Blur by lens and motion, sharpen, and tear interlaced rows apart."""
        blur = self.blur * random.uniform(0.5, 1.5)
        if blur > 0.25:
            picture = cv2.GaussianBlur(picture, (0, 0), blur)
        if random.random() < 0.12:
            reach = 2 * int(random.integers(1, 3)) + 1
            picture = cv2.blur(picture, (reach, 1))
        if self.sharpening > 0.05:
            soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
            picture = picture + self.sharpening * random.uniform(0.6, 1.3) * (picture - soft)
        if self.interlaced:
            picture[1::2] = np.roll(picture[1::2], int(random.integers(-1, 2)), axis=1)
        return picture

    def _expose(self, picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Change exposure, colors and tones, and add noise."""
        drift = random.normal(0, 0.07) + random.normal(0, 0.015, 3)
        picture = picture * (self.gain * np.exp(drift)).astype(np.float32)
        gray = (picture @ _LUMINANCE)[..., None]
        picture = gray + (picture - gray) * np.float32(self.saturation)
        picture = np.clip((picture - 115) * np.float32(self.contrast) + 115, 0, 255)
        picture = 255 * (picture / 255) ** np.float32(self.gamma)
        picture = self.black + picture * np.float32(1 - self.black / 255)
        noise = random.standard_normal(picture.shape[:2], np.float32)[..., None]
        color = random.standard_normal(picture.shape, np.float32)
        strength = np.float32(self.noise * random.uniform(0.5, 1.5))
        return picture + strength * (0.8 * noise + 0.5 * color)


def sample_camera(random: np.random.Generator) -> StreetCamera:
    """Sample a camera by day, at dusk or indoors, with its place."""
    place = sample_place(random)
    clean = random.random() < 0.5  # of all cameras half deliver good pictures
    sunny = random.random() < 0.35
    dusk = not sunny and random.random() < 0.15
    warmth, green = random.normal(0, 0.09), random.normal(0, 0.04)
    exposure = random.normal(-0.35 if dusk else 0.05, 0.16)
    lowest = random.uniform(50, 130)
    angle = random.uniform(0, 2 * np.pi)
    side = random.uniform(-1, 1)
    return StreetCamera(
        place=place,
        pitch=random.uniform(0.0, 0.78) if random.random() < 0.85 else 0.05,
        distance=random.uniform(3.5, 14),
        gain=np.exp(exposure + np.array([-warmth, green, warmth])),
        gamma=float(np.exp(random.normal(0, 0.2))),
        contrast=float(np.clip(random.normal(1.05, 0.2), 0.6, 1.6)),
        saturation=float(np.clip(random.normal(1.05, 0.28), 0.35, 1.8)),
        black=float(random.uniform(0, 10) if clean else random.uniform(0, 32)),
        rows=(lowest, lowest * random.uniform(1.1, 2)),
        sharpening=float(random.uniform(0, 1.6) if random.random() < 0.6 else 0),
        blur=float(random.uniform(0, 0.6) if clean else random.uniform(0.2, 1.1)),
        noise=float(random.uniform(0.3, 3) if clean else random.uniform(1, 9)),
        quality=float(random.uniform(70, 96) if clean else random.uniform(25, 90)),
        interlaced=bool(random.random() < 0.04),
        stretch=random.uniform(0.82, 1.08),
        heading=random.uniform(0, 2 * np.pi),
        sun=(1.2 * np.cos(angle), 1.2 * np.sin(angle)) if sunny else None,
        light=(side, -0.7, random.uniform(0.55, 0.9) if sunny else random.uniform(0.15, 0.6)),
    )
