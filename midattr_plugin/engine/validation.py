"""Accuracy and loss on held-out training images."""

from collections.abc import Callable, Iterable

import numpy as np
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
        probabilities; 'acc_<attribute>' over known labels, their mean 'acc_attributes', and
        'balanced_accuracy', the mean over the attributes of that of
        :func:`~midattr_plugin.metrics.score_attribute`. Accuracies are fractions.
    """
    values: dict[str, list[Tensor]] = {}  # each (B,)
    answers: dict[
        str, list[Tensor]
    ] = {}  # predicted and true class of known labels, (B or less, 2)
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
                pairs = torch.stack([logits.argmax(1), labels[:, i]], 1)[is_known]
                answers.setdefault(name, []).append(pairs.cpu())
    means = {name: torch.cat(parts).double().mean().item() for name, parts in values.items()}
    scores = {
        name: _attribute_scores(torch.cat(pairs).numpy())
        for name, pairs in answers.items()
        if any(len(part) for part in pairs)
    }
    if scores:
        accuracies, balanced = zip(*scores.values(), strict=True)
        means['acc_attributes'] = sum(accuracies) / len(accuracies)
        means['balanced_accuracy'] = sum(balanced) / len(balanced)
    return {
        'images': images,
        **means,
        **{f'acc_{name}': accuracy for name, (accuracy, _) in scores.items()},
    }


def _attribute_scores(pairs: np.ndarray) -> tuple[float, float]:
    """Return accuracy and balanced accuracy of (N, 2) predicted and true classes."""
    predicted, true = pairs.T
    is_right = predicted == true
    recalls = [is_right[true == index].mean() for index in np.unique(true)]
    return float(is_right.mean()), float(np.mean(recalls))
