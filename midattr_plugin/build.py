"""From a configuration to the objects that it names."""

import traceback
from urllib.error import URLError

import torch
from torch import nn

from midattr_plugin import engine, torchreid_compat
from midattr_plugin.config import (
    imagedata_kwargs,
    loss_kwargs,
    lr_scheduler_kwargs,
    model_kwargs,
    optimizer_kwargs,
    videodata_kwargs,
)
from midattr_plugin.datasets import DukeMTMCreIDAttr, Market1501Attr
from midattr_plugin.datasets.held_out import hold_out
from midattr_plugin.distributed import world_size
from midattr_plugin.distributed.sharding import check_batch, sharded_train_loader
from midattr_plugin.distributed.sync_batch_norm import synchronize_batch_norm
from midattr_plugin.errors import InputError
from midattr_plugin.loading import BatchTransform, CachedImages, CachedLoader
from midattr_plugin.losses import TaskUncertainty
from midattr_plugin.models.zoo import MODELS
from midattr_plugin.optim import warmed_up
from midattr_plugin.registration import use_fast_ranking


def build_datamanager(cfg):
    """Torchreid's data manager, with the annotation files where ``midattr.annotations`` says.

    With ``midattr.cache`` its training loader is replaced by one that decodes only once.

    Raises:
        InputError: the files of a dataset cannot be used, do not fit into the cache, or make no
            batch.
    """
    Market1501Attr.annotation_file = cfg.midattr.annotations.market1501
    DukeMTMCreIDAttr.annotation_file = cfg.midattr.annotations.dukemtmcreid
    try:
        if cfg.data.type == 'video':
            return torchreid_compat.VideoDataManager(**videodata_kwargs(cfg))
        datamanager = torchreid_compat.ImageDataManager(**imagedata_kwargs(cfg))
    except RuntimeError as error:  # what torchreid's datasets raise if files are missing
        raise InputError(
            f'data.root "{cfg.data.root}" lacks a dataset of data.sources or '
            f'data.targets ({error}); put it there, or name another root'
        ) from error
    except (AssertionError, ValueError) as error:
        if not _raised_by_sampler(error):
            raise
        raise InputError(
            f'sampler.train_sampler: {cfg.sampler.train_sampler} cannot make a batch '
            f'of {cfg.train.batch_size} of the training images '
            f'({str(error) or "too few identities"}); lower train.batch_size, or '
            'choose RandomSampler'
        ) from error
    if not len(datamanager.train_loader) and not cfg.test.evaluate:
        raise InputError(
            f'train.batch_size: {cfg.train.batch_size} is more than the '
            f'{len(datamanager.train_loader.dataset)} training images, so that there '
            'is no batch; lower it'
        )
    if cfg.midattr.validation_images and not cfg.test.evaluate:
        datamanager.validation_loader = hold_out(
            datamanager,
            cfg.midattr.validation_images,
            cfg.train.seed,
            cfg.sampler.train_sampler,
            cfg.sampler.num_instances,
            cfg.sampler.num_cams,
            cfg.sampler.num_datasets,
        )
    if world_size() > 1 and not cfg.test.evaluate:
        check_batch(cfg.train.batch_size, cfg.sampler.train_sampler, cfg.sampler.num_instances)
        datamanager.train_loader = sharded_train_loader(datamanager.train_loader)
    if cfg.midattr.cache != 'none' and not cfg.test.evaluate:
        datamanager.train_loader = _cached_loader(cfg, datamanager.train_loader)
    return datamanager


def _raised_by_sampler(error: Exception) -> bool:
    """Whether a sampler of torchreid has raised it: they count, or draw, when they are made."""
    return any(
        frame.f_code.co_filename == torchreid_compat.data.sampler.__file__
        for frame, _ in traceback.walk_tb(error.__traceback__)
    )


def _cached_loader(cfg, loader) -> CachedLoader:
    device = 'cuda' if cfg.use_gpu else 'cpu'
    if cfg.midattr.cache == 'device' and not cfg.use_gpu:
        raise InputError(
            'midattr.cache is device, but no GPU is used; set it to ram, or use_gpu True'
        )
    images = CachedImages(
        loader.dataset,
        cfg.data.height,
        cfg.data.width,
        device if cfg.midattr.cache == 'device' else 'cpu',
        cfg.data.workers,
    )
    transform = BatchTransform(cfg.data.transforms, cfg.data.norm_mean, cfg.data.norm_std)
    return CachedLoader(loader, images, transform, device)


def build_model(cfg, num_classes: int) -> nn.Module:
    """The model ``model.name`` for ``num_classes`` identities, on the GPU if one is used.

    Raises:
        InputError: an option does not fit the model, or its weights cannot be had.
    """
    name = cfg.model.name
    # weights that a checkpoint replaces at once need not be fetched
    replaced = cfg.model.resume or (cfg.test.evaluate and cfg.model.load_weights)
    arguments = {
        'num_classes': num_classes,
        'loss': cfg.loss.name,
        'pretrained': cfg.model.pretrained and not replaced,
        'use_gpu': cfg.use_gpu,
    }
    if name in MODELS:
        model = MODELS[name](**arguments, **model_kwargs(cfg))
        if model.schema is not None and cfg.loss.name != 'midattr':
            raise InputError(
                f'loss.name: "{cfg.loss.name}" would leave the attributes of '
                f'"{name}" untrained; choose "midattr", or a model without them'
            )
    else:
        try:
            model = torchreid_compat.models.build_model(name, **arguments)
        except URLError as error:
            raise InputError(
                f'model.pretrained: the weights of "{name}" could not be fetched '
                f'({error.reason}); put the file that torchreid fetches into '
                f'"{torch.hub.get_dir()}/checkpoints", or set model.pretrained False'
            ) from None
    return model.cuda() if cfg.use_gpu else model


def build_task_uncertainty(cfg, model: nn.Module) -> TaskUncertainty | None:
    """What learns the weights of the losses, on the device of the model; None if nothing does."""
    if cfg.loss.name != 'midattr' or cfg.midattr.task_weights == 'fixed':
        return None
    if cfg.test.evaluate and not cfg.model.resume:
        return None  # model.load_weights does not bring what was learned: nothing to report
    attributes = () if model.schema is None else model.schema.names
    return TaskUncertainty([*model.branches, *attributes]).to(next(model.parameters()).device)


def build_optimizer(
    cfg, model: nn.Module, uncertainty: TaskUncertainty | None = None
) -> torch.optim.Optimizer:
    """Torchreid's optimizer; its step is one kernel where PyTorch has one.

    Args:
        uncertainty: also trained, if given.

    Raises:
        InputError: a name in ``train.new_layers`` or ``train.open_layers`` that is used is not
            a top-level child of the model.
    """
    children = [name for name, _ in model.named_children()]
    for key, used in (
        ('new_layers', cfg.train.staged_lr),
        ('open_layers', cfg.train.fixbase_epoch > 0),
    ):
        unknown = [name for name in cfg.train[key] if name not in children]
        if used and unknown:
            raise InputError(
                f'train.{key}: the model has no layer "{unknown[0]}"; choose from '
                f'{", ".join(children)}'
            )
    optimizer = torchreid_compat.optim.build_optimizer(model, **optimizer_kwargs(cfg))
    if uncertainty is not None:
        optimizer.add_param_group(uncertainty.param_group())
    # a fused SGD cannot go on with a group of which some layers were frozen until now
    if type(optimizer) in (torch.optim.SGD, torch.optim.Adam) and not cfg.train.fixbase_epoch:
        # torchreid's function does not pass the argument on
        for group in optimizer.param_groups:
            group['fused'] = True
    return optimizer


def build_scheduler(cfg, optimizer: torch.optim.Optimizer):
    """Torchreid's schedule of the learning rate, behind ``midattr.warmup_epochs`` of a rise."""
    arguments = lr_scheduler_kwargs(cfg)

    def build(max_epoch: int):
        return torchreid_compat.optim.build_lr_scheduler(
            optimizer, **arguments | {'max_epoch': max_epoch}
        )

    return warmed_up(
        optimizer,
        cfg.midattr.warmup_epochs,
        cfg.train.max_epoch,
        cfg.train.lr_scheduler == 'cosine',
        build,
    )


def build_engine(
    cfg, datamanager, model, optimizer, scheduler, uncertainty: TaskUncertainty | None = None
) -> torchreid_compat.Engine:
    """The engine for ``loss.name`` and ``data.type``, with our checkpoints, metrics and ranking."""
    if world_size() > 1:
        model = synchronize_batch_norm(model)
    use_fast_ranking(cfg.midattr.fast_ranking)
    built = _engine(cfg, datamanager, model, optimizer, scheduler, uncertainty)
    built.ranking_memory = cfg.midattr.ranking_memory
    return built


def _engine(cfg, datamanager, model, optimizer, scheduler, uncertainty) -> torchreid_compat.Engine:
    arguments = {
        'datamanager': datamanager,
        'model': model,
        'optimizer': optimizer,
        'scheduler': scheduler,
        'use_gpu': cfg.use_gpu,
    }
    if cfg.loss.name == 'midattr':
        built = engine.ImageMidAttrEngine(
            **arguments,
            **loss_kwargs(cfg),
            task_uncertainty=uncertainty,
            precision=cfg.midattr.precision,
            compile=cfg.midattr.compile,
        )
        built.validation_loader = getattr(datamanager, 'validation_loader', None)
        return built
    arguments['label_smooth'] = cfg.loss.softmax.label_smooth
    video = cfg.data.type == 'video'
    if cfg.loss.name == 'softmax':
        if video:
            return engine.TrackedVideoSoftmaxEngine(
                **arguments, pooling_method=cfg.video.pooling_method
            )
        return engine.TrackedImageSoftmaxEngine(**arguments)
    arguments |= {
        'margin': cfg.loss.triplet.margin,
        'weight_t': cfg.loss.triplet.weight_t,
        'weight_x': cfg.loss.triplet.weight_x,
    }
    if video:
        return engine.TrackedVideoTripletEngine(**arguments)
    return engine.TrackedImageTripletEngine(**arguments)
