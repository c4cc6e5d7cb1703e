"""Maps of attributes beside those of Grad-CAM (Selvaraju et al., ICCV 2017): which point better?

Both see the same picture, speak of the same class (the one that is true), read the same layer and
are enlarged in the same way. Grad-CAM comes from its library, ``pip install grad-cam``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from time import perf_counter

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from midattr_plugin.errors import InputError
from midattr_plugin.explain.attribute_evidence import attribute_evidence
from midattr_plugin.explain.pointing import Pointed, near, points_at
from midattr_plugin.models import MidAttrNet
from midattr_plugin.models.backbone import find_backbone
from midattr_plugin.schema import NUM_PARTS

OURS, GRAD_CAM, MIDDLE = 'ours', 'Grad-CAM', 'middle of its parts'
METHODS = (OURS, GRAD_CAM, MIDDLE)
"""Of which the last one needs no model: what the body parts of an attribute alone tell."""

Maps = Mapping[str, NDArray[np.floating]]
"""Name of an attribute -> (h, w)."""


@dataclass(frozen=True)
class Comparison:
    """What one picture of an item has shown.

    Attributes:
        attribute: which the item is about.
        is_recognized: whether the model predicts the class that is true.
        chance: share of the picture in which a map points at the item.
        hits: method -> whether its map points at the item.
    """

    attribute: str
    is_recognized: bool
    chance: float
    hits: Mapping[str, bool]


def compare_pointing(
    model: MidAttrNet, pictures: Iterable[Pointed]
) -> tuple[list[Comparison], dict[str, list[float]]]:
    """Compare the maps of both methods, in turns.

    Args:
        model: from :func:`midattr_plugin.load_model`, whose attributes read one layer.
        pictures: with items.

    Returns:
        What each item that the model knows has shown; and method -> seconds for each picture, for
        the maps of all attributes.

    Raises:
        InputError: the model has no attributes, or one of them does not read a single layer; or
            the library is missing.
    """
    grad_cam = _grad_cam(model)
    compared = []
    seconds: dict[str, list[float]] = {OURS: [], GRAD_CAM: []}
    for _, group in groupby(pictures, key=lambda pointed: id(pointed.image)):
        items = [pointed for pointed in group if pointed.attribute in model.schema.names]
        if not items:
            continue
        image = model.preprocess(items[0].image)[None]
        with torch.inference_mode():
            logits = model(image, return_dict=True)['attribute_logits']
        predicted = {name: int(values.argmax()) for name, values in logits.items()}
        classes = predicted | {item.attribute: item.answer for item in items}
        methods: dict[str, Callable[[], Maps]] = {
            OURS: lambda image=image, classes=classes: _our_maps(model, image, classes),
            GRAD_CAM: lambda image=image, classes=classes: grad_cam(image, classes),
        }
        maps = {MIDDLE: {item.attribute: _middle(model, item.attribute) for item in items}}
        for method, make in methods.items():
            start = perf_counter()
            made = make()
            seconds[method].append(perf_counter() - start)
            size = image.shape[3], image.shape[2]
            maps[method] = {name: cv2.resize(values, size) for name, values in made.items()}
        for item in items:
            compared.append(
                Comparison(
                    item.attribute,
                    predicted[item.attribute] == item.answer,
                    float(near(item.item).mean()),
                    {
                        method: points_at(maps[method][item.attribute], item.item)
                        for method in METHODS
                    },
                )
            )
    return compared, seconds


def _our_maps(model: MidAttrNet, image: Tensor, classes: Mapping[str, int]) -> Maps:
    return {
        name: evidence.maps(torch.tensor([classes[name]]))[0].numpy()
        for name, evidence in attribute_evidence(model, image).items()
    }


def _grad_cam(model: MidAttrNet) -> Callable[[Tensor, Mapping[str, int]], Maps]:
    """Return what makes the maps of all attributes of an image: a backward pass for each."""
    try:
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
    except ImportError as error:
        raise InputError(
            f'Grad-CAM cannot be imported ({error}); run: pip install "midattr_plugin[explain]"'
        ) from error
    if model.schema is None:
        raise InputError('these weights have no attributes that could point; give others')
    layers = model.attribute_heads.layer_of
    children = find_backbone(model.spec.backbone).layers
    for name, layer in layers.items():
        if layer not in children:
            raise InputError(
                f'attribute "{name}" reads {layer}, where Grad-CAM has no single layer; give '
                f'weights whose attributes read {" or ".join(children)}'
            )
    of_layer = {
        layer: GradCAM(_AttributeLogits(model), [getattr(model, children[layer])])
        for layer in set(layers.values())
    }
    starts = dict(zip(layers, np.cumsum([0, *model.schema.num_classes]).tolist(), strict=False))

    def maps(image: Tensor, classes: Mapping[str, int]) -> Maps:
        return {
            name: of_layer[layer](image, [ClassifierOutputTarget(starts[name] + classes[name])])[0]
            for name, layer in layers.items()
        }

    return maps


class _AttributeLogits(nn.Module):
    """A model whose output are the logits of all attributes side by side."""

    def __init__(self, model: MidAttrNet):
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        """Return (B, classes of all attributes)."""
        return torch.cat(list(self.model(images, return_dict=True)['attribute_logits'].values()), 1)


def _middle(model: MidAttrNet, name: str) -> NDArray[np.floating]:
    """Return a map that points at the middle of the body parts of an attribute."""
    parts = model.schema[name].parts
    values = np.zeros((8 * NUM_PARTS, 9), np.float32)
    values[4 * (min(parts) + max(parts) - 1), 4] = 1
    return values
