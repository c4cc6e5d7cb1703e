"""Classification of the attributes on body parts of a mid-level layer (section 2.1, Table 1).

An attribute reads one of the named layers of the backbone, cut into the body parts that show the
attribute, each max-pooled; or 'pool5', the pooled feature of the global branch (this is APR); or
'mixture', a learned sum of what is recognized on each named layer (:class:`LayerMixture`). The
paper's layers (ends of conv3, conv4, conv5 of a ResNet):

======  ===========================================
layer   torchvision's name, stride
======  ===========================================
res3d   ``layer2``, 8 pixels (``s8``)
res4f   ``layer3``, 16 pixels (``s16``)
res5c   ``layer4``, 32 pixels (``s32``)
======  ===========================================
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from midattr_plugin.errors import InputError
from midattr_plugin.models.backbone import own_layer_name
from midattr_plugin.models.layer_mixture import MIXTURE, LayerMixture
from midattr_plugin.models.layers import build_classifier
from midattr_plugin.models.part_generators import PartGenerators
from midattr_plugin.schema import NUM_PARTS, AttributeSchema

POOLED = 'pool5'


class AttributeHeads(nn.Module):
    """One fully connected layer per attribute, on the body parts that show the attribute.

    An attribute whose layer is 'mixture' has one for each layer that is mixed.

    Args:
        schema: the attributes, in the order of the output.
        layer_of: attribute name -> layer that it reads, from :func:`assign_layers`.
        channels: layer -> number of its channels C.
        mixed_layers: names of the layers of which a mixture is made.
    """

    def __init__(
        self,
        schema: AttributeSchema,
        layer_of: Mapping[str, str],
        channels: Mapping[str, int],
        mixed_layers: Sequence[str] = (),
    ):
        super().__init__()
        self.schema = schema
        self.layer_of = layer_of
        self.heads = nn.ModuleDict()
        self.groups: dict[tuple[str, tuple[int, ...]], list[str]] = {}  # (layer, parts) -> names
        generators = PartGenerators()
        for attribute in schema:
            source = layer_of[attribute.name]
            parts = () if source == POOLED else attribute.parts
            heads = nn.ModuleDict()
            for layer in mixed_layers if source == MIXTURE else (source,):
                self.groups.setdefault((layer, parts), []).append(attribute.name)
                num_vectors = len(parts) or 1
                with generators.part(f'{attribute.name} {layer}'):
                    heads[layer] = build_classifier(
                        num_vectors * channels[layer], len(attribute.classes)
                    )
            self.heads[attribute.name] = heads if source == MIXTURE else heads[source]
        mixed = {
            attribute.name: len(attribute.classes)
            for attribute in schema
            if layer_of[attribute.name] == MIXTURE
        }
        self.mixture = LayerMixture(mixed, mixed_layers) if mixed else None

    def forward(self, maps: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the logits (B, c) of each attribute, by name, in the order of the schema.

        Args:
            maps: layer -> map (B, C, H, W), and 'pool5' -> feature (B, C); layers that no
                attribute reads may be missing.
        """
        # Each layer is pooled once, and attributes that read the same parts of it are one
        # matrix product, however many they are.
        layers = dict.fromkeys(layer for layer, _ in self.groups)
        pooled = {layer: pool_parts(maps[layer]) for layer in layers if layer != POOLED}
        by_layer: dict[str, dict[str, Tensor]] = {name: {} for name in self.schema.names}
        for (layer, parts), names in self.groups.items():
            if layer == POOLED:
                vector = maps[POOLED]
            else:  # parts are numbered from 1
                vector = torch.cat([pooled[layer][:, part - 1] for part in parts], 1)
            heads = [self._head(name, layer) for name in names]
            together = F.linear(
                vector,
                torch.cat([head.weight for head in heads]),
                torch.cat([head.bias for head in heads]),
            )
            classes = [head.out_features for head in heads]
            for name, logits in zip(names, together.split(classes, 1), strict=True):
                by_layer[name][layer] = logits
        mixed = {} if self.mixture is None else self.mixture(by_layer)
        return {
            name: mixed[name] if name in mixed else by_layer[name][self.layer_of[name]]
            for name in self.schema.names
        }

    def weighted_heads(self, name: str) -> dict[str, tuple[float, nn.Linear]]:
        """Return layer -> weight in the logits and head of an attribute; of a mixture several."""
        if self.layer_of[name] != MIXTURE:
            return {self.layer_of[name]: (1.0, self._head(name, self.layer_of[name]))}
        weights = self.mixture_weights()[name]
        return {layer: (weight, self._head(name, layer)) for layer, weight in weights.items()}

    def _head(self, name: str, layer: str) -> Any:
        head: Any = self.heads[name]
        return head[layer] if self.layer_of[name] == MIXTURE else head

    def mixture_weights(self) -> dict[str, dict[str, float]]:
        """Return attribute name -> layer -> weight of the attributes that are mixed."""
        return {} if self.mixture is None else self.mixture.as_dict()


def pool_parts(maps: Tensor) -> Tensor:
    """Return the maximum of each channel in each of the 4 horizontal body parts (Table 1).

    Where the height is not a multiple of 4, part i reaches from row floor(i * H / 4) up to, not
    including, row ceil((i + 1) * H / 4), so that neighbors share a row and none is left out:
    the 7 rows of res5c at 224 x 224 give the rows 0-1, 1-3, 3-5 and 5-6.

    Args:
        maps: (B, C, H, W).

    Returns:
        (B, 4, C), head and shoulders first.
    """
    if maps.device.type == 'cpu' or maps.shape[2] % NUM_PARTS:
        pooled = F.adaptive_max_pool2d(maps, (NUM_PARTS, 1))
    else:
        pooled = max_of_equal_parts(maps)
    return pooled.squeeze(3).transpose(1, 2)


def max_of_equal_parts(maps: Tensor) -> Tensor:
    """Return the same (B, C, 4, 1) as adaptive pooling where H is a multiple of 4.

    A GPU computes it without copies and with all its threads; the gradient on a CPU is slow.
    """
    height, width = maps.shape[2:]
    return F.max_pool2d(maps, (height // NUM_PARTS, width))


def layer_choices(layers: Iterable[str]) -> tuple[str, ...]:
    """Return what an attribute may read in a backbone with these layers."""
    return (*layers, POOLED, MIXTURE)


def assign_layers(
    names: Sequence[str],
    layers: Iterable[str],
    attribute_layer: str = 'res3d',
    layer_overrides: Iterable[str] = (),
) -> dict[str, str]:
    """Return which layer each attribute reads (Tables 4 and 5 compare layers).

    Args:
        names: of the attributes; none for a model without them.
        layers: named layers of the backbone.
        attribute_layer: layer of all attributes that are not overridden: one of ``layers``,
            'pool5' or 'mixture'. A layer has two names: 's8' is 'res3d', and so on.
        layer_overrides: '<attribute>=<layer>' for others, e.g. 'age=res4f'.

    Returns:
        Attribute name -> layer as the backbone names it, 'pool5' or 'mixture', in the order of
        ``names``.

    Raises:
        InputError: a layer or an attribute is unknown, or an attribute is given two layers.
    """
    layers = tuple(layers)
    choices = layer_choices(layers)
    attribute_layer = own_layer_name(attribute_layer, layers)
    if names and attribute_layer not in choices:
        raise InputError(
            f'midattr.attribute_layer: this backbone has no layer "{attribute_layer}"; choose from '
            f'{", ".join(choices)}'
        )
    overridden: dict[str, str] = {}
    for override in layer_overrides:
        name, _, layer = override.partition('=')
        layer = own_layer_name(layer, layers)
        if name not in names or layer not in choices:
            raise InputError(
                f'midattr.layer_overrides: "{override}" is not <attribute>=<layer> with an '
                f'attribute out of {", ".join(names) or "none"} and a layer out of '
                f'{", ".join(choices)}'
            )
        if name in overridden:
            raise InputError(f'midattr.layer_overrides: {name} is given two layers; keep one')
        overridden[name] = layer
    return {name: overridden.get(name, attribute_layer) for name in names}
