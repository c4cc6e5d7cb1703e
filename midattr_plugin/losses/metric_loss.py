"""Losses that compare the features of a batch: what they share, and where they are found by name.

To add one, put it into a file of its own::

    @METRIC_LOSSES.register('my_loss')
    class MyLoss(MetricLoss):
        def forward(self, features, pids): ...

and choose it with ``midattr.metric_loss my_loss``. A key of the configuration becomes an argument
of the constructor if its row says ``argument='metric_loss.my_loss.<argument>'``.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from midattr_plugin.registry import Registry


class MetricLoss(nn.Module, ABC):
    """Loss of the features of a branch, over the images of all processes."""

    @abstractmethod
    def forward(self, features: Tensor, pids: Tensor) -> Tensor:
        """Return the loss, a scalar; not a number if there is only one identity.

        Args:
            features: (B, D).
            pids: (B,).
        """


METRIC_LOSSES: Registry[type[MetricLoss]] = Registry('metric loss', 'midattr.metric_loss')
"""Metric losses by name."""
