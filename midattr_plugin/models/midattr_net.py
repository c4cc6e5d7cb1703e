"""The network: global branch, part branch and mid-level attributes (paper section 2.1, Fig. 2).

Shapes: B images, H x W pixels, n identities, c classes of an attribute, Dg and Dl dimensions
of the global and the local feature::

    x (B, 3, H, W) -> conv1 .. layer2 = res3d -> layer3 = res4f -> layer4      -> global (B, Dg)
                                  |                            \\-> layer4_part -> local  (B, Dl)
                                  \\-> attributes {name: (B, c)}
"""

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from midattr_plugin.errors import InputError
from midattr_plugin.models.attribute_heads import AttributeHeads, assign_layers
from midattr_plugin.models.backbone import build_backbone
from midattr_plugin.models.bnneck import build_bnneck
from midattr_plugin.models.classifier import build_classifier
from midattr_plugin.models.part_branch import PartReduction
from midattr_plugin.schema import AttributeSchema

BRANCHES = ('global', 'local')
LOSSES = ('softmax', 'triplet', 'midattr')

_TRUNK = ('conv1', 'bn1', 'relu', 'maxpool', 'layer1', 'layer2', 'layer3')


class MidAttrNet(nn.Module):
    """ResNet with a global branch, a part branch and attribute heads on a mid-level layer.

    Attributes: ``schema`` and ``branches`` as given; ``feature_dim``, the dimensions D of the
    descriptor; ``descriptor_slices``, branch -> its columns of the descriptor.

    Args:
        num_classes: number n of training identities.
        depth: of the ResNet: 18, 34, 50, 101 or 152.
        schema: the attributes to learn; None for a model without them.
        attribute_layer: 'res3d', 'res4f', 'res5c' or 'pool5', on which they are recognized, or
            'mixture', a learned one of the first three; see :class:`LayerMixture`.
        layer_overrides: '<attribute>=<layer>' for attributes that read another layer.
        branches: 'global', 'local' or both. res5c is the conv5 of the global branch if there
            is one; pool5 needs that branch.
        part_rows: rows of the part branch; see :class:`PartReduction`.
        part_dim: channels of each of these rows.
        dropout: probability of the dropout before each identity classifier.
        descriptor: what is returned in eval mode: the L2-normalized feature of a branch, or
            'fused', those of all branches side by side.
        bnneck: batch normalization between each branch's feature and its classifier, which
            then has no bias; see :func:`build_bnneck`.
        last_stride: of conv5 in both branches, 2 or 1; see :func:`build_backbone`.
        loss: 'triplet' returns features beside the logits, for torchreid's triplet engine.
        backbone_state: torchvision's state dict of that ResNet; None for random weights.

    Raises:
        InputError: an argument cannot be used; the sentence names its configuration key.
    """

    def __init__(
        self,
        num_classes: int,
        depth: int = 50,
        schema: AttributeSchema | None = None,
        attribute_layer: str = 'res3d',
        layer_overrides: Iterable[str] = (),
        branches: Iterable[str] = BRANCHES,
        part_rows: int = 8,
        part_dim: int = 256,
        dropout: float = 0.5,
        descriptor: str = 'fused',
        bnneck: bool = False,
        last_stride: int = 2,
        loss: str = 'softmax',
        backbone_state: dict[str, Tensor] | None = None,
    ):
        super().__init__()
        self.branches = _checked_branches(branches)
        _check_choice('midattr.descriptor', descriptor, ('fused', *self.branches))
        _check_choice('loss.name', loss, LOSSES)
        layer_of = assign_layers(
            () if schema is None else schema.names, attribute_layer, layer_overrides
        )
        if 'pool5' in layer_of.values() and 'global' not in self.branches:
            raise InputError(
                'midattr.attribute_layer or midattr.layer_overrides: pool5 is the '
                'feature of the global branch, which is left out; add global to '
                'midattr.branches, or choose res3d, res4f or res5c'
            )
        self.schema = schema
        self.loss = loss
        self.dropout = dropout
        self._has_necks = bnneck

        resnet = build_backbone(depth, backbone_state, last_stride)
        for name in _TRUNK:
            self.add_module(name, getattr(resnet, name))
        channels = resnet.fc.in_features
        dims = {}
        if 'global' in self.branches:
            self.layer4 = resnet.layer4
            dims['global'] = channels
            if bnneck:
                self.bnneck = build_bnneck(dims['global'])
            self.classifier = build_classifier(dims['global'], num_classes, bias=not bnneck)
        if 'local' in self.branches:
            # Copied only now, so that the copy too starts from the pretrained weights.
            self.layer4_part = copy.deepcopy(resnet.layer4)
            self.part_reduction = PartReduction(channels, part_dim, part_rows)
            dims['local'] = part_dim * part_rows
            if bnneck:
                self.bnneck_part = build_bnneck(dims['local'])
            self.classifier_part = build_classifier(dims['local'], num_classes, bias=not bnneck)
        if schema is not None:
            self.attributes = AttributeHeads(
                schema,
                layer_of,
                {
                    'res3d': channels // 4,
                    'res4f': channels // 2,
                    'res5c': channels,
                    'pool5': channels,
                },
            )

        described = self.branches if descriptor == 'fused' else (descriptor,)
        self.descriptor_slices: dict[str, slice] = {}
        self.feature_dim = 0
        for branch in described:
            end = self.feature_dim + dims[branch]
            self.descriptor_slices[branch] = slice(self.feature_dim, end)
            self.feature_dim = end

    def forward(self, x: Tensor, full: bool = False) -> Tensor | tuple | dict:
        """What torchreid's engines expect, or with ``full`` everything that was computed.

        Args:
            x: images (B, 3, H, W), normalized as ImageNet's.
            full: also recognize the attributes, and return a dict.

        Returns:
            In eval mode the descriptor (B, D). In train mode the identity logits (B, n), a
            tuple (global, local) of them if there are two branches; if ``loss`` is 'triplet',
            ``(logits, features)``.

            With ``full``, a dict of plain dicts, so that ``DataParallel`` can gather it:
            'features' {branch: (B, D of the branch)}, pooled, before any BNNeck and dropout;
            'attributes' {name: (B, c)}, empty without a schema; in train mode 'logits'
            {branch: (B, n)}; in eval mode 'descriptor' (B, D).
        """
        maps, features = self._extract(x)
        output = {'features': features}
        if self.training:
            output['logits'] = self.identify(features)
        else:
            output['descriptor'] = self._describe(self._behind_necks(features))
        if full:
            output['attributes'] = {} if self.schema is None else self.attributes(maps)
            return output
        if not self.training:
            return output['descriptor']
        # Attribute logits stay out: torchreid averages a tuple as deep supervision.
        logits = _one_or_tuple(output['logits'])
        return (logits, _one_or_tuple(features)) if self.loss == 'triplet' else logits

    def _extract(self, x: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Maps that attributes may read, by layer, and pooled features, by branch."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        res3d = self.layer2(self.layer1(x))
        res4f = self.layer3(res3d)
        maps, features = {'res3d': res3d, 'res4f': res4f}, {}
        if 'global' in self.branches:
            maps['res5c'] = self.layer4(res4f)
            maps['pool5'] = features['global'] = maps['res5c'].mean((2, 3))
        if 'local' in self.branches:
            part_map = self.layer4_part(res4f)
            maps.setdefault('res5c', part_map)
            features['local'] = self.part_reduction(part_map)
        return maps, features

    def identify(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """Identity logits {branch: (B, n)} of pooled features {branch: (B, D)}."""
        # Functional dropout, because torchreid puts children that it freezes in eval mode.
        classifiers = {'global': 'classifier', 'local': 'classifier_part'}
        return {
            branch: getattr(self, classifiers[branch])(
                F.dropout(feature, self.dropout, self.training)
            )
            for branch, feature in self._behind_necks(features).items()
        }

    def _behind_necks(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        if not self._has_necks:
            return features
        necks = {'global': 'bnneck', 'local': 'bnneck_part'}
        return {
            branch: getattr(self, necks[branch])(feature) for branch, feature in features.items()
        }

    def _describe(self, features: dict[str, Tensor]) -> Tensor:
        """L2-normalized first, so that the longer feature does not dominate (section 3.3)."""
        return torch.cat(
            [F.normalize(features[branch].float()) for branch in self.descriptor_slices], 1
        )


def _one_or_tuple(outputs: dict[str, Tensor]) -> Tensor | tuple[Tensor, ...]:
    values = tuple(outputs.values())
    return values if len(values) > 1 else values[0]


def _checked_branches(branches: Iterable[str]) -> tuple[str, ...]:
    branches = tuple(branches)
    if not branches or len(set(branches)) < len(branches) or not set(branches) <= set(BRANCHES):
        raise InputError(
            f'midattr.branches: {list(branches)} cannot be used; choose global, local or both'
        )
    return tuple(branch for branch in BRANCHES if branch in branches)


def _check_choice(key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f'{key}: "{value}" does not fit; choose from {", ".join(allowed)}')
