"""Where an attribute was seen: the terms of its logits, each at one position of a map.

The vector of an attribute is a maximum per channel and body part, and its head is linear
(section 2.1). So each term of a logit, weight times maximum, stands at the position of that
maximum, and the terms and the bias sum to the logit: nothing is approximated. On 'pool5' each
position has its share of every term; of a mixture the layers have one map each.

Shapes: B images, c classes, C channels, h x w positions of the map of a layer.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from midattr_plugin.errors import InputError
from midattr_plugin.models.attribute_heads import POOLED
from midattr_plugin.models.midattr_net import MidAttrNet
from midattr_plugin.schema import NUM_PARTS


@dataclass(frozen=True)
class Evidence:
    """The terms of the logits of an attribute.

    Attributes:
        terms: layer -> (B, c, h, w) float32; several layers only for a mixture.
        bias: (c,) float32.
    """

    terms: Mapping[str, Tensor]
    bias: Tensor

    @property
    def logits(self) -> Tensor:
        """The logits (B, c): the sum of all terms and the bias."""
        return sum(terms.sum((2, 3)) for terms in self.terms.values()) + self.bias

    def maps(self, index: Tensor) -> Tensor:
        """Return what speaks for a class and against the others, as (B, h, w).

        These are its terms minus the mean of the terms of all classes, as probabilities depend on
        differences of logits alone. Of several layers the coarse ones are spread evenly over the
        positions of the finest, so that the sum remains.

        Args:
            index: (B,) int64, of the class for each image.
        """
        rows = torch.arange(len(index), device=index.device)
        maps = [terms[rows, index] - terms.mean(1) for terms in self.terms.values()]
        size = max(tuple(values.shape[1:]) for values in maps)
        return torch.stack([_spread(values, size) for values in maps]).sum(0)


@torch.inference_mode()
def attribute_evidence(model: MidAttrNet, images: Tensor) -> dict[str, Evidence]:
    """Return the evidence of each attribute, by name.

    Args:
        model: a model with attributes, in eval mode.
        images: (B, 3, H, W), as ``model.preprocess`` makes them.

    Raises:
        InputError: the model has no attributes.
    """
    if getattr(model, 'schema', None) is None:
        raise InputError(
            'this model has no attributes, of which there would be maps; give one that has'
        )
    heads = model.attribute_heads
    weighted = {attribute.name: heads.weighted_heads(attribute.name) for attribute in heads.schema}
    layers = {layer: None for by_layer in weighted.values() for layer in by_layer}
    maps = {layer: values.float() for layer, values in model.layer_maps(images, layers).items()}
    maxima = {
        layer: F.adaptive_max_pool2d(values, (NUM_PARTS, 1), return_indices=True)
        for layer, values in maps.items()
        if layer != POOLED
    }
    pool5_shares = model.pool5_shares(maps[POOLED]) if POOLED in layers else torch.empty(0)
    evidence = {}
    for attribute in heads.schema:
        terms = {
            layer: weight
            * (
                torch.einsum('nkhw,ck->nchw', pool5_shares, head.weight)
                if layer == POOLED
                else _terms(*maxima[layer], maps[layer].shape[2:], head.weight, attribute.parts)
            )
            for layer, (weight, head) in weighted[attribute.name].items()
        }
        bias = torch.stack(
            [weight * head.bias for weight, head in weighted[attribute.name].values()]
        ).sum(0)
        evidence[attribute.name] = Evidence(terms, bias)
    return evidence


def _terms(
    maxima: Tensor, places: Tensor, size: torch.Size, weight: Tensor, parts: tuple[int, ...]
) -> Tensor:
    """Return the terms (B, c, h, w) of the maxima over some body parts.

    Args:
        maxima: (B, C, 4, 1), of each body part.
        places: where they stand, as indices into h * w.
        size: h and w.
        weight: (c, parts * C) of the head.
        parts: numbers of the body parts, from 1.
    """
    terms = maxima.new_zeros(len(maxima), len(weight), size[0] * size[1])
    for part, part_weight in zip(parts, weight.chunk(len(parts), 1), strict=True):
        values = maxima[:, None, :, part - 1, 0] * part_weight  # (B, c, C)
        at = places[:, None, :, part - 1, 0].expand_as(values)
        terms.scatter_add_(2, at, values)
    return terms.unflatten(2, size)


def _spread(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Return maps (B, h, w) at a finer size; each keeps its sum."""
    finer = F.interpolate(maps[:, None], size, mode='nearest')[:, 0]
    sums = finer.sum((1, 2), keepdim=True)
    wanted = maps.sum((1, 2), keepdim=True)
    even = maps.shape[1] * maps.shape[2] / (size[0] * size[1])
    return finer * even + (wanted - sums * even) / (size[0] * size[1])
