"""Attribute heads of a checkpoint in the order of a model's classes.

A head is a matrix with a row per class. Two datasets may have the same number of classes in
another order (the 8 upper colors of Market-1501 and of DukeMTMC-reID), so that the shape of the
matrix does not say what its rows mean. The names of the classes do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from midattr_plugin.models import BACKBONES, MODELS, ModelSpec
from midattr_plugin.models.attribute_heads import AttributeHeads, assign_layers
from midattr_plugin.models.backbone import find_backbone
from midattr_plugin.models.layer_mixture import MIXTURE
from midattr_plugin.schema import Attribute, AttributeSchema

_ROOM = 'attribute_heads.'
_HEADS = f'{_ROOM}heads.'
_MIXTURE = f'{_ROOM}mixture.logits'


@dataclass
class AlignedHeads:
    """Weights of a checkpoint, with the heads as the model's.

    Attributes:
        state: name -> weight; without those that were left out.
        left_out: name -> why.
        reordered: attributes whose classes were in another order.
    """

    state: dict[str, Tensor]
    left_out: dict[str, str] = field(default_factory=dict)
    reordered: list[str] = field(default_factory=list)

    def leave_out(self, prefix: str, reason: str) -> None:
        """Take all weights whose name begins so out of the state."""
        for name in [name for name in self.state if name.startswith(prefix)]:
            del self.state[name]
            self.left_out[name] = reason


def align_heads(
    state: Mapping[str, Tensor], spec: ModelSpec | None, model: nn.Module
) -> AlignedHeads:
    """Return the weights of a checkpoint with the rows of its heads in the order of a model.

    Heads are matched by the names of attributes and classes. One whose classes are not the
    model's, or that reads another layer or other parts of the body, is left out.

    Args:
        state: name -> weight.
        spec: of the model of the checkpoint; None if it is not known. The classes are then those
            of the registered model that has the same attributes, if there is only one.
        model: takes the weights.
    """
    aligned = AlignedHeads(dict(state))
    ours: AttributeSchema | None = getattr(model, 'schema', None)
    if ours is None or not any(name.startswith(_ROOM) for name in state):
        return aligned
    source = guess_schema(state) if spec is None else spec.schema
    if source is None:
        aligned.leave_out(_ROOM, 'the checkpoint does not name the classes of its attributes')
        return aligned
    heads = model.attribute_heads
    if not isinstance(heads, AttributeHeads):  # heads of one's own: which rows are classes?
        if [(a.name, a.classes) for a in source] != [(a.name, a.classes) for a in ours]:
            aligned.leave_out(_ROOM, 'its attributes have other classes, or another order')
        return aligned
    layer_of = {} if spec is None else _layers_read(spec)
    for attribute in heads.schema:
        if attribute.name not in source.names:
            continue
        theirs = source[attribute.name]
        prefix = f'{_HEADS}{attribute.name}.'
        reason = _difference(theirs, attribute) or _other_place(
            theirs, attribute, layer_of, heads.layer_of
        )
        if reason:
            aligned.leave_out(prefix, reason)
        elif theirs.classes != attribute.classes:
            _reorder(aligned, prefix, theirs, attribute, heads.heads[attribute.name])
    _align_mixture(aligned, spec, source, layer_of, heads)
    return aligned


def guess_schema(state: Mapping[str, Tensor]) -> AttributeSchema | None:
    """Return the schema of the registered models whose heads have the same names and sizes.

    Args:
        state: weights of a checkpoint without a description.

    Returns:
        None if there is no such schema or more than one.
    """
    sizes: dict[str, int] = {}
    for name, weight in state.items():
        if name.startswith(_HEADS) and name.endswith('.bias'):
            sizes[name.removeprefix(_HEADS).split('.')[0]] = len(weight)
    fitting = {
        entry.schema.attributes: entry.schema
        for _, entry in MODELS.items()
        if entry.schema is not None
        and dict(zip(entry.schema.names, entry.schema.num_classes, strict=True)) == sizes
    }
    return next(iter(fitting.values())) if len(fitting) == 1 else None


def _difference(theirs: Attribute, ours: Attribute) -> str:
    """Return in words how the classes differ, apart from their order; '' if they do not."""
    if set(theirs.classes) == set(ours.classes):
        return ''
    return f'classes {"/".join(theirs.classes)} there, {"/".join(ours.classes)} here'


def _other_place(
    theirs: Attribute, ours: Attribute, their_layers: Mapping[str, str], layers: Mapping[str, str]
) -> str:
    """Return in words what else the head reads; '' if it reads the same."""
    if set(theirs.parts) != set(ours.parts):
        return f'reads the body parts {list(theirs.parts)} there, {list(ours.parts)} here'
    layer = their_layers.get(ours.name, layers[ours.name])
    if layer != layers[ours.name]:
        return f'reads {layer} there, {layers[ours.name]} here'
    return ''


def _reorder(
    aligned: AlignedHeads, prefix: str, theirs: Attribute, ours: Attribute, head: nn.Module
) -> None:
    layers = list(head.values()) if isinstance(head, nn.ModuleDict) else [head]
    if not all(isinstance(layer, nn.Linear) for layer in layers):  # which rows are classes?
        aligned.leave_out(prefix, 'its classes are in another order there')
        return
    rows = [theirs.classes.index(name) for name in ours.classes]
    for name, weight in aligned.state.items():
        if name.startswith(prefix) and len(weight) == len(rows):
            aligned.state[name] = weight[rows]
    aligned.reordered.append(ours.name)


def _align_mixture(
    aligned: AlignedHeads,
    spec: ModelSpec | None,
    source: AttributeSchema,
    layer_of: Mapping[str, str],
    heads: AttributeHeads,
) -> None:
    """Order the rows of the learned weights of the layers, one per mixed attribute, by name."""
    if heads.mixture is None or _MIXTURE not in aligned.state:
        return
    theirs = [name for name in source.names if layer_of.get(name, MIXTURE) == MIXTURE]
    ours = list(heads.mixture.num_classes)
    layers = _layer_names(spec) or heads.mixture.layers
    if layers != heads.mixture.layers or not set(ours) <= set(theirs):
        aligned.leave_out(_MIXTURE, 'it mixes other attributes or other layers')
    elif len(aligned.state[_MIXTURE]) == len(theirs):
        rows = [theirs.index(name) for name in ours]
        aligned.state[_MIXTURE] = aligned.state[_MIXTURE][rows]


def _layers_read(spec: ModelSpec) -> dict[str, str]:
    """Return attribute name -> layer that it reads, as far as it is known."""
    layers, options = _layer_names(spec), spec.options
    if not layers or spec.schema is None or 'attribute_layer' not in options:
        return {}
    return assign_layers(
        spec.schema.names, layers, options['attribute_layer'], options.get('layer_overrides', ())
    )


def _layer_names(spec: ModelSpec | None) -> tuple[str, ...]:
    if spec is None or spec.backbone.partition(':')[0] not in BACKBONES:
        return ()
    return tuple(find_backbone(spec.backbone).layers)
