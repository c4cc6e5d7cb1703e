r"""The network: global branch, part branch and mid-level attributes (paper section 2.1, Fig. 2).

Shapes: B images, H x W pixels, n identities, c classes of an attribute, Dg and Dl dimensions
of the global and the local feature. On a ResNet::

    x (B, 3, H, W) -> conv1 .. layer2 = res3d -> layer3 = res4f -> layer4      -> global (B, Dg)
                                  |                            \-> layer4_part -> local  (B, Dl)
                                  \-> attributes {name: (B, c)}
"""

import copy
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from midattr_plugin.errors import InputError
from midattr_plugin.models.attribute_heads import POOLED, AttributeHeads, assign_layers
from midattr_plugin.models.backbone import Backbone, own_layer_name
from midattr_plugin.models.frozen_batch_norm import freeze_batch_norm
from midattr_plugin.models.layers import CosineClassifier, build_bnneck, build_classifier
from midattr_plugin.models.non_local import NonLocal, check_non_local
from midattr_plugin.models.part_branch import PartReduction
from midattr_plugin.models.part_generators import PartGenerators
from midattr_plugin.models.pooling import POOLINGS, position_shares
from midattr_plugin.schema import AttributeSchema

BRANCHES = ('global', 'local')
FUSED = 'fused'
DESCRIPTORS = (FUSED, *BRANCHES)
LOSSES = ('softmax', 'triplet', 'midattr')
LINEAR, COSINE = CLASSIFIERS = ('linear', 'cosine')

_SUFFIX = {'global': '', 'local': '_part'}  # of the names of a branch's children


class MidAttrNet(nn.Module):
    """Backbone with a global branch, a part branch and attribute heads on a mid-level layer.

    Without training identities (n = 0) it is a model of attributes alone: it ends behind the
    deepest layer that they read, and has neither branches nor a descriptor, as nothing would have
    taught them to tell people apart.

    Attributes:
        num_classes: number n of training identities.
        schema: the attributes, or None.
        branches: names of the branches.
        part_rows: rows of the part branch; 0 without one.
        has_cosines: whether the identity logits are cosines.
        feature_dim: dimensions D of the descriptor; 0 without one.
        descriptor_slices: branch -> its columns of the descriptor.
        spec: from which the model can be built again; None if it was built by its class.

    Args:
        num_classes: number n of training identities; 0 for a model of attributes alone, whose
            options of branches and descriptor have no effect.
        backbone: the network it stands on; its modules become children of the model.
        schema: the attributes to learn; None for a model without them.
        attribute_layer: a layer of the backbone on which they are recognized, by either of its
            names, 'pool5' or 'mixture'; see :mod:`midattr_plugin.models.attribute_heads`.
        layer_overrides: '<attribute>=<layer>' for attributes that read another layer.
        branches: 'global', 'local' or both. The backbone's last layer is that of the global
            branch if there is one; pool5 needs that branch.
        part_rows: rows of the part branch; 0: one per row of its map at ``image_size``. See
            :class:`PartReduction`.
        part_dim: channels of each of these rows.
        dropout: probability of the dropout before each identity classifier.
        descriptor: what is returned in eval mode: the L2-normalized feature of a branch, or
            'fused', those of all branches side by side.
        pooling: of the global branch, and so of 'pool5'; one of ``POOLINGS``. The part branch has
            the mean in any case.
        non_local: layers of the trunk behind which a :class:`NonLocal` stands; one that nothing
            follows, in a model of attributes alone, is left out. Attributes read the layer itself,
            before its block.
        bnneck: batch normalization between each branch's feature and its classifier, which
            then has no bias; see :func:`build_bnneck`.
        classifier: of the identities, 'linear', or 'cosine' for cosines in the place of logits, of
            which the criterion makes logits; see :class:`CosineClassifier`.
        freeze_bn: keep statistics, scales and shifts of all batch normalization of the backbone
            as they are, see :func:`freeze_batch_norm`; a BNNeck is trained.
        loss: 'triplet' returns features beside the logits, for torchreid's triplet engine.
        image_size: H and W of the images that the model is made for, pixels.

    Raises:
        InputError: an argument cannot be used; the sentence names its configuration key.
    """

    spec: Any = None  # a ModelSpec
    classifier: nn.Linear
    pooling: nn.Module | None
    non_local: nn.ModuleDict | None

    def __init__(
        self,
        num_classes: int,
        backbone: Backbone,
        schema: AttributeSchema | None = None,
        attribute_layer: str = 'res3d',
        layer_overrides: Iterable[str] = (),
        branches: Iterable[str] = BRANCHES,
        part_rows: int = 0,
        part_dim: int = 256,
        dropout: float = 0.5,
        descriptor: str = FUSED,
        pooling: str = 'avg',
        non_local: Iterable[str] = (),
        bnneck: bool = False,
        classifier: str = LINEAR,
        freeze_bn: bool = False,
        loss: str = 'softmax',
        image_size: Sequence[int] = (256, 128),
    ):
        super().__init__()
        self.branches = _checked_branches(branches)
        _check_choice('midattr.descriptor', descriptor, (FUSED, *self.branches))
        _check_choice('loss.name', loss, LOSSES)
        _check_choice('midattr.pooling', pooling, tuple(POOLINGS))
        _check_choice('midattr.classifier', classifier, CLASSIFIERS)
        check_classifier(classifier, loss)
        non_local = tuple(own_layer_name(layer, backbone.layers) for layer in non_local)
        check_non_local(non_local, list(backbone.layers))
        layer_of = assign_layers(
            () if schema is None else schema.names,
            backbone.layers,
            attribute_layer,
            layer_overrides,
        )
        if not num_classes:
            self.branches = ()
            _check_attributes_alone(schema, loss)
        elif POOLED in layer_of.values() and 'global' not in self.branches:
            raise InputError(
                f'midattr.attribute_layer or midattr.layer_overrides: {POOLED} is the '
                'feature of the global branch, which is left out; add global to '
                f'midattr.branches, or choose {" or ".join(backbone.layers)}'
            )
        self.num_classes = num_classes
        self.schema = schema
        self.loss = loss
        self.dropout = dropout
        self._has_necks = bnneck and num_classes > 0
        self.has_cosines = classifier == COSINE and num_classes > 0
        generators = PartGenerators()

        trunk, tail = backbone.trunk, backbone.tail
        self._last_layer = backbone.last_layer
        self._has_tail = 'global' in self.branches
        if not num_classes:
            self._last_layer = _deepest(backbone, layer_of.values())
            self._has_tail = self._last_layer == backbone.last_layer
            trunk = _up_to(trunk, backbone.layers[self._last_layer])
        if freeze_bn:
            trunk = {name: freeze_batch_norm(module, name) for name, module in trunk.items()}
            tail = freeze_batch_norm(tail, backbone.tail_name)
        for name, module in trunk.items():
            self.add_module(name, module)
        self._layer_after = {child: layer for layer, child in backbone.layers.items()}
        self._trunk = tuple(trunk)
        self._tail = backbone.tail_name
        blocks = {}
        for layer in non_local:
            if backbone.layers[layer] in trunk and layer != self._last_layer:
                with generators.part(f'non_local {layer}'):
                    blocks[layer] = NonLocal(backbone.channels[layer])
        self.non_local = nn.ModuleDict(blocks) if blocks else None
        channels = backbone.channels[backbone.last_layer]
        self.part_rows = 0
        dims = {}
        self.pooling = None
        if self._has_tail:
            self.add_module(self._tail, tail)
        kind = POOLINGS[pooling]
        if kind is not None and ('global' in self.branches or POOLED in layer_of.values()):
            self.pooling = kind()
        if 'global' in self.branches:
            dims['global'] = channels
            self._add_classifier('global', channels, generators)
        if 'local' in self.branches:
            self.part_rows = part_rows or backbone.map_sizes(*image_size)[backbone.last_layer][1]
            # Copied only now, so that the copy too starts from the pretrained weights.
            self.add_module(self._tail + _SUFFIX['local'], copy.deepcopy(tail))
            with generators.part('part_reduction'):
                self.part_reduction = PartReduction(channels, part_dim, self.part_rows)
            dims['local'] = part_dim * self.part_rows
            self._add_classifier('local', dims['local'], generators)
        if schema is not None:
            with generators.part('attribute_heads'):
                self.attribute_heads = AttributeHeads(
                    schema, layer_of, {**backbone.channels, POOLED: channels}, list(backbone.layers)
                )

        described = self.branches if descriptor == FUSED else (descriptor,)[: len(self.branches)]
        self.descriptor_slices: dict[str, slice] = {}
        self.feature_dim = 0
        for branch in described:
            end = self.feature_dim + dims[branch]
            self.descriptor_slices[branch] = slice(self.feature_dim, end)
            self.feature_dim = end

    @property
    def new_layers(self) -> tuple[str, ...]:
        """Names of the children that are not of the backbone, and so never pretrained."""
        of_backbone = {*self._trunk, self._tail, self._tail + _SUFFIX['local']}
        return tuple(name for name, _ in self.named_children() if name not in of_backbone)

    def _add_classifier(self, branch: str, dim: int, generators: PartGenerators) -> None:
        if self._has_necks:
            self.add_module(f'bnneck{_SUFFIX[branch]}', build_bnneck(dim))
        name = f'classifier{_SUFFIX[branch]}'
        with generators.part(name):
            if self.has_cosines:
                classifier: nn.Linear = CosineClassifier(dim, self.num_classes)
            else:
                classifier = build_classifier(dim, self.num_classes, bias=not self._has_necks)
        self.add_module(name, classifier)

    def forward(
        self, x: Tensor, return_dict: bool = False, return_featuremaps: bool = False
    ) -> Tensor | tuple | dict:
        """Return what torchreid's engines expect, or everything that was computed.

        Args:
            x: images (B, 3, H, W), normalized as for the backbone.
            return_dict: also recognize the attributes, and return a dict.
            return_featuremaps: return the map (B, C, h, w) of the last layer instead, that of the
                global branch if there is one; torchreid's ``visualize_actmap`` asks for it.

        Returns:
            In eval mode the descriptor (B, D). In train mode the identity logits (B, n), a
            tuple (global, local) of them if there are two branches; if ``loss`` is 'triplet',
            ``(logits, features)``. Of a model of attributes alone only the dict is of use.

            With ``return_dict``, a dict of plain dicts, so that ``DataParallel`` can gather it:
            'features' {branch: (B, D of the branch)}, pooled, before any BNNeck and dropout;
            'attribute_logits' {name: (B, c)}, empty without a schema; in train mode
            'identity_logits' {branch: (B, n)}; in eval mode 'descriptor' (B, D).
        """
        maps, features = self._extract(x)
        if return_featuremaps:
            return maps[self._last_layer]
        output: dict = {'features': features}
        if self.training:
            output['identity_logits'] = self.classify_identity(features)
        else:
            # x.shape[0], as len(x) would fix the number of images of an exported graph
            output['descriptor'] = self._describe(self._behind_necks(features), x.shape[0])
        if return_dict:
            output['attribute_logits'] = {} if self.schema is None else self.attribute_heads(maps)
            return output
        if not self.training:
            return output['descriptor']
        # Attribute logits stay out: torchreid averages a tuple as deep supervision.
        logits = _one_or_tuple(output['identity_logits'])
        return (logits, _one_or_tuple(features)) if self.loss == 'triplet' else logits

    def _extract(self, x: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return the maps that attributes may read, by layer, and pooled features, by branch."""
        maps, features = {}, {}
        for name in self._trunk:
            x = getattr(self, name)(x)
            if name in self._layer_after:
                maps[self._layer_after[name]] = x
            x = self._behind_block(name, x)
        if self._has_tail:
            maps[self._last_layer] = getattr(self, self._tail)(x)
            maps[POOLED] = self._pooled('global', maps[self._last_layer])
        if 'global' in self.branches:
            features['global'] = maps[POOLED]
        if 'local' in self.branches:
            part_map = getattr(self, self._tail + _SUFFIX['local'])(x)
            maps.setdefault(self._last_layer, part_map)
            features['local'] = self._pooled('local', part_map)
        return maps, features

    def _behind_block(self, child: str, x: Tensor) -> Tensor:
        """Return what follows reads of a child of the trunk: its output, or that of its block."""
        layer = self._layer_after.get(child, '')
        if self.non_local is None or layer not in self.non_local:
            return x
        return self.non_local[layer](x)

    def _pooled(self, branch: str, maps: Tensor) -> Tensor:
        if branch == 'local':
            return self.part_reduction(maps)
        # the format of the weights: one of 16 bits would round what retrieval compares
        dtype = next(self.parameters()).dtype
        if self.pooling is None:
            return maps.mean((2, 3), dtype=dtype)
        return self.pooling(maps.to(dtype))

    def pool5_shares(self, maps: Tensor) -> Tensor:
        """Return the share (B, C, h, w) of each position in 'pool5', which they sum to.

        Args:
            maps: (B, C, h, w), from :meth:`layer_maps`.
        """
        return position_shares(lambda values: self._pooled('global', values), maps)

    def branch_maps(self, x: Tensor) -> dict[str, Tensor]:
        """Return branch -> its last map (B, C, h, w), of the branches of the descriptor.

        Args:
            x: images (B, 3, H, W).
        """
        for name in self._trunk:
            x = self._behind_block(name, getattr(self, name)(x))
        return {
            branch: getattr(self, self._tail + _SUFFIX[branch])(x)
            for branch in self.descriptor_slices
        }

    def branch_feature(self, branch: str, maps: Tensor) -> Tensor:
        """Return what the descriptor has of a branch before its length is made 1, as (B, D).

        Args:
            branch: name of the branch.
            maps: (B, C, h, w), from :meth:`branch_maps`.
        """
        return self._behind_necks({branch: self._pooled(branch, maps)})[branch]

    def layer_maps(self, x: Tensor, layers: Collection[str] | None = None) -> dict[str, Tensor]:
        """Return layer -> map (B, C, h, w), and 'pool5' -> the map that it is pooled of.

        Nothing behind the last one of the layers is computed.

        Args:
            x: images (B, 3, H, W).
            layers: names of the layers; None for all that attributes may read.
        """
        if layers is None:
            read = {self._layer_after[name] for name in self._trunk if name in self._layer_after}
            layers = {*read, self._last_layer, *([POOLED] if self._has_tail else [])}
        wanted = {self._last_layer if layer == POOLED else layer for layer in layers}
        maps: dict[str, Tensor] = {}
        for name in self._trunk:
            if wanted <= maps.keys():
                break
            x = getattr(self, name)(x)
            if self._layer_after.get(name) in wanted:
                maps[self._layer_after[name]] = x
            x = self._behind_block(name, x)
        if self._last_layer in wanted - maps.keys():
            branch = 'global' if self._has_tail else 'local'
            maps[self._last_layer] = getattr(self, self._tail + _SUFFIX[branch])(x)
        return {layer: maps[self._last_layer if layer == POOLED else layer] for layer in layers}

    def classify_identity(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the identity logits {branch: (B, n)} of pooled features {branch: (B, D)}.

        Of a classifier of cosines these are cosines.
        """
        # Functional dropout, because torchreid puts children that it freezes in eval mode.
        return {
            branch: getattr(self, f'classifier{_SUFFIX[branch]}')(
                F.dropout(feature, self.dropout, self.training)
            )
            for branch, feature in self._behind_necks(features).items()
        }

    def describe(self, features: dict[str, Tensor]) -> Tensor:
        """Return the descriptor (B, D) of pooled features {branch: (B, D of the branch)}."""
        return self._describe(self._behind_necks(features), len(next(iter(features.values()))))

    def _behind_necks(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        if not self._has_necks:
            return features
        return {
            branch: getattr(self, f'bnneck{_SUFFIX[branch]}')(feature)
            for branch, feature in features.items()
        }

    def _describe(self, features: dict[str, Tensor], count: int) -> Tensor:
        """Join the features, each L2-normalized first, so that none dominates (section 3.3)."""
        if not self.descriptor_slices:
            return next(self.parameters()).new_empty(count, 0)
        return torch.cat(
            [F.normalize(features[branch].float()) for branch in self.descriptor_slices], 1
        )


def _one_or_tuple(outputs: dict[str, Tensor]) -> Tensor | tuple[Tensor, ...]:
    values = tuple(outputs.values())
    return values if len(values) > 1 else values[0]


def _check_attributes_alone(schema: AttributeSchema | None, loss: str) -> None:
    if not schema:
        raise InputError(
            'there are neither identities nor attributes to learn; give the training images one '
            'of the two'
        )
    if loss != 'midattr':
        raise InputError(
            f'loss.name: "{loss}" is one of identities, but the training images have none; choose '
            'midattr'
        )


def _deepest(backbone: Backbone, read: Iterable[str]) -> str:
    """Return the deepest layer of those that are read."""
    layers = list(backbone.layers)
    places = [layers.index(layer) if layer in layers else len(layers) - 1 for layer in read]
    return layers[max(places)]


def _up_to(modules: Mapping[str, nn.Module], name: str) -> dict[str, nn.Module]:
    """Return the modules up to the one of this name; all if there is none."""
    names = list(modules)
    end = names.index(name) + 1 if name in names else len(names)
    return {name: modules[name] for name in names[:end]}


def _checked_branches(branches: Iterable[str]) -> tuple[str, ...]:
    branches = tuple(branches)
    if not branches or len(set(branches)) < len(branches) or not set(branches) <= set(BRANCHES):
        raise InputError(
            f'midattr.branches: {list(branches)} cannot be used; choose global, local or both'
        )
    return tuple(branch for branch in BRANCHES if branch in branches)


def check_classifier(classifier: str, loss: str) -> None:
    """Check that the loss takes what the classifier of the identities gives.

    Args:
        classifier: 'linear', or what has cosines.
        loss: name of the loss.

    Raises:
        InputError: it does not.
    """
    if classifier != LINEAR and loss != 'midattr':
        raise InputError(
            f'midattr.classifier: {classifier} needs the loss.name midattr, which has its margin '
            f'and scale, but it is {loss}; set it to midattr, or midattr.classifier to {LINEAR}'
        )


def _check_choice(key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f'{key}: "{value}" does not fit; choose from {", ".join(allowed)}')
