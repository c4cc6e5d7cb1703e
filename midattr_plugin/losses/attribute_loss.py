"""The loss of one attribute: what all of them share, and where they are found by name.

To add one, put it into a file of its own::

    @ATTRIBUTE_LOSSES.register('my_loss')
    class MyLoss(AttributeLoss):
        def forward(self, name, logits, labels, num_known=None): ...

and choose it with ``midattr.attribute_loss my_loss``. A key of the configuration becomes an
argument of the constructor if its row says ``argument='attribute_loss.my_loss.<argument>'``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from midattr_plugin.registry import Registry


class AttributeLoss(nn.Module, ABC):
    """Loss of one attribute of a batch; labels may be unknown. It may have parameters to learn."""

    @classmethod
    def build(
        cls, count_classes: Callable[[], Mapping[str, Tensor]], **options: Any
    ) -> 'AttributeLoss':
        """Return the loss for a training set.

        Args:
            count_classes: returns the number of training images (c,) of each class, by
                attribute; counting takes a moment, so only those call it that need it.
            **options: arguments of the constructor, from the configuration.
        """
        return cls(**options)

    @abstractmethod
    def forward(
        self, name: str, logits: Tensor, labels: Tensor, num_known: Tensor | None = None
    ) -> Tensor:
        """Return the loss of an attribute, a scalar; 0 if no label is known.

        Args:
            name: of the attribute.
            logits: (B, c).
            labels: (B,) int64, in [0, c), negative where unknown.
            num_known: above 0, what the sum is divided by, if not the number of known labels of
                this batch: their mean number per process, where a batch is sharded.
        """


ATTRIBUTE_LOSSES: Registry[type[AttributeLoss]] = Registry(
    'attribute loss', 'midattr.attribute_loss'
)
"""Attribute losses by name."""
