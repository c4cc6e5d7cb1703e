"""The names under which torchreid's ``build_model`` knows this project's models.

``midattr_<backbone>`` has no attributes; an ending such as ``_market``, ``_duke`` or
``_market_duke`` says whose attributes the others learn. There is a name for each registered
backbone, with each registered attribute dataset and each pair of them.
"""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from midattr_plugin.errors import InputError
from midattr_plugin.models.backbone import BACKBONES, find_backbone, own_layer_name
from midattr_plugin.models.backbones.timm_models import TIMM
from midattr_plugin.models.midattr_net import MidAttrNet
from midattr_plugin.models.spec import ModelSpec
from midattr_plugin.registry import Registry
from midattr_plugin.schema import AttributeSchema


@dataclass(frozen=True)
class ModelEntry:
    """Backbone and attributes of a name; called by torchreid's ``build_model``.

    Attributes:
        name: of the model.
        backbone: name of its backbone.
        schema: the attributes that it learns, or None.
    """

    name: str
    backbone: str
    schema: AttributeSchema | None

    def __call__(
        self,
        num_classes: int,
        loss: str = 'softmax',
        pretrained: bool = True,
        use_gpu: bool = True,
        **options: Any,
    ) -> MidAttrNet:
        """Return :func:`midattr_model` for this name; see there."""
        return midattr_model(
            num_classes,
            loss,
            pretrained,
            use_gpu,
            name=self.name,
            backbone=self.backbone,
            schema=self.schema,
            **options,
        )


MODELS: Registry[ModelEntry] = Registry('model', 'model.name')
"""Models of this project by name."""


def add_models(schemas: Mapping[str, AttributeSchema]) -> None:
    """Add the models of all backbones that are not there yet.

    Args:
        schemas: ending of the name, without '_' -> attributes of a dataset.

    Raises:
        InputError: a dataset has the ending of two others together.
    """
    endings: dict[str, AttributeSchema | None] = {'': None}
    endings |= {f'_{ending}': schema for ending, schema in schemas.items()}
    for (first, one), (second, other) in combinations(schemas.items(), 2):
        pair = f'_{first}_{second}'
        if pair in endings:
            raise InputError(
                f'the model_ending "{pair[1:]}" of a dataset is that of the models for "{first}" '
                f'and "{second}" together; choose another'
            )
        endings[pair] = one.union(other)
    for backbone in BACKBONES:
        for ending, schema in endings.items():
            name = f'midattr_{backbone}{ending}'
            if name not in MODELS:
                MODELS.register(name)(ModelEntry(name, backbone, schema))


def midattr_model(
    num_classes: int,
    loss: str = 'softmax',
    pretrained: bool = True,
    use_gpu: bool = True,
    weights: str = '',
    weights_file: str = '',
    last_stride: int = 2,
    timm_name: str = '',
    *,
    backbone: str = 'resnet50',
    schema: AttributeSchema | None = None,
    name: str = '',
    **options: Any,
) -> MidAttrNet:
    """Build a model with the arguments of torchreid's ``build_model`` and the options of ours.

    Args:
        num_classes: number n of training identities; 0 for a model of attributes alone.
        loss: 'softmax', 'triplet' or 'midattr'.
        pretrained: start from the backbone's pretrained weights.
        use_gpu: ignored, as by torchreid's models; moving the model is left to the caller.
        weights: name of the pretrained weights; '' for the backbone's own choice.
        weights_file: a file to read them from instead.
        last_stride: of the backbone, 2 or 1.
        timm_name: network of timm, of the backbone 'timm'.
        backbone: name of a registered backbone.
        schema: the attributes to learn.
        name: of the model, for its spec.
        **options: see :class:`MidAttrNet`.

    Raises:
        InputError: the weights cannot be had, or an option is wrong.
    """
    name = name or f'midattr_{backbone}'
    backbone = full_backbone_name(backbone, timm_name)
    kind = find_backbone(backbone)
    options = _with_own_layer_names(options, kind.layers)
    state = kind.pretrained_state(weights, weights_file) if pretrained else None
    model = MidAttrNet(num_classes, kind(state, last_stride), schema, loss=loss, **options)
    model.spec = ModelSpec(
        name,
        num_classes,
        loss,
        backbone,
        last_stride,
        _all_options(options) | {'part_rows': model.part_rows},
        schema,
        tuple(options.get('image_size', (256, 128))),
    )
    return model


def full_backbone_name(backbone: str, timm_name: str = '') -> str:
    """Return the name of a backbone as a spec has it: of a network of timm 'timm:<name>'."""
    return f'{backbone}:{timm_name}' if backbone == TIMM else backbone


def _with_own_layer_names(options: Mapping[str, Any], layers: Iterable[str]) -> dict[str, Any]:
    """Return options with the layers as the backbone names them, so that a spec has one name."""
    layers, named = tuple(layers), dict(options)
    if 'attribute_layer' in named:
        named['attribute_layer'] = own_layer_name(named['attribute_layer'], layers)
    if 'non_local' in named:
        named['non_local'] = [own_layer_name(layer, layers) for layer in named['non_local']]
    if 'layer_overrides' in named:
        pairs = (override.partition('=') for override in named['layer_overrides'])
        named['layer_overrides'] = [
            f'{name}{sign}{own_layer_name(layer, layers)}' for name, sign, layer in pairs
        ]
    return named


_IN_SPEC = ('schema', 'loss', 'image_size')  # arguments of MidAttrNet that are fields of its spec


def _all_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with all defaults, which may be others in a later version."""
    defaults = {
        parameter.name: parameter.default
        for parameter in inspect.signature(MidAttrNet).parameters.values()
        if parameter.default is not parameter.empty
    }
    merged = {**defaults, **options}
    return {name: value for name, value in merged.items() if name not in _IN_SPEC}
