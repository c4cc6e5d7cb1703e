"""Accuracy and loss on held-out training images."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

Classified = tuple[dict[str, Tensor], dict[str, Tensor], Tensor, Tensor | None]
"""Logits and labels of a batch:

* identity logits, branch -> (B, n);
* attribute logits, attribute -> (B, c);
* pids (B,), indices of the n training identities;
* attribute labels (B, m), columns in the order of the attributes, negative where unknown; None
  for a model without attributes.
"""


@torch.no_grad()
def measure_validation(
    batches: Iterable[dict], classify: Callable[[dict], Classified]
) -> dict[str, float]:
    """Measure how well identities and attributes are classified, over all images of the batches.

    Args:
        batches: batches of torchreid's loader.
        classify: computes the logits of a batch and moves its labels to the same device.

    Returns:
        'images', their number; 'acc_<branch>' and 'loss_<branch>' (cross entropy) of the
        identities; with several branches 'acc_fused', the accuracy of the product of their
        probabilities; 'acc_<attribute>' over known labels, and their mean 'acc_attributes'.
        Accuracies are fractions.
    """
    values: dict[str, list[Tensor]] = {}  # each (B,) or shorter
    images = 0
    for batch in batches:
        identity_logits, attribute_logits, pids, labels = classify(batch)
        images += len(pids)
        log_probabilities = {name: F.log_softmax(x, 1) for name, x in identity_logits.items()}
        for branch, logits in identity_logits.items():
            losses = F.nll_loss(log_probabilities[branch], pids, reduction='none')
            values.setdefault(f'acc_{branch}', []).append(logits.argmax(1) == pids)
            values.setdefault(f'loss_{branch}', []).append(losses)
        if len(identity_logits) > 1:
            fused = torch.stack(list(log_probabilities.values())).sum(0)
            values.setdefault('acc_fused', []).append(fused.argmax(1) == pids)
        if labels is not None:
            for i, (name, logits) in enumerate(attribute_logits.items()):
                is_known = labels[:, i] >= 0
                correct = logits.argmax(1) == labels[:, i]
                values.setdefault(f'attribute {name}', []).append(correct[is_known])
    means = {
        name: torch.cat(parts).double().mean().item()
        for name, parts in values.items()
        if any(len(part) for part in parts)
    }
    attributes = {
        f'acc_{name.removeprefix("attribute ")}': means.pop(name)
        for name in list(means)
        if name.startswith('attribute ')
    }
    if attributes:
        means['acc_attributes'] = sum(attributes.values()) / len(attributes)
    return {'images': images, **means, **attributes}
