"""Shades of the annotated colors and of colors that the annotations do not name.

Colors are BGR triples of floats in [0, 255], the order of OpenCV.
"""

import numpy as np

Color = np.ndarray  # (3,) float32, BGR


def _rgb(*shades: tuple[int, int, int]) -> tuple[Color, ...]:
    return tuple(np.array(shade[::-1], np.float32) for shade in shades)


SHADES = {
    'black': _rgb((30, 30, 34), (44, 40, 40), (22, 26, 40), (38, 30, 28)),
    'white': _rgb((240, 240, 238), (226, 230, 236), (242, 236, 224), (232, 226, 232)),
    'red': _rgb((196, 30, 38), (158, 22, 44), (222, 62, 58), (180, 44, 30)),
    'purple': _rgb((112, 52, 142), (146, 86, 172), (88, 40, 108), (130, 60, 120)),
    'yellow': _rgb((234, 202, 56), (242, 220, 116), (214, 176, 34), (226, 214, 70)),
    'gray': _rgb((130, 130, 132), (104, 108, 114), (162, 160, 156), (120, 114, 110)),
    'blue': _rgb((44, 82, 168), (78, 128, 200), (32, 52, 116), (54, 104, 150)),
    'green': _rgb((46, 124, 66), (104, 150, 82), (32, 92, 70), (72, 110, 46)),
    'pink': _rgb((238, 150, 178), (224, 116, 150), (242, 184, 200), (232, 140, 160)),
    'brown': _rgb((108, 72, 46), (136, 96, 62), (84, 58, 42), (120, 76, 60)),
    'orange': _rgb((232, 118, 38), (240, 144, 70)),
    'beige': _rgb((208, 188, 152), (194, 172, 134)),
    'teal': _rgb((40, 160, 160), (70, 186, 180)),
}
# For identities without a color label: none of these is annotated for that garment.
OUTSIDE = {
    'upper': ('orange', 'beige', 'pink', 'brown', 'teal'),
    'lower': ('orange', 'beige', 'red', 'teal'),
}
SKIN = _rgb((232, 190, 160), (216, 170, 136), (190, 140, 108), (240, 206, 182), (150, 104, 78))
HAIR = _rgb((28, 24, 24), (44, 32, 26), (66, 44, 30), (92, 62, 38), (34, 30, 36))
GRAY_HAIR = _rgb((176, 176, 178), (204, 204, 206), (148, 148, 150))
# Mostly dark or white, as in a street, so that shoes identify few people.
SHOES = _rgb(
    (24, 24, 26),
    (236, 236, 234),
    (40, 38, 40),
    (226, 224, 226),
    (104, 78, 58),
    (50, 56, 78),
    (130, 132, 134),
    (168, 44, 46),
    (58, 58, 62),
    (214, 206, 190),
)
BAGS = _rgb(
    (26, 26, 30),
    (44, 44, 48),
    (108, 74, 50),
    (36, 34, 36),
    (48, 62, 100),
    (176, 154, 122),
    (84, 96, 70),
    (214, 210, 204),
    (156, 46, 52),
    (112, 110, 112),
)


def shade(name: str, pick: float, jitter: np.ndarray) -> Color:
    """Return a shade of a named color.

    Args:
        name: a key of SHADES.
        pick: in [0, 1), chooses among the shades of that color.
        jitter: (3,) in [-1, 1]: brightness and two tints.
    """
    choices = SHADES[name]
    color = choices[int(pick * len(choices))] * (1 + 0.12 * jitter[0])
    tint = np.array([jitter[1], -0.5 * (jitter[1] + jitter[2]), jitter[2]], np.float32)
    return np.clip(color + 7 * tint, 8, 248).astype(np.float32)


def mix(a: Color, b: Color, weight: float) -> Color:
    """Return the mixture (1 - ``weight``) * ``a`` + ``weight`` * ``b``."""
    return (a + (b - a) * weight).astype(np.float32)


def contrasting(choices: tuple[Color, ...], order: np.ndarray, against: Color) -> Color:
    """Return the first of ``choices`` in ``order`` that differs clearly from ``against``."""
    for index in order:
        if np.abs(choices[index] - against).max() > 60:
            return choices[index]
    return choices[order[0]]
