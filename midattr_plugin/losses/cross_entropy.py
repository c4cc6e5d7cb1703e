"""Softmax cross entropy (paper section 2.2, Eqs. 1 and 2) where some labels are unknown."""

from torch import Tensor
from torch.nn import functional as F

from midattr_plugin.losses.attribute_loss import ATTRIBUTE_LOSSES, AttributeLoss
from midattr_plugin.schema import UNKNOWN


def masked_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    label_smoothing: float = 0.0,
    num_known: Tensor | None = None,
    class_weights: Tensor | None = None,
) -> Tensor:
    """Return the mean cross entropy over the images whose label is known, a scalar.

    The annotations leave out labels (78 of Market-1501's 751 training identities have no
    upper-body color), so a batch may have none at all: PyTorch's own mean is then not a
    number, and this one is 0 with gradients of 0.

    Args:
        logits: (B, c).
        labels: (B,) int64, in [0, c), negative where unknown.
        label_smoothing: share in [0, 1] of the target that is spread evenly over the classes.
        num_known: what the sum is divided by; see :class:`AttributeLoss`.
        class_weights: (c,), factors of the losses of the images of each class; the sum is
            divided by the number of images all the same, not by the sum of their weights.
    """
    total = F.cross_entropy(
        logits,
        labels.clamp(min=UNKNOWN),
        class_weights,
        ignore_index=UNKNOWN,
        reduction='sum',
        label_smoothing=label_smoothing,
    )
    return mean_over_known(total, labels, num_known)


def mean_over_known(total: Tensor, labels: Tensor, num_known: Tensor | None = None) -> Tensor:
    """Return a sum over the known labels (B,), divided by their number; 0 if none is known.

    Args:
        total: the sum.
        labels: (B,), negative where unknown.
        num_known: another divisor; see :class:`AttributeLoss`.
    """
    if num_known is None:
        num_known = (labels >= 0).sum().clamp(min=1)
    return total / num_known


@ATTRIBUTE_LOSSES.register('plain')
class PlainAttributeLoss(AttributeLoss):
    """The paper's loss of an attribute (Eq. 2): every image with a known label counts the same."""

    def forward(
        self, name: str, logits: Tensor, labels: Tensor, num_known: Tensor | None = None
    ) -> Tensor:
        """Return the cross entropy; see :class:`AttributeLoss`."""
        return masked_cross_entropy(logits, labels, num_known=num_known)
