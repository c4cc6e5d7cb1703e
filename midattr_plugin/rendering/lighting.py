"""Light that changes with the time of day, and hard shade."""

import numpy as np


def sample_daylight(random: np.random.Generator, strength: float) -> np.ndarray:
    """Sample exposure and white balance, one factor per channel (3,), BGR."""
    exposure = random.uniform(-0.36, 0.36)
    warmth = np.clip(random.normal(0, 0.11), -0.25, 0.25)
    green = np.clip(random.normal(0, 0.035), -0.08, 0.08)
    return np.exp(strength * (exposure + np.array([-warmth, green, warmth])))


def cast_shade(pixels: np.ndarray, random: np.random.Generator, strength: float) -> None:
    """Darken, sometimes, one side of a slanted line, as the shade of a tree or a house does.

    Args:
        pixels: (H, W, 3) float32, changed in place.
        random: generator of this picture.
        strength: scale of how often, and of how dark.
    """
    happens = random.random() < 0.25 * strength
    angle = random.uniform(0, 2 * np.pi)
    place = random.uniform(-0.3, 0.3)
    softness = random.uniform(4, 24)
    darkness = min(0.8, random.uniform(0.3, 0.6) * max(strength, 1) ** 0.5)
    if not happens:
        return
    height, width = pixels.shape[:2]
    x = np.arange(width, dtype=np.float32)[None] - width / 2
    y = np.arange(height, dtype=np.float32)[:, None] - height / 2
    depth = (np.cos(angle) * x + np.sin(angle) * y - place * height) / softness
    pixels *= (1 - darkness * np.clip(depth, 0, 1))[..., None].astype(np.float32)
