"""Kinds of clothes, how often men and women wear them in each season, and in which colors.

Weights need not add up to 1. They follow what streets of temperate cities look like: long sleeves
and dark coats for half of the year, jeans all year, shorts in summer only.
"""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from midattr_plugin.rendering.street.shades import Range

SEASONS = {'winter': 0.36, 'mild': 0.36, 'summer': 0.28}
Weights = dict[str, float]


@dataclass(frozen=True)
class TopKind:
    """What garments of a kind for the upper body have in common.

    Attributes:
        hem: height of the hem, from the crown (0) to the soles (1).
        bulk: thickness, in heights of the body.
        sleeve: covered part of the arm; 1 reaches the wrist.
        opening: how often it can be open in front.
        hood: how often it has a hood.
        collar: how often it has a collar that covers the neck.
        quilted: whether it is divided into horizontal cushions.
        colors: table of :data:`TOP_COLORS`.
    """

    hem: Range
    bulk: Range
    sleeve: Range = (0.95, 1.05)
    opening: float = 0.0
    hood: float = 0.0
    collar: float = 0.0
    quilted: bool = False
    colors: str = 'layer'


TOPS = {
    'puffer': TopKind((0.49, 0.56), (0.018, 0.034), (1, 1.05), 0.25, 0.45, 0.8, True, 'coat'),
    'puffer coat': TopKind((0.62, 0.74), (0.018, 0.030), (1, 1.05), 0.2, 0.7, 0.8, True, 'coat'),
    'parka': TopKind((0.57, 0.67), (0.014, 0.026), (1, 1.05), 0.25, 0.95, 0.6, False, 'coat'),
    'coat': TopKind((0.59, 0.71), (0.010, 0.018), (0.97, 1.05), 0.3, 0.08, 0.7, False, 'coat'),
    'long coat': TopKind((0.73, 0.86), (0.010, 0.018), (0.97, 1.05), 0.3, 0.1, 0.7, False, 'coat'),
    'leather': TopKind(
        (0.48, 0.54), (0.008, 0.015), (0.97, 1.05), 0.4, 0.05, 0.7, False, 'leather'
    ),
    'jacket': TopKind((0.48, 0.57), (0.009, 0.018), (0.97, 1.05), 0.4, 0.25, 0.6, False, 'coat'),
    'blazer': TopKind((0.53, 0.58), (0.006, 0.012), (0.97, 1.02), 0.6, 0, 0.1, False, 'suit'),
    'hoodie': TopKind((0.49, 0.55), (0.008, 0.016), (0.95, 1.05), 0.25, 0.92, 0, False, 'layer'),
    'cardigan': TopKind((0.50, 0.63), (0.004, 0.010), (0.85, 1.05), 0.7, 0, 0, False, 'layer'),
    'sweater': TopKind((0.48, 0.55), (0.005, 0.012), (0.85, 1.05), 0, 0, 0.3, False, 'layer'),
    'shirt': TopKind((0.49, 0.56), (0.003, 0.008), (0.8, 1.02), 0.25, 0, 0.3, False, 'light'),
    'long sleeves': TopKind((0.47, 0.55), (0.001, 0.007), (0.8, 1.02), 0, 0, 0, False, 'light'),
    'T-shirt': TopKind((0.48, 0.56), (0.002, 0.010), (0.26, 0.5), 0, 0, 0, False, 'light'),
    'polo': TopKind((0.49, 0.55), (0.002, 0.008), (0.28, 0.46), 0, 0, 0.2, False, 'light'),
    'short shirt': TopKind((0.49, 0.56), (0.004, 0.010), (0.3, 0.5), 0.2, 0, 0.2, False, 'light'),
    'tank top': TopKind((0.47, 0.54), (0.0, 0.005), (0.02, 0.16), 0, 0, 0, False, 'light'),
}
TOP_FREQUENCIES: dict[tuple[str, bool], Weights] = {  # (season, female)
    ('winter', False): {
        'puffer': 0.2, 'parka': 0.14, 'coat': 0.18, 'long coat': 0.02, 'leather': 0.14,
        'jacket': 0.22, 'hoodie': 0.06, 'blazer': 0.03, 'puffer coat': 0.01,
    },
    ('winter', True): {
        'puffer': 0.16, 'parka': 0.14, 'coat': 0.26, 'long coat': 0.1, 'leather': 0.07,
        'jacket': 0.13, 'hoodie': 0.02, 'cardigan': 0.02, 'puffer coat': 0.1,
    },
    ('mild', False): {
        'jacket': 0.26, 'leather': 0.1, 'hoodie': 0.17, 'sweater': 0.16, 'shirt': 0.13,
        'blazer': 0.08, 'long sleeves': 0.06, 'coat': 0.04,
    },
    ('mild', True): {
        'jacket': 0.19, 'leather': 0.08, 'hoodie': 0.08, 'sweater': 0.16, 'shirt': 0.08,
        'blazer': 0.08, 'long sleeves': 0.1, 'coat': 0.09, 'cardigan': 0.14,
    },
    ('summer', False): {
        'T-shirt': 0.6, 'polo': 0.12, 'short shirt': 0.1, 'shirt': 0.1, 'long sleeves': 0.05,
        'hoodie': 0.03,
    },
    ('summer', True): {
        'T-shirt': 0.55, 'short shirt': 0.08, 'shirt': 0.06, 'long sleeves': 0.06, 'tank top': 0.2,
        'cardigan': 0.05,
    },
}  # fmt: skip
TOP_COLORS: dict[str, Weights] = {
    'coat': {
        'black': 0.36, 'charcoal': 0.08, 'gray': 0.06, 'navy': 0.13, 'royal': 0.04, 'denim': 0.03,
        'sky': 0.02, 'red': 0.06, 'wine': 0.03, 'olive': 0.06, 'forest': 0.02, 'brown': 0.05,
        'camel': 0.03, 'beige': 0.03, 'white': 0.02, 'cream': 0.01, 'purple': 0.02, 'pink': 0.01,
        'yellow': 0.01, 'green': 0.01, 'silver': 0.02,
    },
    'leather': {'black': 0.75, 'brown': 0.2, 'wine': 0.03, 'camel': 0.02},
    'suit': {
        'black': 0.4, 'charcoal': 0.17, 'navy': 0.2, 'gray': 0.08, 'brown': 0.06, 'beige': 0.04,
        'white': 0.02, 'red': 0.03,
    },
    'layer': {
        'black': 0.24, 'charcoal': 0.08, 'gray': 0.12, 'silver': 0.06, 'navy': 0.12, 'royal': 0.05,
        'sky': 0.02, 'red': 0.06, 'wine': 0.04, 'green': 0.03, 'forest': 0.03, 'olive': 0.02,
        'white': 0.05, 'cream': 0.02, 'purple': 0.03, 'lilac': 0.01, 'pink': 0.02, 'yellow': 0.02,
        'mustard': 0.02, 'brown': 0.03, 'beige': 0.03, 'orange': 0.01, 'teal': 0.02,
    },
    'light': {
        'black': 0.19, 'white': 0.2, 'cream': 0.02, 'gray': 0.08, 'silver': 0.06, 'charcoal': 0.03,
        'navy': 0.08, 'royal': 0.06, 'sky': 0.06, 'denim': 0.02, 'red': 0.07, 'wine': 0.02,
        'green': 0.04, 'forest': 0.01, 'olive': 0.02, 'yellow': 0.03, 'mustard': 0.01,
        'purple': 0.03, 'lilac': 0.02, 'pink': 0.04, 'fuchsia': 0.01, 'orange': 0.02,
        'teal': 0.02, 'beige': 0.02, 'brown': 0.01,
    },
}  # fmt: skip


@dataclass(frozen=True)
class BottomKind:
    """What garments of a kind for the lower body have in common.

    Attributes:
        end: height of the lower end, from the crown (0) to the soles (1).
        trousers: whether each leg has its own; False for skirts and dresses.
        short: the label of its length.
        cuts: how often the leg, or the skirt, is slim, straight, wide or flared; None for
            :data:`LEG_CUTS`, which tell men and women apart.
        colors: how often it has each shade.
    """

    end: Range
    trousers: bool
    short: bool
    cuts: Weights | None
    colors: Weights


LEG_CUTS: dict[bool, Weights] = {
    False: {'slim': 0.15, 'straight': 0.6, 'wide': 0.25},
    True: {'slim': 0.46, 'straight': 0.3, 'wide': 0.06, 'flared': 0.18},
}
_DENIM = {
    'indigo': 0.34, 'denim': 0.32, 'faded denim': 0.13, 'navy': 0.06, 'black': 0.11,
    'charcoal': 0.02, 'white': 0.02,
}  # fmt: skip
_SKIRTS = {
    'black': 0.34, 'charcoal': 0.06, 'gray': 0.07, 'navy': 0.1, 'denim': 0.07, 'indigo': 0.04,
    'red': 0.04, 'wine': 0.03, 'white': 0.06, 'cream': 0.02, 'brown': 0.03, 'camel': 0.03,
    'pink': 0.03, 'green': 0.02, 'olive': 0.02, 'purple': 0.03, 'yellow': 0.03,
}  # fmt: skip
BOTTOMS = {
    'jeans': BottomKind((0.93, 0.975), True, False, None, _DENIM),
    'trousers': BottomKind(
        (0.93, 0.975),
        True,
        False,
        None,
        {
            'black': 0.42, 'charcoal': 0.12, 'gray': 0.09, 'navy': 0.1, 'brown': 0.07,
            'camel': 0.05, 'beige': 0.05, 'olive': 0.04, 'white': 0.03, 'silver': 0.03,
        },
    ),
    'sweatpants': BottomKind(
        (0.92, 0.965),
        True,
        False,
        {'slim': 0.3, 'straight': 0.5, 'wide': 0.2},
        {'gray': 0.2, 'charcoal': 0.12, 'silver': 0.06, 'black': 0.36, 'navy': 0.2, 'green': 0.03,
         'red': 0.03},
    ),
    'leggings': BottomKind(
        (0.88, 0.96),
        True,
        False,
        {'slim': 1.0},
        {'black': 0.74, 'charcoal': 0.08, 'gray': 0.05, 'navy': 0.07, 'purple': 0.02, 'wine': 0.02,
         'pink': 0.02},
    ),
    'shorts': BottomKind(
        (0.64, 0.76),
        True,
        True,
        {'slim': 0.2, 'straight': 0.5, 'wide': 0.3},
        {
            'denim': 0.2, 'faded denim': 0.1, 'indigo': 0.06, 'black': 0.18, 'gray': 0.08,
            'navy': 0.08, 'beige': 0.07, 'camel': 0.05, 'white': 0.06, 'olive': 0.04, 'red': 0.03,
            'brown': 0.02, 'pink': 0.02, 'yellow': 0.01,
        },
    ),
    'short skirt': BottomKind((0.62, 0.72), False, True, {'slim': 0.5, 'flared': 0.5}, _SKIRTS),
    'long skirt': BottomKind((0.78, 0.93), False, False, {'slim': 0.4, 'flared': 0.6}, _SKIRTS),
}  # fmt: skip
BOTTOM_FREQUENCIES: dict[tuple[str, bool], Weights] = {
    ('winter', False): {'jeans': 0.52, 'trousers': 0.36, 'sweatpants': 0.12},
    ('winter', True): {
        'jeans': 0.45, 'trousers': 0.2, 'leggings': 0.17, 'sweatpants': 0.03, 'short skirt': 0.08,
        'long skirt': 0.07,
    },
    ('mild', False): {'jeans': 0.52, 'trousers': 0.34, 'sweatpants': 0.12, 'shorts': 0.02},
    ('mild', True): {
        'jeans': 0.44, 'trousers': 0.2, 'leggings': 0.15, 'sweatpants': 0.03, 'short skirt': 0.1,
        'long skirt': 0.07, 'shorts': 0.01,
    },
    ('summer', False): {'jeans': 0.28, 'trousers': 0.18, 'sweatpants': 0.04, 'shorts': 0.5},
    ('summer', True): {
        'jeans': 0.26, 'trousers': 0.1, 'leggings': 0.07, 'short skirt': 0.2, 'long skirt': 0.11,
        'shorts': 0.26,
    },
}  # fmt: skip
HAIR_STYLES: dict[bool, Weights] = {
    False: {'short': 0.51, 'cropped': 0.20, 'full': 0.14, 'bald': 0.06, 'curly': 0.04,
            'long': 0.02, 'layered': 0.01, 'wavy': 0.01, 'ponytail': 0.01},
    True: {'long': 0.25, 'layered': 0.15, 'wavy': 0.13, 'curls': 0.06, 'bob': 0.14,
           'ponytail': 0.08, 'bun': 0.03, 'short': 0.07, 'full': 0.07, 'curly': 0.02},
}  # fmt: skip
LONG_HAIR = {'long', 'layered', 'wavy', 'curls', 'bob', 'ponytail', 'bun'}
HATS: dict[str, Weights] = {
    'winter': {'beanie': 0.7, 'cap': 0.2, 'brim': 0.1},
    'mild': {'beanie': 0.25, 'cap': 0.6, 'brim': 0.15},
    'summer': {'cap': 0.75, 'brim': 0.25},
}


def choose(random: np.random.Generator, weights: Weights) -> str:
    """Sample a key, as often as its weight says."""
    edges = list(accumulate(weights.values()))
    return list(weights)[bisect_right(edges, random.random() * edges[-1])]
