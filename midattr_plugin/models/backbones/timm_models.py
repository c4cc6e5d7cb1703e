"""timm's networks as backbones: ``midattr_timm`` with ``midattr.timm_name`` (extra ``[timm]``).

timm cuts a network into features by itself (``features_only``). Those that are a chain of modules
can have a tail for each branch: ConvNeXt, TinyViT, RepViT, EfficientNet, GhostNet, ... Vision
transformers of one stride, and networks of several resolutions at once, cannot.
"""

import difflib
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from midattr_plugin.errors import InputError
from midattr_plugin.models.backbone import BACKBONES, Backbone
from midattr_plugin.models.backbones.chain import ChainBackbone, cut, flatten
from midattr_plugin.models.backbones.weights_file import REMEDY, reason
from midattr_plugin.random_state import preserved_random_state

TIMM = 'timm'


class TimmBackbone(ChainBackbone):
    """A network of timm."""

    library = TIMM

    is_checked: ClassVar[bool] = False

    @classmethod
    def build_network(cls) -> nn.Module:
        """Return timm's network with random weights.

        Raises:
            InputError: its forward is another than that of the chain.
        """
        network = _create(cls.name)
        if not cls.is_checked and not next(network.parameters()).is_meta:
            _check_chain(network, cls.name)
            cls.is_checked = True
        return network

    @classmethod
    def normalization(cls) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return that of timm's configuration of the network."""
        facts = _timm().get_pretrained_cfg(cls.name)
        return super().normalization() if facts is None else (facts.mean, facts.std)

    @classmethod
    def chain(cls, network: Any) -> dict[str, nn.Module]:
        """Return its modules up to the last map."""
        return _chain(network, cls.name)

    @classmethod
    def pretrained_state(
        cls, weights: str = '', weights_file: str | Path = ''
    ) -> dict[str, Tensor]:
        """Return timm's pretrained weights, downloaded by timm.

        Args:
            weights: timm's tag of the weights, e.g. 'in1k'; '' for timm's own choice.
            weights_file: a file of timm, which is read instead if it is given.

        Raises:
            InputError: the weights cannot be had.
        """
        options: dict[str, Any] = {}
        if weights_file:
            from midattr_plugin.user_path import user_path

            path = user_path(weights_file, 'midattr.weights_file')
            if not Path(path).is_file():
                raise InputError(f'midattr.weights_file: there is no file "{path}"; {REMEDY}')
            options['pretrained_cfg_overlay'] = {'file': str(path)}
        name = f'{cls.name}.{weights}' if weights else cls.name
        try:
            with preserved_random_state():
                return _create(name, pretrained=True, **options).state_dict()
        except InputError:
            raise
        except Exception as error:  # whatever networks, files and libraries raise
            raise InputError(
                f'model.pretrained: timm has no weights of "{name}" to give ({reason(error)}); '
                f'{REMEDY}'
            ) from None


@BACKBONES.register(TIMM)
class TimmFamily(Backbone):
    """All networks of timm; ``midattr.timm_name`` chooses one."""

    layers = ChainBackbone.layers

    def __init__(self, state: dict[str, Tensor] | None = None, last_stride: int = 2):
        self.member('')

    @classmethod
    def pretrained_state(
        cls, weights: str = '', weights_file: str | Path = ''
    ) -> dict[str, Tensor]:
        """Raise an ``InputError``: a family has no weights."""
        cls.member('')
        return {}

    @classmethod
    def member(cls, name: str) -> type[Backbone]:
        """Return :func:`timm_backbone`."""
        return timm_backbone(name)


@cache
def timm_backbone(name: str) -> type[TimmBackbone]:
    """Return the backbone class of a network of timm.

    Args:
        name: of the network in timm, without a tag of weights.

    Raises:
        InputError: timm is not installed or has no such network, or it cannot be cut.
    """
    if not name:
        raise InputError(
            'midattr.timm_name is not given; set it to the name of a network of timm, e.g. '
            'tiny_vit_5m_224'
        )
    with torch.device('meta'), preserved_random_state():
        network = _create(name)
        layers = list(cut(flatten(_chain(network, name)), name))
    return type(f'Timm_{name}', (TimmBackbone,), {'name': name, 'layers': {s: s for s in layers}})


@torch.no_grad()
def _check_chain(network: Any, name: str) -> None:
    """Compare what timm's forward gives with what the chain gives: nobody has seen all of timm.

    Raises:
        InputError: they differ.
    """
    height, width = (network.pretrained_cfg or {}).get('input_size', (3, 224, 224))[1:]
    image = torch.linspace(-1, 1, 3 * height * width).reshape(1, 3, height, width)
    is_training = network.training
    network.eval()
    x = image.clone()
    for module in _chain(network, name).values():
        x = module(x)
    expected = network(image.clone())[-1]
    network.train(is_training)
    if x.shape != expected.shape or not torch.allclose(x, expected, rtol=1e-3, atol=1e-3):
        raise InputError(
            f'midattr.timm_name: the forward pass of "{name}" is more than its modules one after '
            'the other, so that it cannot be cut; choose another, e.g. tiny_vit_5m_224'
        )


def _timm() -> ModuleType:
    try:
        import timm
    except ImportError as error:
        raise InputError(
            f'midattr.timm_name: timm cannot be imported ({error}); run pip install '
            '"midattr_plugin[timm]"'
        ) from None
    return timm


def _create(name: str, **options: Any) -> Any:
    timm = _timm()
    if not timm.is_model(name):
        close = difflib.get_close_matches(name, timm.list_models(), n=3, cutoff=0.5)
        hint = f'; did you mean {" or ".join(close)}?' if close else ''
        raise InputError(
            f'midattr.timm_name: timm {timm.__version__} has no network "{name}"{hint}'
        )
    try:
        return timm.create_model(name, features_only=True, **options)
    except (RuntimeError, AttributeError, AssertionError, TypeError, KeyError) as error:
        if options:
            raise
        raise InputError(
            f'midattr.timm_name: timm cannot cut "{name}" into features ({reason(error)}); choose '
            'another'
        ) from None


def _chain(network: Any, name: str) -> dict[str, nn.Module]:
    """Return the modules that timm's own forward runs one after the other."""
    from timm.models._features import FeatureListNet

    if isinstance(network, FeatureListNet):
        if str(getattr(network, 'output_fmt', 'NCHW')).endswith('NHWC'):
            raise InputError(
                f'midattr.timm_name: the maps of "{name}" have their channels last, which the '
                'branches cannot read; choose another, e.g. tiny_vit_5m_224'
            )
        return dict(network.items())
    if hasattr(network, 'conv_stem') and hasattr(network, 'blocks'):  # EfficientNet, MobileNetV3
        names = ('conv_stem', 'bn1', 'act1', 'blocks')
        return {name: getattr(network, name) for name in names if hasattr(network, name)}
    raise InputError(
        f'midattr.timm_name: "{name}" is not a chain of modules whose maps get smaller, so that '
        'it has no mid-level layer to read and no end to copy; choose another, e.g. '
        'tiny_vit_5m_224'
    )
