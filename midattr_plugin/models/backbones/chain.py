"""Networks that are a chain of modules, cut where their strides change.

Most networks for images are: each module takes the map of the one before it, and now and then the
map gets half the rows and columns. So a family of them needs to say only what its chain is; where
the layers are, and how many channels they have, is measured.
"""

import math
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor, nn

from midattr_plugin.errors import InputError
from midattr_plugin.models.backbone import Backbone, output_sizes
from midattr_plugin.models.backbones.weights_file import load_weights

STRIDES = (8, 16, 32)
_SIZE = 256  # pixels, of the image by which strides are measured


class ChainBackbone(Backbone):
    """A network whose layers ``s8``, ``s16`` and ``s32`` are the deepest maps of these strides.

    A subclass says what the network is. The tail is what follows the last layer but one, so that
    of a network that ends at stride 16 (OSNet) it begins behind ``s8``.

    Attributes:
        name: of the network in its library.
        library: in which the network is, for messages.
        heads: children of the network that follow its last map.

    Args:
        state: state dict of the network, as its library writes it.
        last_stride: of the tail; with 1 its last map has as many rows as that before it.

    Raises:
        InputError: ``state`` is of another network, or the stride cannot be changed.
    """

    name: ClassVar[str]
    library: ClassVar[str]
    heads: ClassVar[tuple[str, ...]] = ()
    layers: ClassVar[Mapping[str, str]] = {f's{stride}': f's{stride}' for stride in STRIDES}

    def __init__(self, state: dict[str, Tensor] | None = None, last_stride: int = 2):
        if last_stride not in (1, 2):
            raise InputError(f'midattr.last_stride: {last_stride} does not fit; choose 2 or 1')
        network = self.build_network()
        if state is not None:
            load_weights(network, state, self.heads, f"{self.library}'s {self.name}")
        *trunk, (self._last, self.tail) = cut(flatten(self.chain(network)), self.name).items()
        if [*dict(trunk), self._last] != list(self.layers):
            raise InputError(
                f"{self.library}'s {self.name} has the layers "
                f'{", ".join([*dict(trunk), self._last])}, not {", ".join(self.layers)}; use '
                f'a version of {self.library} that this project was made for'
            )
        self.trunk = dict(trunk)
        if last_stride == 1:
            remove_stride(self.tail)
        sizes = self.map_sizes(_SIZE, _SIZE)
        rows = {layer: size[1] for layer, size in sizes.items()}
        if last_stride == 1 and rows[self._last] != rows[trunk[-1][0]]:
            raise InputError(
                f'midattr.last_stride: the stride of the end of {self.name} cannot be taken away '
                'without changing what its weights see; choose 2'
            )
        self.channels = {layer: size[0] for layer, size in sizes.items()}
        self.strides = {layer: nominal_stride(rows[layer]) for layer in sizes}

    @classmethod
    @abstractmethod
    def build_network(cls) -> nn.Module:
        """Return the network with random weights."""

    @classmethod
    @abstractmethod
    def chain(cls, network: Any) -> dict[str, nn.Module]:
        """Return name -> module, from the image to the last map, in the order of its forward."""

    @classmethod
    @abstractmethod
    def pretrained_state(
        cls, weights: str = '', weights_file: str | Path = ''
    ) -> dict[str, Tensor]:
        """Return pretrained weights; see :class:`Backbone`."""


def flatten(chain: Mapping[str, nn.Module], path: str = '') -> dict[str, nn.Module]:
    """Return a chain in which each sequence is replaced by the modules in it.

    Args:
        chain: name -> module.
        path: begins the names of the result, in which '_' stands for '.'.
    """
    flat: dict[str, nn.Module] = {}
    for name, module in chain.items():
        if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
            flat |= flatten(dict(module.named_children()), f'{path}{name}_')
        else:
            flat[path + name] = module
    return flat


def cut(chain: Mapping[str, nn.Module], name: str) -> dict[str, nn.Sequential]:
    """Return layer -> what lies between it and the layer before it, from shallow to deep.

    Args:
        chain: name -> module.
        name: of the network, for messages.

    Raises:
        InputError: the chain has fewer than two layers of different strides.
    """
    modules = list(chain.items())
    sizes = output_sizes(chain, _SIZE, _SIZE)
    strides = [nominal_stride(rows) for _, rows, _ in sizes.values()]
    ends = {
        stride: len(strides) - strides[::-1].index(stride)
        for stride in STRIDES
        if stride in strides
    }
    if len(ends) < 2 or strides != sorted(strides) or strides[-1] not in ends:
        raise InputError(
            f'model.name: {name} has maps of the strides {sorted(set(strides))}, but two of '
            f'{", ".join(map(str, STRIDES))} are needed, the last of which ends the network; '
            'choose another backbone'
        )
    starts = [0, *list(ends.values())[:-1]]
    for start in starts[1:]:
        keep_input(modules[start][1])
    return {
        f's{stride}': nn.Sequential(OrderedDict(modules[start:end]))
        for start, (stride, end) in zip(starts, ends.items(), strict=True)
    }


def keep_input(module: nn.Module) -> None:
    """Let nothing in a module write into the map that it takes, which attributes may read, too."""
    for child in module.modules():
        if getattr(child, 'inplace', False):
            child.inplace = False  # type: ignore[assignment]


def nominal_stride(rows: int) -> int:
    """Return the power of 2 that is the stride of a map with ``rows`` rows.

    Networks without padding (Inception) have a few rows less than the size over the stride.
    """
    return 2 ** round(math.log2(_SIZE / rows))


def remove_stride(tail: nn.Module) -> None:
    """Let the modules of a tail pass every row and column, as with a stride of 1.

    Weights stay as they are. Pooling over the two rows that a stride joins becomes nothing.
    """
    for name, module in tail.named_children():
        if isinstance(module, nn.Conv2d) and tuple(module.stride) == (2, 2):
            module.stride = (1, 1)
        elif isinstance(module, (nn.MaxPool2d, nn.AvgPool2d)) and module.stride in (2, (2, 2)):
            if module.kernel_size in (2, (2, 2)):
                setattr(tail, name, nn.Identity())
            else:
                module.stride = 1
        else:
            remove_stride(module)
