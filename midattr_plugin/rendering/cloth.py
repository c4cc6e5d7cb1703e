"""Colors and patterns of garments."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np

from midattr_plugin.rendering.canvas import Texture, blot_map
from midattr_plugin.rendering.palette import OUTSIDE, SHADES, Color, mix, shade
from midattr_plugin.rendering.traits import CUE_STRENGTH, Garment

# Patterns that divide a garment into large areas, for garments of several colors.
_AREAS = ('stripes', 'checks', 'print', 'halves')
_PAIRS = tuple(permutations(SHADES, 2))
_MIXED = 0.5  # share of the unlabeled garments that have two colors
_WHITE = np.array([238, 238, 238], np.float32)
_DARK = np.array([24, 22, 22], np.float32)


@dataclass(frozen=True)
class Wrap:
    """Place of the trunk in the picture (pixels), for patterns that go round it."""

    center: float
    half_width: float
    top: float
    height: float  # of the body
    yaw: float


@dataclass(frozen=True)
class Cloth:
    """Two colors of a garment and the pattern that they form."""

    base: Color
    second: Color
    pattern: str
    scale: float
    phase: float

    def texture(self, wrap: Wrap) -> Texture | Color:
        """Return the color or texture to paint the garment with."""
        if self.pattern in ('plain', 'logo', 'band', 'open', 'sleeves', 'seam', 'cuffs'):
            return self.base
        step = self.second - self.base

        def colors(x: np.ndarray, y: np.ndarray) -> np.ndarray:
            return self.base + self._share(wrap, x, y)[..., None] * step

        return colors

    def _share(self, wrap: Wrap, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the share of the second color, (h, w) float32 in [0, 1]."""
        across = np.clip((x - wrap.center) / max(wrap.half_width, 1), -1, 1).astype(np.float32)
        round_body = np.arcsin(across * 0.98) + wrap.yaw
        down = ((y - wrap.top) / wrap.height).astype(np.float32)
        turn = 2 * np.pi * self.phase
        if self.pattern == 'stripes':
            rows = _soft_step(np.sin(down * (70 + 60 * self.scale) + turn))
            return np.broadcast_to(rows, (y.size, x.size))
        if self.pattern == 'pinstripes':
            columns = _soft_step(np.sin(round_body * (6 + 5 * self.scale) + turn) - 0.55)
            return np.broadcast_to(columns, (y.size, x.size))
        if self.pattern == 'checks':
            rows = _soft_step(np.sin(down * (65 + 55 * self.scale) + turn))
            columns = _soft_step(np.sin(round_body * (5 + 4 * self.scale) + turn))
            return (0.5 * rows + 0.5 * columns).astype(np.float32)
        if self.pattern in ('print', 'washed'):
            blots = blot_map()
            zoom = 0.7 + 0.9 * self.scale
            rows = (down * 230 * zoom + 300 * self.phase).astype(int) % 512
            columns = (round_body * 34 * zoom + 150 * self.phase).astype(int) % 512
            share = blots[rows, columns]
            return _soft_step((share - 0.62) * 6) if self.pattern == 'print' else 0.7 * share
        if self.pattern == 'halves':
            columns = _soft_step(np.sin(round_body + turn) * 4)
            return np.broadcast_to(columns, (y.size, x.size))
        # 'yoke': the upper part of the trunk, sleeves included
        edge = 0.10 + 0.10 * self.scale
        return np.broadcast_to(_soft_step((edge - down) * 60), (y.size, x.size))


def _soft_step(value: np.ndarray) -> np.ndarray:
    """Return a soft step from 0 to 1 at 0."""
    return np.clip(0.5 + 1.8 * value, 0, 1).astype(np.float32)


def make_cloth(names: tuple[str, ...], garment: Garment, where: str) -> Cloth:
    """Return a garment of an identity in its annotated colors.

    Args:
        names: the colors labeled 'yes'; several make a multi-colored garment, none a
            color outside the annotated list or any two colors.
        garment: shade and pattern that the identity keeps.
        where: 'upper' or 'lower'.
    """
    if not names and garment.mixture < _MIXED:
        names = _PAIRS[int(garment.pair * len(_PAIRS))]
    if len(names) > 1:
        base = shade(names[0], garment.pick, garment.jitter)
        second = shade(names[1], garment.second, garment.jitter)
        pattern = _AREAS[int(garment.area * len(_AREAS))]
        return Cloth(base, second, pattern, 0.25 * garment.scale, garment.phase)
    if not names:
        names = (OUTSIDE[where][int(garment.outside * len(OUTSIDE[where]))],)
    base = shade(names[0], garment.pick, garment.jitter)
    return Cloth(base, _second_color(base, garment), garment.pattern, garment.scale, garment.phase)


def _second_color(base: Color, garment: Garment) -> Color:
    """Return a second color that leaves no doubt about the annotated one."""
    bright = base.mean()
    lighter = garment.side < 0.5 if 60 < bright < 190 else bright <= 60
    strength = (0.35 + 0.4 * garment.second) * CUE_STRENGTH
    tone = mix(base, _WHITE if lighter else _DARK, strength)
    if garment.pattern in ('logo', 'band', 'open', 'sleeves', 'yoke', 'print'):
        vivid = tuple(SHADES)[int(garment.second * len(SHADES))]
        # a print covers much of the garment, so it keeps more of the garment's own tone
        share = 0.3 if garment.pattern == 'print' else 0.6
        return mix(tone, shade(vivid, garment.pick, garment.jitter), share * CUE_STRENGTH)
    return tone
