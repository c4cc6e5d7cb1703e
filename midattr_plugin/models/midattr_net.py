r"""The network: global branch, part branch and mid-level attributes (paper section 2.1, Fig. 2).

Shapes: B images, H x W pixels, n identities, c classes of an attribute, Dg and Dl dimensions
of the global and the local feature. On a ResNet::

    x (B, 3, H, W) -> conv1 .. layer2 = res3d -> layer3 = res4f -> layer4      -> global (B, Dg)
                                  |                            \-> layer4_part -> local  (B, Dl)
                                  \-> attributes {name: (B, c)}
"""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from midattr_plugin.models.attribute_heads import POOLED, AttributeHeads, assign_layers
from midattr_plugin.models.backbone import Backbone, own_layer_name
from midattr_plugin.models.branched_backbone import SUFFIX, BranchedBackbone
from midattr_plugin.models.layers import CosineClassifier, build_bnneck, build_classifier
from midattr_plugin.models.model_options import (
    BRANCHES,
    CLASSIFIERS,
    COSINE,
    FUSED,
    LINEAR,
    LOSSES,
    check_attributes_alone,
    check_choice,
    check_classifier,
    check_pooled,
    checked_branches,
)
from midattr_plugin.models.non_local import check_non_local
from midattr_plugin.models.part_branch import PartReduction
from midattr_plugin.models.part_generators import PartGenerators
from midattr_plugin.models.pooling import POOLINGS, position_shares
from midattr_plugin.schema import AttributeSchema


class MidAttrNet(BranchedBackbone):
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
        branches = checked_branches(branches)
        check_choice('midattr.descriptor', descriptor, (FUSED, *branches))
        check_choice('loss.name', loss, LOSSES)
        check_choice('midattr.pooling', pooling, POOLINGS)
        check_choice('midattr.classifier', classifier, CLASSIFIERS)
        check_classifier(classifier, loss)
        non_local = tuple(own_layer_name(layer, backbone.layers) for layer in non_local)
        check_non_local(non_local, list(backbone.layers))
        layer_of = assign_layers(
            () if schema is None else schema.names,
            backbone.layers,
            attribute_layer,
            layer_overrides,
        )
        if num_classes:
            check_pooled(layer_of, branches, backbone.layers)
        else:
            check_attributes_alone(schema, loss)
            branches = ()
        generators = PartGenerators()
        super().__init__(backbone, branches, layer_of.values(), non_local, freeze_bn, generators)
        self.num_classes = num_classes
        self.schema = schema
        self.loss = loss
        self.dropout = dropout
        self._has_necks = bnneck and num_classes > 0
        self.has_cosines = classifier == COSINE and num_classes > 0

        channels = backbone.channels[backbone.last_layer]
        self.part_rows = 0
        dims = {}
        self.pooling = None
        kind = POOLINGS[pooling]
        if kind is not None and ('global' in self.branches or POOLED in layer_of.values()):
            self.pooling = kind()
        if 'global' in self.branches:
            dims['global'] = channels
            self._add_classifier('global', channels, generators)
        if 'local' in self.branches:
            self.part_rows = part_rows or backbone.map_sizes(*image_size)[backbone.last_layer][1]
            self.add_tail('local', backbone.tail)
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

    def _add_classifier(self, branch: str, dim: int, generators: PartGenerators) -> None:
        if self._has_necks:
            self.add_module(f'bnneck{SUFFIX[branch]}', build_bnneck(dim))
        name = f'classifier{SUFFIX[branch]}'
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
        maps, last = self._all_maps(x)
        pooled = {branch: self._pooled(branch, values) for branch, values in last.items()}
        if 'global' in pooled:
            maps[POOLED] = pooled['global']
        return maps, {branch: pooled[branch] for branch in self.branches}

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
        _, x = self._run_trunk(x)
        return {branch: self._run_tail(branch, x) for branch in self.descriptor_slices}

    def branch_feature(self, branch: str, maps: Tensor) -> Tensor:
        """Return what the descriptor has of a branch before its length is made 1, as (B, D).

        Args:
            branch: name of the branch.
            maps: (B, C, h, w), from :meth:`branch_maps`.
        """
        return self._behind_necks({branch: self._pooled(branch, maps)})[branch]

    def classify_identity(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the identity logits {branch: (B, n)} of pooled features {branch: (B, D)}.

        Of a classifier of cosines these are cosines.
        """
        # Functional dropout, because torchreid puts children that it freezes in eval mode.
        return {
            branch: getattr(self, f'classifier{SUFFIX[branch]}')(
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
            branch: getattr(self, f'bnneck{SUFFIX[branch]}')(feature)
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
