"""Looks that an identity keeps across cameras beside its annotated attributes.

People with the same attributes must remain distinguishable, or re-identification would be a
look-up of attributes: hence build, exact shades, pattern, shoes and hair style. All numbers
are sampled in one fixed order, independent of the attributes, so that changing one attribute
of a person changes nothing else.
"""

from dataclasses import dataclass

import numpy as np

from midattr_plugin.rendering.palette import BAGS, SHOES
from midattr_plugin.rendering.seeds import generator

# As in a street, most garments have no pattern.
UPPER_PATTERNS = (
    *['plain'] * 5,
    'stripes',
    'pinstripes',
    'checks',
    'print',
    'logo',
    'yoke',
    'band',
    'open',
    'sleeves',
)
LOWER_PATTERNS = (*['plain'] * 5, 'washed', 'seam', 'checks', 'print', 'cuffs')
# Strength of the identity cues; near 0 only the attributes distinguish people.
CUE_STRENGTH = 0.55


@dataclass(frozen=True)
class Garment:
    """Properties of a garment that distinguish it from others of the same color."""

    pick: float  # which shade, [0, 1)
    jitter: np.ndarray  # (3,) in [-1, 1]
    pattern: str
    scale: float  # coarseness of the pattern, [0, 1)
    phase: float  # its position, [0, 1)
    second: float  # its second color, [0, 1)
    side: float  # < .5 darker, otherwise lighter
    outside: float  # which unannotated color, [0, 1)
    mixture: float  # whether an unknown color is a mixture, [0, 1)
    pair: float  # which two colors, [0, 1)
    area: float  # which pattern divides a garment of several colors, [0, 1)


@dataclass(frozen=True)
class Traits:
    """Persistent looks of one identity, relative to the average person."""

    skin: float
    hair: float
    hair_style: float
    fringe: float
    build: float  # about [-1, 1], slim to stout
    legs: float  # about [-1, 1], short to long
    shoulders: float  # about [-1, 1], narrow to broad
    gait: float  # [0, 1), length of the step
    upper: Garment
    lower: Garment
    hem: float  # [0, 1), how far the upper garment hangs over the lower
    length: float  # [0, 1), exact length of sleeves, shorts or skirt
    shoe: np.ndarray  # (3,) BGR
    shoe_style: float  # [0, 1)
    socks: float  # [0, 1)
    hat_style: float
    hat_order: np.ndarray  # order in which hat and bag colors are tried
    bag_order: np.ndarray  # (3, n) for backpack, bag, handbag
    bag_shape: np.ndarray  # (3,) in [0, 1)
    bag_side: float  # < .5 left
    collar: float
    folds: tuple[int, int]
    walking_stick: float


def _sample_garment(random: np.random.Generator, patterns: tuple[str, ...]) -> Garment:
    numbers = random.random(13)
    return Garment(
        pick=numbers[0],
        jitter=(numbers[1:4] * 2 - 1) * CUE_STRENGTH,
        pattern=patterns[int(numbers[4] * len(patterns))],
        scale=numbers[5],
        phase=numbers[6],
        second=numbers[7],
        side=numbers[8],
        outside=numbers[9],
        mixture=numbers[10],
        pair=numbers[11],
        area=numbers[12],
    )


def sample_traits(seed: int, pid: int) -> Traits:
    """Sample the traits of identity ``pid``."""
    random = generator(seed, 'traits', pid)
    build, legs, shoulders = np.clip(random.standard_normal(3) * 0.55, -1, 1) * CUE_STRENGTH
    numbers = iter(random.random(16))
    return Traits(
        skin=next(numbers),
        hair=next(numbers),
        hair_style=next(numbers),
        fringe=next(numbers),
        build=build,
        legs=legs,
        shoulders=shoulders,
        gait=next(numbers),
        upper=_sample_garment(random, UPPER_PATTERNS),
        lower=_sample_garment(random, LOWER_PATTERNS),
        hem=next(numbers),
        length=next(numbers),
        shoe=SHOES[int(next(numbers) * len(SHOES))],
        shoe_style=next(numbers),
        socks=next(numbers),
        hat_style=next(numbers),
        hat_order=random.permutation(len(BAGS)),
        bag_order=np.stack([random.permutation(len(BAGS)) for _ in range(3)]),
        bag_shape=random.random(3),
        bag_side=next(numbers),
        collar=next(numbers),
        folds=(int(next(numbers) * 200), int(next(numbers) * 200)),
        walking_stick=next(numbers),
    )
