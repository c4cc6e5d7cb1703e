"""Six cameras: where each stands and how it changes a picture."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from midattr_plugin.rendering.backgrounds import Scene, sample_scene
from midattr_plugin.rendering.difficulty import Difficulty
from midattr_plugin.rendering.seeds import generator

NUM_CAMERAS = 6


@dataclass(frozen=True)
class Camera:
    """Fixed properties of one camera.

    ``gain`` (BGR) is its color cast; ``gamma`` < 1 lifts the shadows; ``blur`` and
    ``noise`` are standard deviations in pixels and in gray levels; ``detail`` is the fraction
    of the resolution that is left at its distance; ``tilt`` is how far it looks down.
    """

    number: int
    gain: tuple[float, float, float]
    gamma: float
    contrast: float
    blur: float
    noise: float
    detail: float
    tilt: float
    light: float  # horizontal direction of the lamp, [-1, 1]
    heading: float  # direction in which most people walk past it, radians

    def develop(
        self,
        picture: np.ndarray,
        random: np.random.Generator,
        daylight: np.ndarray,
        difficulty: Difficulty,
    ) -> np.ndarray:
        """Return the picture as this camera records it.

        Args:
            picture: (H, W, 3) float32 in [0, 255].
            random: generator of the exposure, blur and noise of this picture.
            daylight: factor of each channel (3,), BGR; see :mod:`.lighting`.
            difficulty: strength of the nuisances.

        Returns:
            (H, W, 3) uint8.
        """
        picture = self._blur(picture, random, difficulty.detail)
        strength = difficulty.camera
        drift = random.uniform(-0.1, 0.1) + random.uniform(-0.03, 0.03, 3)
        gain = np.array(self.gain) ** strength * np.exp(difficulty.light * drift) * daylight
        contrast = self.contrast**strength
        picture = ((picture * gain.astype(np.float32)) - 110) * contrast + 110
        picture = np.clip(picture, 0, 255) / 255
        picture = picture ** (self.gamma**strength) * 255
        grain = random.standard_normal(picture.shape, np.float32)
        picture += grain * np.float32(strength * self.noise * random.uniform(0.6, 1.4))
        return np.clip(picture, 0, 255).astype(np.uint8)

    def _blur(
        self, picture: np.ndarray, random: np.random.Generator, strength: float
    ) -> np.ndarray:
        """Take away what distance, lens and motion take away."""
        height, width = picture.shape[:2]
        # most people are near, some far away
        far = random.random() ** 2
        detail = self.detail * (1 - 0.45 * far) ** strength
        blur = self.blur * random.uniform(0.6, 1.4)
        moves = random.random() < 0.15 * strength
        reach = 2 * int(random.integers(1, 3)) + 1
        if detail < 0.95:
            small = (max(8, round(width * detail)), max(16, round(height * detail)))
            picture = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
            picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
        if moves:
            picture = cv2.blur(picture, (reach, 1))
        if blur > 0.2:
            picture = cv2.GaussianBlur(picture, (5, 5), blur)
        return picture


CAMERAS = (
    Camera(1, (1.00, 1.00, 1.06), 1.00, 1.00, 0.40, 3.0, 1.00, 0.10, -0.7, 0.5),
    Camera(2, (1.22, 1.00, 0.84), 0.92, 0.88, 0.60, 4.0, 0.85, 0.14, 0.6, 3.6),
    Camera(3, (0.78, 0.95, 1.16), 1.10, 1.08, 0.50, 4.0, 0.90, 0.08, -0.3, 2.2),
    Camera(4, (0.96, 1.15, 0.90), 0.82, 0.76, 0.80, 4.5, 0.72, 0.16, 0.8, 5.6),
    Camera(5, (0.88, 0.88, 0.95), 1.35, 1.12, 0.60, 6.0, 0.85, 0.12, 0.2, 0.0),
    Camera(6, (1.08, 1.04, 0.98), 0.86, 0.70, 0.90, 4.5, 0.55, 0.18, -0.8, 3.1),
)


@lru_cache(maxsize=16)
def camera_scene(camera: Camera, seed: int) -> Scene:
    """Sample the place that a camera looks at."""
    return sample_scene(generator(seed, 'scene', camera.number), camera.number)
