"""Everything from which a model can be built again, with no dataset and no configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from torch import nn
from torchvision.transforms import Compose, Normalize, Resize, ToTensor

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.image_file import upright_rgb
from midattr_plugin.errors import InputError
from midattr_plugin.models.backbone import BACKBONES, find_backbone
from midattr_plugin.models.midattr_net import MidAttrNet
from midattr_plugin.schema import AttributeSchema

FORMAT_VERSION = 1


@dataclass(frozen=True)
class ModelSpec:
    """Facts about a model, as a checkpoint holds them.

    Attributes:
        name: of the model, for messages and torchreid's ``build_model``.
        num_classes: number n of training identities; 0 for a model of attributes alone.
        loss: what the model returns in train mode: 'softmax', 'triplet' or 'midattr'.
        backbone: name of the backbone of a model of ours, see
            :func:`midattr_plugin.models.backbone.find_backbone`; '' for a model of torchreid.
        last_stride: of the backbone.
        options: further arguments of :class:`MidAttrNet`.
        schema: the attributes, with the names of their classes; None without any.
        image_size: height and width to which images are resized, pixels.
        norm_mean, norm_std: of R, G, B, of values in [0, 1].
    """

    name: str
    num_classes: int
    loss: str = 'softmax'
    backbone: str = ''
    last_stride: int = 2
    options: Mapping[str, Any] = field(default_factory=dict)
    schema: AttributeSchema | None = None
    image_size: Sequence[int] = (256, 128)
    norm_mean: Sequence[float] = torchreid_compat.IMAGENET_MEAN
    norm_std: Sequence[float] = torchreid_compat.IMAGENET_STD

    def build(self) -> nn.Module:
        """Return the model with random weights, on the CPU.

        Raises:
            InputError: its backbone or its name is not registered here.
        """
        if not self.backbone:
            if self.name not in torchreid_compat.model_names():
                raise InputError(
                    f'model "{self.name}" is unknown to this torchreid; import the module that '
                    'registers it first'
                )
            return torchreid_compat.models.build_model(
                self.name, self.num_classes, loss=self.loss, pretrained=False, use_gpu=False
            )
        if self.backbone.partition(':')[0] not in BACKBONES:
            raise InputError(
                f'backbone "{self.backbone}" of model "{self.name}" is not registered; import the '
                f'module that registers it first (midattr-train --models lists those that are)'
            )
        backbone = find_backbone(self.backbone)(None, self.last_stride)
        model = MidAttrNet(
            self.num_classes,
            backbone,
            self.schema,
            loss=self.loss,
            image_size=self.image_size,
            **self.options,
        )
        model.spec = self
        return model

    def preprocess(self) -> Compose:
        """Return the transform of a test: PIL image -> float32 tensor (3, H, W).

        An image that PIL opened is treated as :func:`midattr_plugin.read_image` does.
        """
        return Compose(
            [
                upright_rgb,
                Resize(tuple(self.image_size)),
                ToTensor(),
                Normalize(list(self.norm_mean), list(self.norm_std)),
            ]
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain Python values, which a checkpoint may hold."""
        content = asdict(self) | {'format_version': FORMAT_VERSION}
        if self.schema is not None:
            content['schema'] = self.schema.as_dict()
        return {key: _plain(value) for key, value in content.items()}

    def differences(self, other: 'ModelSpec') -> dict[str, tuple[Any, Any]]:
        """Return what differs: configuration key -> the value here and that of ``other``.

        Number and names of classes are left out, which no key says, and options that only one of
        the two models has.
        """
        mine, theirs = (_by_key(spec) for spec in (self, other))
        pairs = {key: (mine[key], theirs[key]) for key in mine if key in theirs}
        return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> 'ModelSpec':
        """Return the spec that :meth:`as_dict` gave.

        Raises:
            InputError: it was written by a newer version, or is incomplete.
        """
        content = dict(content)
        version = content.pop('format_version', 1)
        if version > FORMAT_VERSION:
            raise InputError(
                f'the model has the format version {version}, but this version of midattr_plugin '
                f'reads up to {FORMAT_VERSION}; update it'
            )
        try:
            schema = content.pop('schema')
            if schema is not None:
                schema = AttributeSchema.from_dict(schema)
            return cls(schema=schema, **content)
        except (KeyError, TypeError) as error:
            raise InputError(
                f'the description of the model is incomplete or damaged ({error}); use a '
                'checkpoint that a training of this project wrote'
            ) from error


def _by_key(spec: ModelSpec) -> dict[str, Any]:
    values = {
        'model.name': spec.name,
        'loss.name': spec.loss,
        'data.height': spec.image_size[0],
        'data.width': spec.image_size[1],
        'data.norm_mean': spec.norm_mean,
        'data.norm_std': spec.norm_std,
        'midattr.last_stride': spec.last_stride,
        **{f'midattr.{name}': value for name, value in spec.options.items()},
    }
    _, is_member, member = spec.backbone.partition(':')
    if is_member:
        values['midattr.timm_name'] = member
    if not values.get('midattr.part_rows'):  # a model without a part branch
        values.pop('midattr.part_rows', None)
    return {key: _plain(value) for key, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
