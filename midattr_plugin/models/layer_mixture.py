"""A learned mixture of layers to recognize each attribute on (not in the paper).

The paper compares the layers one at a time, for all attributes together (Tables 4 and 5), and
leaves the best layer for each attribute to future work (section 4). Here every attribute learns
for itself how much to trust each layer, by softmax-normalized weights, as Peters et al. mix the
layers of a language model (ELMo, NAACL 2018, Eq. 1).

Shapes: B images, m attributes, c classes of one of them, C of all of them, L = 3 layers.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

MIXTURE = 'mixture'
MIXED_LAYERS = ('res3d', 'res4f', 'res5c')


class LayerMixture(nn.Module):
    """Logits of an attribute = sum over the layers l of weight_l * logits_l.

    The logits are mixed, not the maps or vectors, whose channels differ from layer to layer, and
    not the probabilities, so that every loss and measure takes the result as it takes any other
    logits. ``logits`` (m, L) are the parameters, whose softmax over L are the weights. They
    start at 0, which weighs all layers equally. They are one tensor and no ``ParameterDict``,
    which ``DataParallel`` leaves empty in its replicas.

    Args:
        names: of the attributes that are mixed, m of them, at least one.
        num_classes: of each of these attributes.
    """

    def __init__(self, names: Sequence[str], num_classes: Sequence[int]):
        super().__init__()
        self.names = tuple(names)
        self.num_classes = tuple(num_classes)
        self.logits = nn.Parameter(torch.zeros(len(names), len(MIXED_LAYERS)))
        attribute_of = [i for i, classes in enumerate(num_classes) for _ in range(classes)]
        self.register_buffer('attribute_of', torch.tensor(attribute_of), persistent=False)

    def forward(self, logits: dict[str, dict[str, Tensor]]) -> dict[str, Tensor]:
        """Attribute name -> mixed logits (B, c).

        Args:
            logits: attribute name -> layer -> logits (B, c); others than ``names`` are ignored.
        """
        # All attributes side by side: a few operations, however many attributes there are.
        of_layers = torch.stack(
            [torch.cat([logits[name][layer] for name in self.names], 1) for layer in MIXED_LAYERS],
            2,
        )  # (B, C, L)
        mixed = (of_layers * self.weights()[self.attribute_of]).sum(2)
        return dict(zip(self.names, mixed.split(self.num_classes, 1), strict=True))

    def weights(self) -> Tensor:
        """(m, L), positive, each row of sum 1."""
        return self.logits.softmax(1)

    @torch.no_grad()
    def as_dict(self) -> dict[str, dict[str, float]]:
        """Attribute name -> layer -> weight."""
        return {
            name: dict(zip(MIXED_LAYERS, row, strict=True))
            for name, row in zip(self.names, self.weights().tolist(), strict=True)
        }
