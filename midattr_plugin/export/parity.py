"""Whether an exported file says the same as PyTorch, measured on images.

Shapes: N images, D dimensions of a descriptor, c classes of an attribute.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from midattr_plugin.errors import InputError
from midattr_plugin.predict.image_predictor import ImagePredictor
from midattr_plugin.predict.prediction import Prediction

BATCH_SIZES = (1, 7, 64)
"""Numbers of images at a time with which a file is tried."""

_NEAR_TIE = 1e-3
"""Two classes whose logits differ by less change places by the rounding of float32."""


@dataclass(frozen=True)
class Limits:
    """What a file must reach.

    Attributes:
        lowest_cosine: of an image's descriptor with that of PyTorch, at least.
        mean_cosine: over the images, at least.
        equal_classes: share of the classes that are the same, at least; near-ties do not count.
        probability: by which any may differ, at most.
        remedy: against missing one of them.
    """

    lowest_cosine: float
    mean_cosine: float
    equal_classes: float
    probability: float
    remedy: str


FLOAT32 = Limits(
    lowest_cosine=0.9999,
    mean_cosine=0.9999,
    equal_classes=1.0,
    probability=0.01,
    remedy='use another version of onnxscript or of the runtime',
)
INT8 = Limits(
    lowest_cosine=0.9,
    mean_cosine=0.98,
    equal_classes=0.95,
    probability=1.0,
    remedy='calibrate with more images, which are like those that it is for',
)


@dataclass(frozen=True)
class Parity:
    """How two predictions of the same N images differ.

    Attributes:
        lowest_cosine: between the two descriptors of an image, the lowest; None without any.
        mean_cosine: the mean.
        equal_classes: share of the classes that are the same, near-ties left out; None without any.
        classes: number of classes that were compared, near-ties left out.
        near_ties: number of classes that were left out, as the first two are equally probable
            within the rounding of float32.
        probability: largest difference between two probabilities of a class.
    """

    lowest_cosine: float | None
    mean_cosine: float | None
    equal_classes: float | None
    classes: int
    near_ties: int
    probability: float

    def failures(self, limits: Limits) -> list[str]:
        """Return what misses the limits, in words."""
        checks = [
            ('lowest cosine', self.lowest_cosine, limits.lowest_cosine, False),
            ('mean cosine', self.mean_cosine, limits.mean_cosine, False),
            ('share of equal classes', self.equal_classes, limits.equal_classes, False),
            ('difference of a probability', self.probability, limits.probability, True),
        ]
        return [
            f'{name} {value:.6g}, {"at most" if is_upper else "at least"} {limit:g}'
            for name, value, limit, is_upper in checks
            # what is not a number misses any limit
            if value is not None and not (value <= limit if is_upper else value >= limit)
        ]


def compare(reference: Prediction, other: Prediction) -> Parity:
    """Return how a prediction differs from that of PyTorch.

    Args:
        reference: of PyTorch.
        other: of the same images.
    """
    cosines = (_unit(reference.descriptors) * _unit(other.descriptors)).sum(1)
    has_descriptors = reference.descriptors.shape[1] > 0
    equal = classes = ties = 0
    difference = 0.0
    for name, ours in reference.probabilities.items():
        theirs = other.probabilities[name]
        is_tie = _is_near_tie(ours)
        same = ours.argmax(1) == theirs.argmax(1)
        equal += int(same[~is_tie].sum())
        classes += int((~is_tie).sum())
        ties += int(is_tie.sum())
        difference = max(difference, float(np.abs(ours - theirs).max()))
    return Parity(
        float(cosines.min()) if has_descriptors else None,
        float(cosines.mean()) if has_descriptors else None,
        equal / classes if classes else None,
        classes,
        ties,
        difference,
    )


def check_parity(
    reference: Prediction,
    predictor: ImagePredictor,
    images: Sequence[Any],
    limits: Limits,
    name: str,
    batch_sizes: Iterable[int] = BATCH_SIZES,
) -> dict[int, Parity]:
    """Compare a file with PyTorch at several batch sizes.

    Args:
        reference: what PyTorch says of the images.
        predictor: of the file; its ``batch_size`` is changed.
        images: the images.
        limits: that it must reach.
        name: of the file, for the message.
        batch_sizes: numbers of images at a time.

    Returns:
        Batch size -> result.

    Raises:
        InputError: it misses a limit.
    """
    results = {}
    for batch_size in batch_sizes:
        predictor.batch_size = batch_size
        results[batch_size] = parity = compare(reference, predictor(images))
        if failures := parity.failures(limits):
            raise InputError(
                f'"{name}" is not written, because it does not say the same as PyTorch '
                f'({"; ".join(failures)}; {len(images)} images, {batch_size} at a time); '
                f'{limits.remedy}'
            )
    return results


def parity_table(results: dict[str, dict[int, Parity]]) -> str:
    """Return a table for the console.

    Args:
        results: file -> batch size -> result.
    """
    width = max(map(len, ['file', *results]))
    lines = [
        f'{"file":<{width}}  batch  cosine: lowest      mean  equal classes  near-ties  '
        'probability differs by'
    ]
    for name, by_batch in results.items():
        for batch_size, parity in by_batch.items():
            equal = '-' if parity.equal_classes is None else f'{parity.equal_classes:.3%}'
            lowest, mean = (
                '-' if cosine is None else f'{cosine:.7f}'
                for cosine in (parity.lowest_cosine, parity.mean_cosine)
            )
            lines.append(
                f'{name:<{width}}  {batch_size:>5}  {lowest:>14}'
                f'{mean:>10}  {equal:>13}  {parity.near_ties:>9}  '
                f'{parity.probability:>22.1e}'
            )
    return '\n'.join(lines)


def _is_near_tie(probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return (N,): whether the logits of the first two classes differ by less than rounding."""
    tiny = np.finfo(np.float32).tiny
    logs = np.log(np.maximum(np.sort(probabilities.astype(np.float64), axis=1)[:, -2:], tiny))
    if probabilities.shape[1] < 2:
        return np.zeros(len(probabilities), bool)
    return logs[:, 1] - logs[:, 0] < _NEAR_TIE


def _unit(descriptors: NDArray[np.float32]) -> NDArray[np.float64]:
    descriptors = descriptors.astype(np.float64)
    return descriptors / np.maximum(np.linalg.norm(descriptors, axis=1, keepdims=True), 1e-12)
