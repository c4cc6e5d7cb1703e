"""Attribute loss in which the images of rare classes count more.

Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019. The paper
(Zhang and Xu, 2018) leaves imbalanced attribute labels as future work.

Shapes: N training images, m attributes, c classes of one of them.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from midattr_plugin.losses.attribute_loss import ATTRIBUTE_LOSSES, AttributeLoss
from midattr_plugin.losses.cross_entropy import masked_cross_entropy


@ATTRIBUTE_LOSSES.register('class_balanced')
class ClassBalancedLoss(AttributeLoss):
    """Cross entropy whose terms are weighted by the class of the image.

    Args:
        counts: attribute name -> training images (c,) of each class.
        beta: in [0, 1); see :func:`class_balanced_weights`.
    """

    def __init__(self, counts: Mapping[str, Tensor], beta: float = 0.999):
        super().__init__()
        self._names = list(counts)
        for i, count in enumerate(counts.values()):
            # not in checkpoints: the training images are counted again
            self.register_buffer(
                f'weights{i}', class_balanced_weights(count, beta).float(), persistent=False
            )

    @classmethod
    def build(
        cls, count_classes: Callable[[], Mapping[str, Tensor]], **options: Any
    ) -> 'ClassBalancedLoss':
        """Return the loss for the class counts of a training set; see :class:`AttributeLoss`.

        Args:
            count_classes: returns them.
            **options: arguments of the constructor.
        """
        return cls(count_classes(), **options)

    def weights(self, name: str) -> Tensor:
        """Return the class weights (c,) of an attribute."""
        return getattr(self, f'weights{self._names.index(name)}')

    def forward(
        self, name: str, logits: Tensor, labels: Tensor, num_known: Tensor | None = None
    ) -> Tensor:
        """Return the weighted cross entropy; see :class:`AttributeLoss`.

        The weighted sum is divided by the number of images, so a batch of frequent classes only
        has a small loss; divided by the weights, such a batch would count as much as any other.
        """
        return masked_cross_entropy(
            logits,
            labels,
            num_known=num_known,
            class_weights=self.weights(name).to(logits.dtype),
        )


def class_balanced_weights(counts: Tensor, beta: float) -> Tensor:
    """Return the weights (c,), float64, of classes with ``counts`` (c,) images.

    (1 - beta) / (1 - beta^n), the inverse of the effective number of n images (Proposition 1 of
    Cui et al.), scaled to average 1 over the classes that occur. Their section 4 has the weights
    sum to the number of classes, so that the loss keeps its scale, which is set by
    ``midattr.attribute_weight``. A class without images has the weight 0 and is left out of the
    average: its weight would be infinite, and no training image could bring it to bear.

    Args:
        counts: number of images of each class.
        beta: 0 gives equal weights; towards 1 they approach 1 / n.
    """
    counts = counts.double()
    occurs = counts > 0
    effective = (1 - beta**counts) / (1 - beta)
    weights = torch.where(occurs, 1 / effective.where(occurs, 1), 0)
    return weights * (occurs.sum() / weights.sum().where(occurs.any(), 1))
