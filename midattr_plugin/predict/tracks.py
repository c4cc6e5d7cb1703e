"""What a model says of a whole track: means over its images.

Classes follow from the mean of the logarithms of the probabilities, so that one image of which
the model is sure of the opposite weighs more than many of which it is not.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from midattr_plugin.predict.parts import Part, read_parts
from midattr_plugin.predict.source import Source


@dataclass
class Track:
    """Sums over the images of a track."""

    first_frame: int
    last_frame: int = 0
    count: int = 0
    _logs: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    _descriptors: NDArray[np.float64] | float = 0.0

    def add(self, part: Part, position: int, frame: int) -> None:
        """Add an image of a part."""
        self.count += 1
        self.last_frame = frame
        smallest = np.finfo(np.float32).tiny
        for name, values in part.probabilities.items():
            logs = np.log(np.maximum(values[position].astype(np.float64), smallest))
            self._logs[name] = self._logs.get(name, 0) + logs
        self._descriptors = self._descriptors + unit(part.descriptors[position])

    def probabilities(self) -> dict[str, NDArray[np.float32]]:
        """Return attribute -> (c,) probabilities, which sum to 1."""
        result = {}
        for name, logs in self._logs.items():
            mean = logs / self.count
            values = np.exp(mean - mean.max())
            result[name] = (values / values.sum()).astype(np.float32)
        return result

    def descriptor(self) -> NDArray[np.float32]:
        """Return (D,): the mean of the descriptors at length 1, at length 1 itself."""
        return unit(np.asarray(self._descriptors)).astype(np.float32)


def read_tracks(parts: Path, source: Source) -> dict[int, Track]:
    """Return number of a track -> what is known of it, sorted; only those with an image.

    Args:
        parts: folder of the parts.
        source: the pictures, with boxes.
    """
    tracks: dict[int, Track] = {}
    for part in read_parts(parts):
        for position, number in enumerate(part.numbers.tolist()):
            box = source[number].box
            assert box is not None
            tracks.setdefault(box.track, Track(box.frame)).add(part, position, box.frame)
    return dict(sorted(tracks.items()))


def unit(descriptor: NDArray) -> NDArray[np.float64]:
    """Return a descriptor at length 1."""
    descriptor = descriptor.astype(np.float64)
    return descriptor / max(float(np.linalg.norm(descriptor)), 1e-12)
