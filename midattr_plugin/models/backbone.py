"""Interface of backbones: all that the model needs of the network that it is built on.

A backbone is cut where the branches split. The *trunk* runs once; the *tail* exists once per
branch (paper section 2.1: "conv5 is duplicated"). Attributes may be recognized on any of its
named layers.

Layers have the names of their strides: ``s8`` is the deepest map with a row for every 8 pixels of
the image. ResNets have the paper's names. One stands for the other on every backbone, so that one
configuration fits all:

======  =====  ===============================
paper   name   of a ResNet
======  =====  ===============================
res3d   s8     end of conv3, ``layer2``
res4f   s16    end of conv4, ``layer3``
res5c   s32    end of conv5, ``layer4``
======  =====  ===============================
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.func import functional_call

from midattr_plugin.errors import InputError
from midattr_plugin.registry import Registry
from midattr_plugin.torchreid_compat import IMAGENET_MEAN, IMAGENET_STD

SAME_LAYER = {'res3d': 's8', 'res4f': 's16', 'res5c': 's32'}
"""The paper's name of a layer -> the name by its stride."""
_OTHER_NAME = SAME_LAYER | {by_stride: paper for paper, by_stride in SAME_LAYER.items()}


class Backbone(ABC):
    """A network in two pieces, with named layers.

    A subclass says in ``layers`` what can be known without building the network, and sets the
    instance attributes when it is built. To make it available::

        @BACKBONES.register('my_net')
        class MyNet(Backbone): ...

    Attributes:
        layers: name of a layer -> name of the child of the model whose output it is, from shallow
            to deep. The last one is the output of the tail; the others are of children of the
            trunk.
        trunk: name -> module, in the order of the forward pass. The names are those of children
            of the model, by which torchreid freezes layers and gives them learning rates.
        tail: what follows the trunk; each branch has a copy of its own.
        channels: layer -> number of channels C of its map (B, C, h, w).
        strides: layer -> pixels of the image per row of the map.
    """

    layers: ClassVar[Mapping[str, str]]
    trunk: dict[str, nn.Module]
    tail: nn.Module
    channels: dict[str, int]
    strides: dict[str, int]

    @abstractmethod
    def __init__(self, state: dict[str, Tensor] | None = None, last_stride: int = 2):
        """Build the network.

        Args:
            state: what :meth:`pretrained_state` returned; None for random weights.
            last_stride: stride of the tail's first layer: 2, or 1 for a map of twice the rows
                and columns (Luo et al., CVPRW 2019).

        Raises:
            InputError: ``state`` belongs to another network, or the stride is not possible.
        """

    @classmethod
    @abstractmethod
    def pretrained_state(
        cls, weights: str = '', weights_file: str | Path = ''
    ) -> dict[str, Tensor]:
        """Return pretrained weights.

        Args:
            weights: name of the weights; '' for the backbone's own choice.
            weights_file: a file with a state dict, which is read instead if it is given.

        Raises:
            InputError: the weights cannot be had.
        """

    @classmethod
    def normalization(cls) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return mean and standard deviation of R, G, B with which its weights were pretrained."""
        return IMAGENET_MEAN, IMAGENET_STD

    @classmethod
    def member(cls, name: str) -> 'type[Backbone]':
        """Return one network of a family; see :func:`find_backbone`.

        Raises:
            InputError: this backbone is one network, not a family.
        """
        raise InputError(f'model.name: a backbone that is one network has no "{name}" in it')

    def map_sizes(self, height: int, width: int) -> dict[str, tuple[int, int, int]]:
        """Return layer -> size (C, h, w) of the map of an image, without computing it.

        Args:
            height: of the image, pixels.
            width: of the image, pixels.

        Raises:
            InputError: the network cannot take images of this size.
        """
        layer_of = {child: layer for layer, child in self.layers.items()}
        stages = {**self.trunk, self.tail_name: self.tail}
        sizes = output_sizes(stages, height, width)
        return {layer_of[child]: size for child, size in sizes.items() if child in layer_of}

    @property
    def last_layer(self) -> str:
        """Name of the output of the tail."""
        return list(self.layers)[-1]

    @property
    def tail_name(self) -> str:
        """Name of the child of the model that is the tail."""
        return self.layers[self.last_layer]


BACKBONES: Registry[type[Backbone]] = Registry('backbone', 'model.name')
"""Backbones by name; a model ``midattr_<name>`` is registered for each."""


def find_backbone(name: str) -> type[Backbone]:
    """Return the backbone of a name, which for one of a family is '<family>:<member>'.

    Raises:
        InputError: there is none.
    """
    family, colon, member = name.partition(':')
    return BACKBONES[family].member(member) if colon else BACKBONES[family]


def own_layer_name(name: str, layers: Iterable[str]) -> str:
    """Return the name that a backbone has for a layer: ``s8`` for ``res3d``, or the reverse.

    Args:
        name: as somebody wrote it.
        layers: names of the backbone's layers.

    Returns:
        ``name`` itself, if the backbone has it or neither of the two.
    """
    layers = tuple(layers)
    other = _OTHER_NAME.get(name, name)
    return other if name not in layers and other in layers else name


def output_sizes(
    modules: Mapping[str, nn.Module], height: int, width: int
) -> dict[str, tuple[int, int, int]]:
    """Return the size (C, h, w) of what each module of a chain gives, without computing it.

    Args:
        modules: name -> module, each of which takes what the one before it gives.
        height: of the image, pixels.
        width: of the image, pixels.

    Raises:
        InputError: the modules cannot take images of this size.
    """
    x = torch.empty(1, 3, height, width, device='meta')
    sizes: dict[str, tuple[int, int, int]] = {}
    for name, module in modules.items():
        is_training = module.training
        state = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        try:
            # in test mode: batch statistics of a single row cannot be had
            x = functional_call(
                module.eval(), {key: value.to('meta') for key, value in state.items()}, (x,)
            )
        except (RuntimeError, ValueError, AssertionError, IndexError) as error:
            raise InputError(
                f'data.height, data.width: the backbone cannot take images of {height} x {width} '
                f'pixels ({" ".join(str(error).split())[:120] or type(error).__name__}); choose '
                'a larger size, or one that its pretrained weights were made for'
            ) from error
        finally:
            module.train(is_training)
        channels, rows, columns = x.shape[1:]
        sizes[name] = channels, rows, columns
    return sizes


def layer_names() -> tuple[str, ...]:
    """Return the names of the layers of all registered backbones.

    Those of each backbone are in order, from shallow to deep.
    """
    names: list[str] = []
    for _, backbone in BACKBONES.items():
        shared = [name for name in backbone.layers if name in names]
        place = names.index(shared[0]) if shared else len(names)
        for name in backbone.layers:
            if name not in names:
                names.insert(place, name)
            place = names.index(name) + 1
    return tuple(names)
