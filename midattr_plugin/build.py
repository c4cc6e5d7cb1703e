"""From a configuration to the objects that it names."""

import torch
from torch import nn
from torch.utils.data import Dataset
from yacs.config import CfgNode

from midattr_plugin import torchreid_compat
from midattr_plugin.build_data import build_datamanager
from midattr_plugin.build_model import build_model, model_spec
from midattr_plugin.config import KEYS, arguments
from midattr_plugin.datasets.class_counts import count_classes
from midattr_plugin.engine import ENGINES
from midattr_plugin.engine.descriptor_ranking import Expansion
from midattr_plugin.errors import InputError
from midattr_plugin.losses import (
    ATTRIBUTE_LOSSES,
    CLASSIFIERS,
    METRIC_LOSSES,
    TASK_WEIGHTS,
    MidAttrLoss,
)
from midattr_plugin.models.pretrained import new_layers
from midattr_plugin.registration import use_fast_ranking

__all__ = [
    'build_criterion',
    'build_datamanager',
    'build_engine',
    'build_model',
    'build_optimizer',
    'chosen_layers',
    'model_spec',
]


def build_criterion(cfg: CfgNode, model: nn.Module, dataset: Dataset) -> MidAttrLoss | None:
    """Return the loss of our engine, on the device of the model; None for torchreid's engines.

    Args:
        cfg: the configuration.
        model: the model to train.
        dataset: the training images, whose labels may be counted.

    Raises:
        InputError: a loss does not exist or does not take its options, or the images have none of
            the attributes.
    """
    if cfg.loss.name != 'midattr':
        return None
    name = cfg.midattr.attribute_loss
    kind = ATTRIBUTE_LOSSES[name]
    metric_loss = cfg.midattr.metric_loss
    margin_softmax = CLASSIFIERS[cfg.midattr.classifier]
    criterion = MidAttrLoss(
        **arguments(cfg, 'criterion'),
        attribute_loss=kind.build(
            lambda: count_classes(model.schema, dataset), **arguments(cfg, f'attribute_loss.{name}')
        ),
        metric_loss=METRIC_LOSSES[metric_loss](**arguments(cfg, f'metric_loss.{metric_loss}')),
        margin_softmax=margin_softmax and margin_softmax(**arguments(cfg, 'margin_softmax')),
        task_uncertainty=_task_uncertainty(cfg, model),
    )
    return criterion.to(next(model.parameters()).device)


def _task_uncertainty(cfg: CfgNode, model: nn.Module) -> nn.Module | None:
    kind = TASK_WEIGHTS[cfg.midattr.task_weights]
    if kind is None:
        return None
    if cfg.test.evaluate and not cfg.model.resume:
        return None  # model.load_weights does not bring what was learned: nothing to report
    attributes = () if model.schema is None else model.schema.names
    return kind([*model.branches, *attributes])


def build_optimizer(
    cfg: CfgNode, model: nn.Module, criterion: MidAttrLoss | None = None
) -> torch.optim.Optimizer:
    """Return torchreid's optimizer; its step is one kernel where PyTorch has one.

    Args:
        cfg: the configuration.
        model: the model to train.
        criterion: its parameters are trained, too.

    Raises:
        InputError: a name in ``train.new_layers`` or ``train.open_layers`` that is used is not
            a top-level child of the model.
    """
    options = arguments(cfg, 'optimizer')
    if cfg.train.staged_lr:
        options['new_layers'] = chosen_layers(cfg, 'new_layers', model)
        print(
            f'Staged rates: {cfg.train.lr:g} for {", ".join(options["new_layers"])}; '
            f'{cfg.train.lr * cfg.train.base_lr_mult:g} for the other layers'
        )
    if cfg.train.fixbase_epoch:
        chosen_layers(cfg, 'open_layers', model)
    optimizer = torchreid_compat.optim.build_optimizer(model, **options)
    for group in [] if criterion is None else criterion.param_groups():
        optimizer.add_param_group(group)
    # a fused SGD cannot go on with a group of which some layers were frozen until now; Adam can
    kind = type(optimizer)
    if kind is torch.optim.Adam or (kind is torch.optim.SGD and not cfg.train.fixbase_epoch):
        # torchreid's function does not pass the argument on. It is given to the constructor, as
        # the scaler of fp16 reads a number from the device for an optimizer that got it later.
        groups = [{**group, 'fused': True} for group in optimizer.param_groups]
        optimizer = kind(groups, **{**optimizer.defaults, 'fused': True})
    return optimizer


def chosen_layers(cfg: CfgNode, key: str, model: nn.Module) -> list[str]:
    """Return the children that ``train.new_layers`` or ``train.open_layers`` stands for.

    Its default stands for all new layers of the model, see :func:`new_layers`.

    Args:
        cfg: the configuration.
        key: 'new_layers' or 'open_layers'.
        model: the model.

    Raises:
        InputError: the model has no such child, or the open layers have no weights.
    """
    named = list(cfg.train[key])
    if named == KEYS[f'train.{key}'].default:
        return list(new_layers(model)) or named
    children = dict(model.named_children())
    unknown = [name for name in named if name not in children]
    if unknown:
        raise InputError(
            f'train.{key}: the model has no layer "{unknown[0]}"; choose from {", ".join(children)}'
        )
    if key == 'open_layers' and not any(list(children[name].parameters()) for name in named):
        raise InputError(
            f'train.open_layers: {", ".join(named) or "an empty list"} has nothing that '
            'train.fixbase_epoch could train; name a layer with weights'
        )
    return named


def build_engine(
    cfg: CfgNode, datamanager, model: nn.Module, optimizer, scheduler, criterion=None
) -> torchreid_compat.Engine:
    """Return the engine for ``loss.name`` and ``data.type``, with checkpoints and results of ours.

    Args:
        cfg: the configuration.
        datamanager: from :func:`build_datamanager`.
        model: from :func:`build_model`.
        optimizer: from :func:`build_optimizer`.
        scheduler: from :func:`midattr_plugin.optim.build_scheduler`.
        criterion: from :func:`build_criterion`; None to build it here.

    Raises:
        ValueError: the criterion has parameters that the optimizer lacks.
    """
    use_fast_ranking(cfg.midattr.fast_ranking)
    options: dict = {'use_gpu': cfg.use_gpu}
    if cfg.loss.name == 'midattr':
        if criterion is None:
            criterion = build_criterion(cfg, model, datamanager.train_loader.dataset)
        options |= arguments(cfg, 'engine') | {'criterion': criterion}
    else:
        options['label_smooth'] = cfg.loss.softmax.label_smooth
        if cfg.loss.name == 'triplet':
            triplet = cfg.loss.triplet
            options |= {
                'margin': triplet.margin,
                'weight_t': triplet.weight_t,
                'weight_x': triplet.weight_x,
            }
        if cfg.data.type == 'video':
            options['pooling_method'] = cfg.video.pooling_method
    kind = ENGINES[cfg.loss.name, cfg.data.type]
    built = kind(datamanager, model, optimizer, scheduler=scheduler, **options)
    built.data_seed = cfg.train.seed
    built.checkpoint_seconds = cfg.midattr.checkpoint_seconds
    built.sync_batch_norm = cfg.midattr.sync_batch_norm
    built.ema_decay = cfg.midattr.ema_decay
    built.test_flip = cfg.midattr.test_flip
    if cfg.midattr.query_expansion:
        keys = cfg.midattr
        built.expansion = Expansion(keys.query_expansion, keys.query_expansion_alpha)
    built.ranking_memory = cfg.midattr.ranking_memory
    built.validation_loader = getattr(datamanager, 'validation_loader', None)
    built.held_out_loaders = getattr(datamanager, 'held_out_loaders', {})
    return built
