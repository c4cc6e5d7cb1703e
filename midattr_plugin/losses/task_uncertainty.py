"""Weights of the tasks that are learned with them.

Kendall, Gal and Cipolla, Multi-Task Learning Using Uncertainty to Weigh Losses, CVPR 2018. The
paper (Zhang and Xu, 2018) leaves the weights of the tasks as future work.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn


class TaskUncertainty(nn.Module):
    """One log-variance s per term, which turns a loss L into exp(-s) * L + s / 2.

    This is the form for a classification (Eq. 10 of Kendall et al., with s = log sigma^2: their
    1 / sigma^2 * L + log sigma), as every term is a cross entropy. s is 0 at first, where the
    term is L itself. At the best s, exp(-s) is 1 / (2 L): a term that has become small weighs
    more, without a bound.

    Args:
        terms: names of the losses, in the order of ``log_variances`` (T,).
    """

    def __init__(self, terms: Iterable[str]):
        super().__init__()
        self.terms = tuple(terms)
        self.log_variances = nn.Parameter(torch.zeros(len(self.terms)))

    def forward(
        self, losses: Mapping[str, Tensor], has_labels: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the losses (term -> scalar) as they are to be summed.

        Args:
            losses: term -> scalar.
            has_labels: term -> whether any label was known, bool, for terms that may lack them. A
                term without labels is 0 and stays 0: its s / 2 alone would raise its weight.
        """
        s = dict(zip(self.terms, self.log_variances, strict=True))
        return {
            term: torch.exp(-s[term]) * loss + s[term] / 2 * has_labels.get(term, 1)
            for term, loss in losses.items()
        }

    @torch.no_grad()
    def weights(self) -> dict[str, float]:
        """Return exp(-s) of each term: the factor of its configured weight."""
        return dict(zip(self.terms, torch.exp(-self.log_variances).tolist(), strict=True))


TASK_WEIGHTS: dict[str, type[TaskUncertainty] | None] = {
    'fixed': None,
    'uncertainty': TaskUncertainty,
}
"""How the losses are weighted, by name: a module made of the names of the terms, or nothing."""
