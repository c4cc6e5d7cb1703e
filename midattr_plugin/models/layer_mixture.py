"""A learned mixture of layers to recognize each attribute on (not in the paper).

The paper compares the layers one at a time, for all attributes together (Tables 4 and 5), and
leaves the best layer for each attribute to future work (section 4). Here every attribute learns
for itself how much to trust each layer, by softmax-normalized weights, as Peters et al. mix the
layers of a language model (ELMo, NAACL 2018, Eq. 1).

Shapes: B images, m attributes, c classes of one of them, C of all of them, L layers.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

MIXTURE = 'mixture'


class LayerMixture(nn.Module):
    """Logits of an attribute = sum over the layers l of weight_l * logits_l.

    The logits are mixed, not the maps or vectors, whose channels differ from layer to layer, and
    not the probabilities, so that every loss and score takes the result as it takes any other
    logits. ``logits`` (m, L) are the parameters, whose softmax over L gives the weights. They
    start at 0, which weighs all layers equally. They are one tensor and not a ``ParameterDict``,
    which ``DataParallel`` leaves empty in its replicas.

    Args:
        num_classes: attribute name -> c, of the attributes that are mixed; at least one.
        layers: names of the L layers.
    """

    def __init__(self, num_classes: Mapping[str, int], layers: Sequence[str]):
        super().__init__()
        self.num_classes = dict(num_classes)
        self.layers = tuple(layers)
        self.attribute_of: Tensor
        self.logits = nn.Parameter(torch.zeros(len(num_classes), len(layers)))
        attribute_of = [i for i, c in enumerate(num_classes.values()) for _ in range(c)]
        self.register_buffer('attribute_of', torch.tensor(attribute_of), persistent=False)

    def forward(self, logits: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """Return attribute name -> mixed logits (B, c).

        Args:
            logits: attribute name -> layer -> logits (B, c); attributes that are not mixed are
                ignored.
        """
        # All attributes side by side: a few operations, however many attributes there are.
        stacked = torch.stack(
            [
                torch.cat([logits[name][layer] for name in self.num_classes], 1)
                for layer in self.layers
            ],
            2,
        )  # (B, C, L)
        mixed = (stacked * self.weights()[self.attribute_of]).sum(2)
        parts = mixed.split(list(self.num_classes.values()), 1)
        return dict(zip(self.num_classes, parts, strict=True))

    def weights(self) -> Tensor:
        """Return the weights (m, L), positive, each row of sum 1."""
        return self.logits.softmax(1)

    @torch.no_grad()
    def as_dict(self) -> dict[str, dict[str, float]]:
        """Return attribute name -> layer -> weight."""
        return {
            name: dict(zip(self.layers, row, strict=True))
            for name, row in zip(self.num_classes, self.weights().tolist(), strict=True)
        }
