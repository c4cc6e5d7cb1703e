"""Writes attributes in the structure of Market-1501-Attribute's file."""

import io

import numpy as np
import scipy.io

from midattr_plugin.rendering.look import FIELDS, look_to_fields
from midattr_plugin.rendering.roster import SPLITS, Roster

# The first 116 bytes are free text, where SciPy writes the time of day.
_HEADER = b'MATLAB 5.0 MAT-file, attributes of rendered people'.ljust(116)


def annotation_bytes(roster: Roster) -> bytes:
    """The content of market_attribute.mat, the same bytes for the same roster."""
    content = {}
    for split in SPLITS:
        pids = sorted(roster[split])
        rows = [look_to_fields(roster[split][pid]) for pid in pids]
        struct = {field: np.array([[row[field] for row in rows]], np.uint8) for field in FIELDS}
        index = np.empty((1, len(pids)), object)
        index[0] = [f'{pid:04d}' for pid in pids]
        content[split] = struct | {'image_index': index}
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {'market_attribute': content})
    data = bytearray(buffer.getvalue())
    data[: len(_HEADER)] = _HEADER
    return bytes(data)
