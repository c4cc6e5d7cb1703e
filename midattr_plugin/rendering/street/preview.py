"""A contact sheet of people of every season."""

import numpy as np

from midattr_plugin.rendering.cameras import NUM_CAMERAS
from midattr_plugin.rendering.look import describe
from midattr_plugin.rendering.plan import TRAIN, Shot
from midattr_plugin.rendering.preview import captioned_sheet
from midattr_plugin.rendering.street.streets import Streets
from midattr_plugin.rendering.street.wearer import sample_wearer


def street_sheet(seed: int, count: int) -> np.ndarray:
    """Return pictures (H, W, 3) uint8, BGR, of the first identities by the cameras of their street.

    Args:
        seed: seed of the dataset.
        count: number of identities.
    """
    streets = Streets(seed, count, 0)
    rows = []
    for pid in range(1, count + 1):
        wearer = sample_wearer(seed, pid, streets.neighbors(pid))
        first = NUM_CAMERAS * streets.street(pid)
        cells = [
            streets(Shot(TRAIN, pid, first + number, 0, '')) for number in range(1, NUM_CAMERAS + 1)
        ]
        text = f'{pid:04d} {wearer.top.kind}, {wearer.bottom.kind}, {describe(wearer.look)}'
        rows.append((text, cells))
    return captioned_sheet(rows)
