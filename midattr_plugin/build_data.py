"""From a configuration to torchreid's data manager, checked."""

import traceback
from typing import Any

from yacs.config import CfgNode

from midattr_plugin import torchreid_compat
from midattr_plugin.attributes_alone import check_attributes_alone
from midattr_plugin.config import arguments
from midattr_plugin.datasets import ATTRIBUTE_DATASETS
from midattr_plugin.datasets.data_check import check_data
from midattr_plugin.datasets.dataset_problem import dataset_problem
from midattr_plugin.datasets.held_out import held_out_loader, hold_out
from midattr_plugin.datasets.held_out_identities import describe_held_out, hold_out_identities
from midattr_plugin.datasets.sampler_check import check_sampler
from midattr_plugin.datasets.table_dataset import TABLE
from midattr_plugin.distributed import world_size
from midattr_plugin.distributed.sharding import check_batch, check_compiler, sharded_train_loader
from midattr_plugin.errors import InputError
from midattr_plugin.loading import BatchTransform, CachedImages, CachedLoader
from midattr_plugin.loading.added_transforms import add_transforms
from midattr_plugin.random_state import OwnRandomState


def build_datamanager(cfg: CfgNode):
    """Return torchreid's data manager, with annotation files as ``midattr.annotations`` says.

    With ``midattr.cache`` its training loader is replaced by one that decodes only once. What is
    drawn meanwhile, e.g. the number of batches by some samplers, follows from ``train.seed`` alone.

    Raises:
        InputError: the files of a dataset cannot be used, do not fit into the cache, or make no
            batch.
    """
    with OwnRandomState(cfg.train.seed):
        return _build_datamanager(cfg)


def _build_datamanager(cfg: CfgNode):
    check_attributes_alone(cfg)
    try:
        with torchreid_compat.dataset_arguments(_dataset_arguments(cfg)):
            if cfg.data.type == 'video':
                datamanager = torchreid_compat.VideoDataManager(**arguments(cfg, 'video_data'))
            else:
                datamanager = torchreid_compat.ImageDataManager(**arguments(cfg, 'image_data'))
    except InputError:
        raise
    except Exception as error:
        problem = _data_problem(cfg, error)
        if problem is None:
            raise
        raise problem from error
    add_transforms(
        datamanager.transform_tr,
        cfg.data.transforms,
        cfg.data.height,
        cfg.data.width,
        cfg.midattr.augment_probability,
    )
    check_data(datamanager, training=not cfg.test.evaluate)
    if not len(datamanager.train_loader) and not cfg.test.evaluate:
        raise InputError(
            f'train.batch_size: {cfg.train.batch_size} is more than the '
            f'{len(datamanager.train_loader.dataset)} training images, so that there '
            'is no batch; lower it'
        )
    _hold_out(cfg, datamanager)
    if world_size() > 1 and not cfg.test.evaluate:
        check_compiler(
            cfg.midattr.compile and cfg.loss.name == 'midattr', cfg.midattr.sync_batch_norm
        )
        check_batch(cfg.train.batch_size, cfg.sampler.train_sampler, cfg.sampler.num_instances)
        datamanager.train_loader = sharded_train_loader(datamanager.train_loader)
    if cfg.midattr.cache != 'none' and not cfg.test.evaluate:
        datamanager.train_loader = _cached_loader(cfg, datamanager.train_loader)
    return datamanager


def _hold_out(cfg: CfgNode, datamanager: Any) -> None:
    """Hold out identities, and images of the others, as the configuration says."""
    names = ('train_sampler', 'num_instances', 'num_cams', 'num_datasets')
    sampling = {name: cfg.sampler[name] for name in names}
    keys, seed = cfg.midattr, cfg.train.seed
    given = getattr(datamanager.train_loader.dataset, 'validation', ())
    if given and keys.validation_images:
        raise InputError(
            f'midattr.validation_images is {keys.validation_images}, but the table has '
            f'{len(given):,} images of the split val; set it to 0, or make them train'
        )
    if given and not cfg.test.evaluate:
        datamanager.validation_loader = held_out_loader(datamanager, list(given))
    if keys.validation_identities:  # in a test, too, as its classifier is that of the training
        held_out = hold_out_identities(datamanager, keys.validation_identities, seed, sampling)
        if not cfg.test.evaluate:
            datamanager.held_out_loaders = held_out
            print(describe_held_out(held_out))
    if keys.validation_images and not cfg.test.evaluate:
        datamanager.validation_loader = hold_out(
            datamanager, keys.validation_images, seed, sampling
        )
    if (keys.validation_identities or keys.validation_images) and not cfg.test.evaluate:
        check_sampler(datamanager.train_loader)


def _dataset_arguments(cfg: CfgNode) -> dict[str, dict[str, Any]]:
    """Return the arguments of each dataset in use that come from keys of this project."""
    used = {*cfg.data.sources, *cfg.data.targets}
    files = {
        name: {'annotation_file': cfg.midattr.annotations[dataset.annotations.key]}
        for name, dataset in ATTRIBUTE_DATASETS.items()
        if name in used and dataset.annotations is not None and dataset.annotations.key
    }
    return files | ({TABLE: arguments(cfg, TABLE)} if TABLE in used else {})


def _data_problem(cfg: CfgNode, error: Exception) -> InputError | None:
    """Return what is wrong with the data, from an error of the data manager; None for a bug."""
    key, sampler = _failed_sampler(error)
    if key:
        lacking = _lacking_groups(sampler)
        if lacking:
            return InputError(f'{key}: {lacking}')
        reason = str(error)
        if not reason:  # its assertion
            groups = cfg.train.batch_size // cfg.sampler.num_instances
            reason = f'too few identities: {len(sampler.pids)}, but it has {groups}'
        return InputError(
            f'{key}: {cfg.sampler[key.removeprefix("sampler.")]} cannot make a batch '
            f'of {cfg.train.batch_size} of the training images ({reason}); lower '
            'train.batch_size, or choose RandomSampler'
        )
    *_, (last, _) = traceback.walk_tb(error.__traceback__)
    is_raised_by_dataset = torchreid_compat.is_torchreids_dataset_code(last.f_code.co_filename)
    if isinstance(error, RuntimeError) and is_raised_by_dataset:  # files are missing
        return InputError(
            f'data.root "{cfg.data.root}" lacks a dataset of data.sources or '
            f'data.targets ({error}); put it there, or name another root'
        )
    return dataset_problem(error)


def _lacking_groups(sampler: Any) -> str:
    """Return in words that there are too few cameras or datasets for a batch; '' if not."""
    for groups, number, what, name in (
        ('domains', 'n_domain', 'cameras', 'num_cams'),
        ('datasets', 'n_dataset', 'datasets', 'num_datasets'),
    ):
        count = len(getattr(sampler, groups, ()))
        if 0 < count < getattr(sampler, number):
            return (
                f'{type(sampler).__name__} cannot draw the {getattr(sampler, number)} {what} of '
                f'sampler.{name} from the {count} of the training images; set sampler.{name} to '
                f'{count} or less'
            )
    return ''


def _failed_sampler(error: Exception) -> tuple[str, Any]:
    """Return the key of the sampler of torchreid that raised it, and the sampler; '' for none.

    Samplers count, or draw, when they are made.
    """
    key = ''
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if 'trainset_t' in frame.f_locals:  # of the data manager, whose last sampler this is
            key = 'sampler.train_sampler_t'
        is_sampler = frame.f_code.co_filename == torchreid_compat.data.sampler.__file__
        if is_sampler and 'self' in frame.f_locals:
            return key or 'sampler.train_sampler', frame.f_locals['self']
    return '', None


def _cached_loader(cfg: CfgNode, loader) -> CachedLoader:
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
    transform = BatchTransform(
        cfg.data.transforms,
        cfg.data.norm_mean,
        cfg.data.norm_std,
        cfg.midattr.augment_probability,
    )
    return CachedLoader(loader, images, transform, device)
