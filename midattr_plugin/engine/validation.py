"""How well identities and attributes of held-out training images are recognized."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.nn import functional as F


@torch.no_grad()
def measure_validation(
    batches: Iterable[dict], recognize: Callable[[dict], tuple]
) -> dict[str, float]:
    """Over all images of the batches.

    Args:
        batches: of torchreid's loader.
        recognize: batch -> identity logits {branch: (B, n)}, attribute logits {name: (B, c)},
            pids (B,) and labels (B, m) in the order of the attributes, negative where unknown.

    Returns:
        'images', their number; 'acc_<branch>' and 'loss_<branch>' (cross entropy) of the
        identities; 'acc_fused', of the branches' probabilities multiplied, if there are several;
        'acc_<attribute>' over known labels, and their mean 'acc_attributes'. Accuracies are
        fractions.
    """
    rows: dict[str, list[Tensor]] = {}
    images = 0
    for batch in batches:
        logits, attributes, pids, labels = recognize(batch)
        images += len(pids)
        fused = 0
        for branch, x in logits.items():
            log_probabilities = F.log_softmax(x, 1)
            fused = fused + log_probabilities
            rows.setdefault(f'acc_{branch}', []).append(x.argmax(1) == pids)
            rows.setdefault(f'loss_{branch}', []).append(
                F.nll_loss(log_probabilities, pids, reduction='none')
            )
        if len(logits) > 1:
            rows.setdefault('acc_fused', []).append(fused.argmax(1) == pids)
        for i, (name, x) in enumerate(attributes.items()):
            known = labels[:, i] >= 0
            rows.setdefault(f'attribute {name}', []).append((x.argmax(1) == labels[:, i])[known])
    means = {
        name: torch.cat(values).double().mean().item()
        for name, values in rows.items()
        if sum(map(len, values))
    }
    of_attributes = [name for name in means if name.startswith('attribute ')]
    results = {name: value for name, value in means.items() if name not in of_attributes}
    if of_attributes:
        results['acc_attributes'] = sum(map(means.get, of_attributes)) / len(of_attributes)
        results |= {f'acc_{name.removeprefix("attribute ")}': means[name] for name in of_attributes}
    return {'images': images, **results}
