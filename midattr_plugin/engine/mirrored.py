"""Test-time flip: what a model says of an image and of its mirror image, as one answer.

Features are averaged before they are normalized, as in PCB (Sun et al., ECCV 2018) and fast-reid;
attributes by their log-probabilities.
"""

from typing import Any

from torch import Tensor

from midattr_plugin.engine.precision import Precision
from midattr_plugin.engine.training_step import run_network
from midattr_plugin.models import MidAttrNet


def network_output(
    model: MidAttrNet, images: Tensor, precision: Precision, flip: bool = False
) -> dict[str, Any]:
    """Return all that a model computes in eval mode; see :func:`run_network`.

    Args:
        model: in eval mode.
        images: (B, 3, H, W).
        precision: number format of the model.
        flip: whether it also sees the mirror images; 'attribute_logits' are then log-probabilities
            but for a constant.
    """
    output = run_network(model, images, precision)
    if not flip:
        return output
    mirrored = run_network(model, images.flip(-1), precision)
    for name, logits in output['attribute_logits'].items():
        others = mirrored['attribute_logits'][name]
        output['attribute_logits'][name] = mean_of_two(logits.log_softmax(1), others.log_softmax(1))
    for branch, feature in output['features'].items():
        output['features'][branch] = mean_of_two(feature, mirrored['features'][branch])
    if output['features']:
        with precision.autocast():
            output['descriptor'] = model.describe(output['features'])
    return output


def mean_of_two(values: Tensor, others: Tensor) -> Tensor:
    """Return the mean of what was computed of images and of their mirror images."""
    return (values + others) / 2
