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
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from midattr_plugin.errors import InputError
from midattr_plugin.models.classifier import build_classifier
from midattr_plugin.models.parts import pool_parts
from midattr_plugin.schema import AttributeSchema

LAYERS = ('res3d', 'res4f', 'res5c', 'pool5')


class AttributeHeads(nn.Module):
    """One fully connected layer per attribute, on the body parts that the attribute is seen on.

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
        for attribute in schema:
            layer = layer_of[attribute.name]
            num_vectors = 1 if layer == 'pool5' else len(attribute.parts)
            self.heads[attribute.name] = build_classifier(num_vectors * channels[layer],
                                                          len(attribute.classes))

    def forward(self, maps: dict[str, Tensor]) -> dict[str, Tensor]:
        """Attribute name -> logits (B, c), in the order of the schema.

        Args:
            maps: layer -> map (B, C, H, W), and 'pool5' -> feature (B, C); layers that no
                attribute reads may be missing.
        """
        # Each layer is pooled once, however many attributes read it.
        layers = [layer for layer in LAYERS if layer in self.layer_of.values()]
        parts_of = {layer: pool_parts(maps[layer]) for layer in layers if layer != 'pool5'}
        logits = {}
        for attribute in self.schema:
            layer = self.layer_of[attribute.name]
            if layer == 'pool5':
                vector = maps['pool5']
            else:
                # Parts are numbered from 1, as in Table 1.
                vector = torch.cat([parts_of[layer][:, part - 1] for part in attribute.parts], 1)
            logits[attribute.name] = self.heads[attribute.name](vector)
        return logits


def assign_layers(names: Sequence[str], attribute_layer: str = 'res3d',
                  layer_overrides: Iterable[str] = ()) -> dict[str, str]:
    """Says which layer each attribute reads (the paper compares them in Tables 4 and 5).

    Args:
        names: of the attributes; none for a model without them.
        attribute_layer: the layer of all attributes that are not overridden, one of ``LAYERS``.
        layer_overrides: '<attribute>=<layer>' for others, as 'age=res4f'.

    Returns:
        Attribute name -> layer, in the order of ``names``.

    Raises:
        InputError: a layer or an attribute is unknown, or an attribute is given two layers.
    """
    if attribute_layer not in LAYERS:
        raise InputError(f'midattr.attribute_layer: unknown layer "{attribute_layer}"; choose from '
                         f'{", ".join(LAYERS)}')
    overridden = {}
    for override in layer_overrides:
        name, _, layer = override.partition('=')
        if name not in names or layer not in LAYERS:
            raise InputError(
                f'midattr.layer_overrides: "{override}" is not <attribute>=<layer> with an '
                f'attribute out of {", ".join(names) or "none"} and a layer out of '
                f'{", ".join(LAYERS)}')
        if name in overridden:
            raise InputError(f'midattr.layer_overrides: {name} is given two layers; keep one')
        overridden[name] = layer
    return {name: overridden.get(name, attribute_layer) for name in names}
