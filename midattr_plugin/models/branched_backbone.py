"""The backbone in a model: the trunk once, its tail once for each branch (paper section 2.1).

Its modules are children of the model, as torchreid freezes layers and gives them learning rates by
the names of the children.

Shapes: B images, H x W pixels, C channels and h x w positions of a map.
"""

import copy
from collections.abc import Collection, Iterable, Mapping, Sequence

from torch import Tensor, nn

from midattr_plugin.models.attribute_heads import POOLED
from midattr_plugin.models.backbone import Backbone
from midattr_plugin.models.frozen_batch_norm import freeze_batch_norm
from midattr_plugin.models.non_local import NonLocal
from midattr_plugin.models.part_generators import PartGenerators

SUFFIX = {'global': '', 'local': '_part'}
"""Branch -> ending of the names of its children."""


class BranchedBackbone(nn.Module):
    """From images to the maps of the layers and branches.

    A model without branches ends behind the deepest layer that is read.

    Attributes:
        branches: names of the branches.
        non_local: layer of the trunk -> block behind it; None for none.

    Args:
        backbone: the network; its modules become children.
        branches: 'global', 'local' or both. The local one has its tail from :meth:`add_tail`,
            because checkpoints tell the state of an optimizer by the order of the parameters, in
            which what belongs to the global branch comes first.
        read: layers that are read of a model without branches.
        non_local: layers of the trunk behind which a :class:`NonLocal` stands; one that nothing
            follows is left out.
        freeze_bn: whether to freeze all batch normalization of the backbone.
        generators: of the initial weights of the blocks.
    """

    non_local: nn.ModuleDict | None

    def __init__(
        self,
        backbone: Backbone,
        branches: Sequence[str],
        read: Iterable[str],
        non_local: Iterable[str],
        freeze_bn: bool,
        generators: PartGenerators,
    ):
        super().__init__()
        self.branches = tuple(branches)
        trunk = backbone.trunk
        self._last_layer = backbone.last_layer
        has_global_tail = 'global' in self.branches
        if not self.branches:
            self._last_layer = _deepest(backbone, read)
            has_global_tail = self._last_layer == backbone.last_layer
            trunk = _up_to(trunk, backbone.layers[self._last_layer])
        if freeze_bn:
            trunk = {name: freeze_batch_norm(module, name) for name, module in trunk.items()}
        for name, module in trunk.items():
            self.add_module(name, module)
        self._layer_after = {child: layer for layer, child in backbone.layers.items()}
        self._trunk = tuple(trunk)
        self._tail = backbone.tail_name
        self._tails: tuple[str, ...] = ()  # branches that have theirs
        self._freeze_bn = freeze_bn
        blocks = {}
        for layer in non_local:
            if backbone.layers[layer] in trunk and layer != self._last_layer:
                with generators.part(f'non_local {layer}'):
                    blocks[layer] = NonLocal(backbone.channels[layer])
        self.non_local = nn.ModuleDict(blocks) if blocks else None
        if has_global_tail:
            self.add_tail('global', backbone.tail)

    def add_tail(self, branch: str, tail: nn.Module) -> None:
        """Give a branch its tail.

        Args:
            branch: the global one, if there is one, comes first.
            tail: of the backbone, with its pretrained weights; the local branch gets a copy.
        """
        if branch == 'local':
            tail = copy.deepcopy(tail)
        if self._freeze_bn:
            tail = freeze_batch_norm(tail, self._tail)
        self.add_module(self._tail + SUFFIX[branch], tail)
        self._tails += (branch,)

    @property
    def new_layers(self) -> tuple[str, ...]:
        """Names of the children that are not of the backbone, and so never pretrained."""
        of_backbone = {*self._trunk, *(self._tail + suffix for suffix in SUFFIX.values())}
        return tuple(name for name, _ in self.named_children() if name not in of_backbone)

    def _run_trunk(
        self, x: Tensor, wanted: Collection[str] | None = None
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Return layer -> map of the trunk, and what the tails read.

        Args:
            x: images (B, 3, H, W).
            wanted: layers behind which nothing is computed; None: the whole trunk is.
        """
        maps: dict[str, Tensor] = {}
        for name in self._trunk:
            if wanted is not None and maps.keys() >= set(wanted):
                break
            x = getattr(self, name)(x)
            if name in self._layer_after:
                layer = self._layer_after[name]
                maps[layer] = x
                if self.non_local is not None and layer in self.non_local:
                    x = self.non_local[layer](x)
        return maps, x

    def _run_tail(self, branch: str, x: Tensor) -> Tensor:
        return getattr(self, self._tail + SUFFIX[branch])(x)

    def _all_maps(self, x: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return layer -> map, and branch -> last map of each tail.

        The backbone's last layer is that of the global branch if there is one.
        """
        maps, x = self._run_trunk(x)
        last = {branch: self._run_tail(branch, x) for branch in self._tails}
        if last:
            maps[self._last_layer] = last[self._tails[0]]
        return maps, last

    def layer_maps(self, x: Tensor, layers: Collection[str] | None = None) -> dict[str, Tensor]:
        """Return layer -> map (B, C, h, w), and 'pool5' -> the map that it is pooled of.

        Nothing behind the last one of the layers is computed.

        Args:
            x: images (B, 3, H, W).
            layers: names of the layers; None for all that attributes may read.
        """
        if layers is None:
            read = {self._layer_after[name] for name in self._trunk if name in self._layer_after}
            layers = {*read, self._last_layer, *([POOLED] if 'global' in self._tails else [])}
        wanted = {self._last_layer if layer == POOLED else layer for layer in layers}
        maps, x = self._run_trunk(x, wanted)
        if self._last_layer in wanted - maps.keys():
            maps[self._last_layer] = self._run_tail(self._tails[0], x)
        return {layer: maps[self._last_layer if layer == POOLED else layer] for layer in layers}


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
