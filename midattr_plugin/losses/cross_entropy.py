"""Softmax cross entropy (paper section 2.2, Eqs. 1 and 2) where some labels are unknown."""

import torch
from torch import Tensor
from torch.nn import functional as F

UNKNOWN = -1


def masked_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    label_smoothing: float = 0.0,
    known: Tensor | None = None,
    class_weights: Tensor | None = None,
) -> Tensor:
    """Mean cross entropy over the images whose label is known.

    The annotations leave out labels (78 of Market-1501's 751 training identities have no
    upper-body color), so a batch may have none at all: PyTorch's own mean is then not a
    number, and this one is 0 with gradients of 0.

    Args:
        logits: (B, c).
        labels: (B,) int64, in [0, c), negative where unknown.
        label_smoothing: share in [0, 1] of the target that is spread evenly over the classes.
        known: what the sum is divided by, if not by the number of known labels of this batch:
            their mean number per process, where the batch is shared out.
        class_weights: (c,), factors of the losses of the images of each class; the sum is
            divided by the number of images all the same, not by the sum of their weights.

    Returns:
        Scalar.
    """
    total = F.cross_entropy(
        logits,
        labels.clamp(min=UNKNOWN),
        class_weights,
        ignore_index=UNKNOWN,
        reduction='sum',
        label_smoothing=label_smoothing,
    )
    return over_known(total, labels, known)


def over_known(total: Tensor, labels: Tensor, known: Tensor | None = None) -> Tensor:
    """A sum over the known labels (B,), divided by their number or by ``known``; 0 if none is."""
    if known is None:
        known = (labels >= 0).sum()
    return total / torch.where(known > 0, known, 1)
