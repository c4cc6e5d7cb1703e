"""From a configuration to the model that it names, with its pretrained weights."""

from collections.abc import Callable
from dataclasses import replace

from torch import nn
from yacs.config import CfgNode

from midattr_plugin import torchreid_compat
from midattr_plugin.config import arguments
from midattr_plugin.errors import InputError
from midattr_plugin.models import MODELS, ModelSpec
from midattr_plugin.models.backbone import find_backbone
from midattr_plugin.models.backbones.torchreid_weights import download_problem
from midattr_plugin.models.pretrained import ENOUGH, WeightsError, build_and_compare
from midattr_plugin.models.zoo import full_backbone_name
from midattr_plugin.schema import AttributeSchema


def build_model(cfg: CfgNode, num_classes: int, schema: AttributeSchema | None = None) -> nn.Module:
    """Return the model ``model.name`` for n identities, on the GPU if one is used; n may be 0.

    Its ``started_from`` is 'pretrained' or 'random'; '' if a checkpoint replaces its weights.

    Args:
        cfg: the configuration.
        num_classes: n.
        schema: attributes of own images, which a model of this project learns if its name does not
            say whose.

    Raises:
        InputError: an option does not fit the model, or its weights cannot be had.
    """
    name = cfg.model.name
    own = name in MODELS
    if not num_classes and not own:
        raise InputError(
            f'model.name: "{name}" learns identities alone, but the training images have none; '
            'choose midattr_<backbone>'
        )
    # weights that a checkpoint replaces at once need not be downloaded
    replaced = cfg.model.resume or (cfg.test.evaluate and cfg.model.load_weights)

    def build(pretrained: bool) -> nn.Module:
        if own:
            return _own_model(cfg, num_classes, pretrained, schema)
        return _torchreid_model(cfg, num_classes, pretrained)

    if cfg.model.pretrained and not replaced:
        model = _pretrained_model(cfg, build)
    else:
        model = build(False)
        model.started_from = '' if replaced else 'random'
    if own and model.schema is not None and cfg.loss.name != 'midattr':
        raise InputError(
            f'loss.name: "{cfg.loss.name}" would leave the attributes of '
            f'"{name}" untrained; choose "midattr", or a model without them'
        )
    return model.cuda() if cfg.use_gpu else model


def _torchreid_model(cfg: CfgNode, num_classes: int, pretrained: bool) -> nn.Module:
    name, loss = cfg.model.name, cfg.loss.name
    model = torchreid_compat.models.build_model(
        name, num_classes, loss=loss, pretrained=pretrained, use_gpu=cfg.use_gpu
    )
    model.spec = _with_preprocessing(cfg, ModelSpec(name, num_classes, loss))
    return model


def _pretrained_model(cfg: CfgNode, build: Callable[[bool], nn.Module]) -> nn.Module:
    """Return the model with pretrained weights, once it is seen that it has got them."""
    name = cfg.model.name
    try:
        model, loaded = build_and_compare(build)
    except WeightsError as error:
        raise InputError(f'model.pretrained: {download_problem(name, error)}') from None
    is_enough = loaded.share >= ENOUGH
    model.started_from = 'pretrained' if is_enough else 'random'
    if not is_enough and not cfg.model.load_weights:
        raise InputError(
            f'model.pretrained is True, but "{name}" has got pretrained weights for '
            f'{loaded.share:.0%} of its layers, without those that are always new: set it to False '
            'to start from random weights, or give a file of weights as model.load_weights'
        )
    if is_enough and name in MODELS:
        _note_normalization(cfg)
    if is_enough and loaded.lacking:
        print(
            f'Pretrained weights: {loaded.share:.0%} of those of {name}; none in '
            f'{", ".join(loaded.lacking)}, which train.new_layers and train.open_layers do not '
            'name by default'
        )
    return model


def _note_normalization(cfg: CfgNode) -> None:
    """Say so if the backbone was pretrained on images that were normalized in another way."""
    entry = MODELS[cfg.model.name]
    kind = find_backbone(full_backbone_name(entry.backbone, cfg.midattr.timm_name))
    theirs = [list(values) for values in kind.normalization()]
    if theirs != [list(cfg.data.norm_mean), list(cfg.data.norm_std)]:
        print(
            f'Note: the pretrained weights of {cfg.model.name} are of images with data.norm_mean '
            f'{theirs[0]} and data.norm_std {theirs[1]}, which suit them better than those of this '
            'run'
        )


def model_spec(cfg: CfgNode, num_classes: int) -> ModelSpec:
    """Return what a checkpoint of the model of this configuration says about it.

    Args:
        cfg: the configuration.
        num_classes: number of identities.

    Raises:
        InputError: an option does not fit the model.
    """
    if cfg.model.name in MODELS:
        return _own_model(cfg, num_classes, pretrained=False).spec
    return _with_preprocessing(cfg, ModelSpec(cfg.model.name, num_classes, cfg.loss.name))


def _own_model(
    cfg: CfgNode, num_classes: int, pretrained: bool, schema: AttributeSchema | None = None
) -> nn.Module:
    entry = MODELS[cfg.model.name]
    if entry.schema is None:
        entry = replace(entry, schema=schema)
    model = entry(
        num_classes,
        cfg.loss.name,
        pretrained,
        image_size=(cfg.data.height, cfg.data.width),
        **arguments(cfg, 'model'),
    )
    model.spec = _with_preprocessing(cfg, model.spec)
    return model


def _with_preprocessing(cfg: CfgNode, spec: ModelSpec) -> ModelSpec:
    return replace(
        spec,
        image_size=(cfg.data.height, cfg.data.width),
        norm_mean=list(cfg.data.norm_mean),
        norm_std=list(cfg.data.norm_std),
    )
