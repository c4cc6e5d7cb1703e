"""Interface of backbones: all that the model needs of the network that it is built on.

A backbone is cut where the branches split. The *trunk* runs once; the *tail* exists once per
branch (paper section 2.1: "conv5 is duplicated"). Attributes may be recognized on any of its
named layers.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from torch import Tensor, nn

from midattr_plugin.registry import Registry


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
        strides: layer -> pixels of the image per row of the map, so that h = ceil(H / stride).
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
