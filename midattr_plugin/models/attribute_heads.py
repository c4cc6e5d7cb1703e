"""Recognition of the attributes on body parts of a mid-level layer (paper section 2.1, Table 1).

The four layers are named as in the paper, with what torchvision calls them:

======  ========================================  ========================
layer   is                                        an attribute reads
======  ========================================  ========================
res3d   end of conv3 (``layer2``), stride 8       its parts, max-pooled
res4f   end of conv4 (``layer3``), stride 16      its parts, max-pooled
res5c   end of conv5 (``layer4``), stride 32      its parts, max-pooled
pool5   the pooled feature of the global branch   all of it (this is APR)
======  ========================================  ========================

'mixture' reads res3d, res4f and res5c; see :class:`LayerMixture`.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from midattr_plugin.errors import InputError
from midattr_plugin.models.classifier import build_classifier
from midattr_plugin.models.layer_mixture import MIXED_LAYERS, MIXTURE, LayerMixture
from midattr_plugin.models.parts import pool_parts
from midattr_plugin.schema import AttributeSchema

POOLED = 'pool5'
LAYERS = ('res3d', 'res4f', 'res5c', POOLED)
CHOICES = (*LAYERS, MIXTURE)


class AttributeHeads(nn.Module):
    """One fully connected layer per attribute, on the body parts that the attribute is seen on.

    An attribute whose layer is 'mixture' has one for each of the layers that are mixed.

    Args:
        schema: the attributes, in the order of the output.
        layer_of: attribute name -> layer that it reads, from :func:`assign_layers`.
        channels: layer -> number of its channels C.
    """

    def __init__(self, schema: AttributeSchema, layer_of: dict[str, str], channels: dict[str, int]):
        super().__init__()
        self.schema = schema
        self.layer_of = layer_of
        self.heads = nn.ModuleDict()
        self.groups: dict[tuple[str, tuple[int, ...]], list[str]] = {}  # (layer, parts) -> names
        for attribute in schema:
            layer = layer_of[attribute.name]
            parts = () if layer == POOLED else attribute.parts
            heads = nn.ModuleDict()
            for read in MIXED_LAYERS if layer == MIXTURE else (layer,):
                self.groups.setdefault((read, parts), []).append(attribute.name)
                num_vectors = len(parts) or 1
                heads[read] = build_classifier(num_vectors * channels[read], len(attribute.classes))
            self.heads[attribute.name] = heads if layer == MIXTURE else heads[layer]
        mixed = [attribute for attribute in schema if layer_of[attribute.name] == MIXTURE]
        self.mixture = (
            LayerMixture(
                [attribute.name for attribute in mixed],
                [len(attribute.classes) for attribute in mixed],
            )
            if mixed
            else None
        )

    def forward(self, maps: dict[str, Tensor]) -> dict[str, Tensor]:
        """Attribute name -> logits (B, c), in the order of the schema.

        Args:
            maps: layer -> map (B, C, H, W), and 'pool5' -> feature (B, C); layers that no
                attribute reads may be missing.
        """
        # Each layer is pooled once, and attributes that read the same parts of it are one
        # matrix product, however many they are.
        layers = dict.fromkeys(layer for layer, _ in self.groups)
        parts_of = {layer: pool_parts(maps[layer]) for layer in layers if layer != POOLED}
        read: dict[str, dict[str, Tensor]] = {name: {} for name in self.schema.names}
        for (layer, parts), names in self.groups.items():
            vector = (
                maps[POOLED]
                if layer == POOLED
                else torch.cat([parts_of[layer][:, part - 1] for part in parts], 1)
            )  # numbered from 1
            heads = [self._head(name, layer) for name in names]
            together = F.linear(
                vector,
                torch.cat([head.weight for head in heads]),
                torch.cat([head.bias for head in heads]),
            )
            classes = [head.out_features for head in heads]
            for name, logits in zip(names, together.split(classes, 1), strict=True):
                read[name][layer] = logits
        mixed = {} if self.mixture is None else self.mixture(read)
        return {
            name: mixed[name] if name in mixed else read[name][self.layer_of[name]]
            for name in self.schema.names
        }

    def _head(self, name: str, layer: str) -> nn.Linear:
        return self.heads[name][layer] if self.layer_of[name] == MIXTURE else self.heads[name]

    def mixture_weights(self) -> dict[str, dict[str, float]]:
        """Attribute name -> layer -> weight, of the attributes that are mixed; {} without any."""
        return {} if self.mixture is None else self.mixture.as_dict()


def assign_layers(
    names: Sequence[str], attribute_layer: str = 'res3d', layer_overrides: Iterable[str] = ()
) -> dict[str, str]:
    """Says which layer each attribute reads (the paper compares them in Tables 4 and 5).

    Args:
        names: of the attributes; none for a model without them.
        attribute_layer: the layer of all attributes that are not overridden, one of ``CHOICES``.
        layer_overrides: '<attribute>=<layer>' for others, as 'age=res4f'.

    Returns:
        Attribute name -> layer or 'mixture', in the order of ``names``.

    Raises:
        InputError: a layer or an attribute is unknown, or an attribute is given two layers.
    """
    if attribute_layer not in CHOICES:
        raise InputError(
            f'midattr.attribute_layer: unknown layer "{attribute_layer}"; choose from '
            f'{", ".join(CHOICES)}'
        )
    overridden = {}
    for override in layer_overrides:
        name, _, layer = override.partition('=')
        if name not in names or layer not in CHOICES:
            raise InputError(
                f'midattr.layer_overrides: "{override}" is not <attribute>=<layer> with an '
                f'attribute out of {", ".join(names) or "none"} and a layer out of '
                f'{", ".join(CHOICES)}'
            )
        if name in overridden:
            raise InputError(f'midattr.layer_overrides: {name} is given two layers; keep one')
        overridden[name] = layer
    return {name: overridden.get(name, attribute_layer) for name in names}
