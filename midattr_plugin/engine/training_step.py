"""Forward pass, losses and log of one training step: what ``midattr.compile`` makes one graph of.

Apart from the network these are a hundred operations on a few numbers each, which together take
a GPU longer to start than to run.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from midattr_plugin.engine.precision import Precision
from midattr_plugin.losses import MidAttrLoss


class TrainingStep(nn.Module):
    """Everything of a step that comes before the backward pass; reads nothing from the device.

    Args:
        network: the model, or its replica.
        criterion: the loss.
        precision: number format of the network.
    """

    def __init__(self, network: nn.Module, criterion: MidAttrLoss, precision: Precision):
        super().__init__()
        self.network = network
        self.criterion = criterion
        self.precision = precision

    def forward(
        self, imgs: Tensor, pids: Tensor, attrs: Tensor | None, num_known: Tensor | None
    ) -> tuple[Tensor, list[str], Tensor]:
        """Return the loss, and the names and sums for a :class:`StepLog`.

        Args:
            imgs: (B, 3, H, W).
            pids: (B,).
            attrs: (B, m), negative where unknown; None for a model without attributes.
            num_known: (m,), see :meth:`MidAttrLoss.forward`.
        """
        output = run_network(self.network, imgs, self.precision)
        logits = output['identity_logits'], output['attribute_logits']
        terms = self.criterion(*logits, pids, attrs, num_known, output['features'])
        with torch.no_grad():
            names, sums = _summary(terms, *logits, pids, attrs)
        return terms['loss'], names, sums


def run_network(network: Callable, imgs: Tensor, precision: Precision) -> dict[str, Any]:
    """Return all that a ``MidAttrNet`` computes, logits and features in float32.

    Args:
        network: the model, or its replica.
        imgs: (B, 3, H, W).
        precision: number format of the network.
    """
    imgs = imgs.contiguous(memory_format=torch.channels_last)
    with precision.autocast():
        output = network(imgs, return_dict=True)
    for group in ('identity_logits', 'attribute_logits', 'features'):
        output[group] = {name: x.float() for name, x in output.get(group, {}).items()}
    return output


def _summary(
    terms: Mapping[str, Tensor],
    identity_logits: Mapping[str, Tensor],
    attribute_logits: Mapping[str, Tensor],
    pids: Tensor,
    attrs: Tensor | None,
) -> tuple[list[str], Tensor]:
    """Return the names of all terms and accuracies, and their totals and counts (2, n)."""
    logits = {**identity_logits, **attribute_logits}
    predictions = torch.stack([x.argmax(1) for x in logits.values()], 1)
    labels = pids[:, None].expand(-1, len(identity_logits))
    if attribute_logits and attrs is not None:
        labels = torch.cat([labels, attrs], 1)
    # a prediction is never negative, as an unknown label is
    right, known = (predictions == labels).sum(0), (labels >= 0).sum(0)
    losses = torch.stack(list(terms.values()))
    sums = torch.stack(
        [torch.cat([losses, 100 * right]), torch.cat([torch.ones_like(losses), known])]
    )
    return [*terms, *(f'acc_{name}' for name in logits)], sums.float()
