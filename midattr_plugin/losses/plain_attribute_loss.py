"""The paper's loss of an attribute (section 2.2, Eq. 2)."""

from torch import Tensor, nn

from midattr_plugin.losses.cross_entropy import masked_cross_entropy


class PlainAttributeLoss(nn.Module):
    """Cross entropy in which every image with a known label counts the same."""

    def forward(
        self, name: str, logits: Tensor, labels: Tensor, known: Tensor | None = None
    ) -> Tensor:
        """Scalar; the arguments are those of :func:`masked_cross_entropy`, and the attribute."""
        return masked_cross_entropy(logits, labels, known=known)
