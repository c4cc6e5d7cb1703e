"""The command ``midattr-train``: train, evaluate or resume what a configuration describes."""

import contextlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
import torchvision
from torch import nn
from yacs.config import CfgNode

from midattr_plugin import build, torchreid_compat
from midattr_plugin.command import run_command
from midattr_plugin.config import arguments, dump_config, parse_config
from midattr_plugin.config.keys import flatten
from midattr_plugin.config.unread import describe_unread
from midattr_plugin.console import copied_to_log
from midattr_plugin.datasets.table_dataset import TABLE
from midattr_plugin.denormals import flushed_denormals
from midattr_plugin.distributed import (
    ended_after_failure,
    is_main,
    joined_group,
    main_first,
    process_rank,
    told_once,
    unused_resources,
    world_size,
)
from midattr_plugin.distributed.sharding import check_same_images
from midattr_plugin.earlier_training import check_ended, keep_earlier_training
from midattr_plugin.engine import Results
from midattr_plugin.engine.checkpoint_content import sound_content
from midattr_plugin.engine.checkpoint_file import described_model, read_checkpoint
from midattr_plugin.engine.chosen_on import choice_note, chosen_on
from midattr_plugin.engine.tested_weights import check_tested
from midattr_plugin.engine.training_images import describe_images
from midattr_plugin.engine.weight_transfer import transfer_weights
from midattr_plugin.errors import InputError
from midattr_plugin.models.complexity import multiply_adds
from midattr_plugin.models.frozen_batch_norm import check_frozen
from midattr_plugin.optim import build_scheduler


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (default: the process's own).

    Returns:
        Exit status: 0; 1 after bad input or a diverged training, with one sentence on stderr;
        130 after an interrupt from the keyboard.
    """

    def train() -> None:
        cfg = told_once(lambda: parse_config(argv))
        with joined_group(cfg.use_gpu):
            run(cfg)

    return ended_after_failure(
        lambda: run_command(
            train,
            interrupted='interrupted; to resume from the last checkpoint, run the same '
            'command with model.resume <data.save_dir>/model/model.pth.tar-last',
        )
    )


def run(cfg: CfgNode) -> Results:
    """Train and evaluate, or with ``test.evaluate`` only evaluate.

    Args:
        cfg: from :func:`midattr_plugin.config.load_config`.

    Returns:
        The last evaluation's results, as in ``metrics.json``.

    Raises:
        InputError: something the configuration names cannot be used.
        FloatingPointError: the loss became infinite or not a number.
    """
    if not is_main():
        with (
            open(os.devnull, 'w', encoding='utf-8') as nowhere,
            contextlib.redirect_stdout(nowhere),
        ):
            return _run(cfg, Path(cfg.data.save_dir))
    save_dir = _writable_folder(cfg.data.save_dir)
    if not (cfg.test.evaluate or cfg.model.resume):
        check_ended(save_dir)
    log = save_dir / (
        ('test.log' if cfg.test.evaluate else 'train.log') + time.strftime('-%Y-%m-%d-%H-%M-%S')
    )
    with copied_to_log(log):
        print(f'Configuration (also in {save_dir}/{_file_name(cfg, "config.yaml")})\n{cfg}\n')
        device = torch.cuda.get_device_name() if cfg.use_gpu else 'CPU'
        processes = f', {world_size()} processes' if world_size() > 1 else ''
        print(
            f'torch {torch.__version__}, torchvision {torchvision.__version__}, on {device}'
            f'{processes}'
        )
        if world_size() == 1 and (note := unused_resources(cfg.use_gpu)):
            print(note)
        if unread := describe_unread(cfg):
            print(f'No effect in this run: {unread}')
        return _run(cfg, save_dir)


@flushed_denormals()
def _run(cfg: CfgNode, save_dir: Path) -> Results:
    torchreid_compat.utils.set_random_seed(cfg.train.seed)
    _choose_kernels(cfg.use_gpu, cfg.midattr.deterministic)
    # read before the data, which may take minutes
    checkpoint_path = cfg.model.resume or cfg.model.load_weights
    checkpoint = read_checkpoint(checkpoint_path) if checkpoint_path else {}
    datamanager, model = main_first(lambda: _data_and_model(cfg))
    if world_size() > 1:
        check_same_images(datamanager)
    model_info = {'parameters': sum(p.numel() for p in model.parameters())}
    if cfg.data.type == 'image':
        model_info['multiply_adds'] = multiply_adds(model, cfg.data.height, cfg.data.width)
    model_info['started_from'] = model.started_from
    if not getattr(model, 'num_classes', True):
        model_info['knows_identities'] = False
    start = f', {model.started_from} weights' if model.started_from else ''
    print(f'Model {cfg.model.name}: {model_info["parameters"]:,} parameters{start}')
    if cfg.model.load_weights:
        _load_weights(cfg, model, checkpoint, datamanager)
        model_info['started_from'] = (
            checkpoint.get('started_from') if cfg.test.evaluate else cfg.model.load_weights
        )
    criterion = build.build_criterion(cfg, model, datamanager.train_loader.dataset)
    optimizer = build.build_optimizer(cfg, model, criterion)
    scheduler = build_scheduler(cfg, optimizer)
    engine = build.build_engine(cfg, datamanager, model, optimizer, scheduler, criterion)
    engine.model_info = model_info
    # how a training was continued is not a setting of it
    engine.settings = flatten(cfg) | {'model.resume': ''}
    engine.results_name = _file_name(cfg, engine.results_name)
    engine.query_scores_name = _file_name(cfg, engine.query_scores_name)
    engine.names_name = _file_name(cfg, engine.names_name)
    if not is_main():  # its random numbers must not be those of the main process
        torchreid_compat.utils.set_random_seed(cfg.train.seed + process_rank())

    options = arguments(cfg, 'run')
    if cfg.train.fixbase_epoch:
        options['open_layers'] = build.chosen_layers(cfg, 'open_layers', model)
    if cfg.test.evaluate:
        _prepare_test(cfg, engine, checkpoint)
    elif cfg.model.resume:
        with sound_content(checkpoint_path):
            options['start_epoch'] = engine.restore(checkpoint, checkpoint_path)
        _check_epochs(cfg, options['start_epoch'])
    if not cfg.test.evaluate:
        check_frozen(model)
    if is_main():  # nothing that the configuration names is missing or of another kind
        if not (cfg.test.evaluate or cfg.model.resume):
            keep_earlier_training(save_dir)
        dump_config(cfg, save_dir / _file_name(cfg, 'config.yaml'))
    if cfg.midattr.evaluate_first and not (cfg.test.evaluate or cfg.model.resume):
        print('=> Test before training')
        measured_as = ('dist_metric', 'normalize_feature', 'use_metric_cuhk03', 'ranks', 'rerank')
        engine.test(**{name: options[name] for name in measured_as})
    before = engine.results
    engine.run(**options)
    print(_summary(engine, before))
    print(f'Results: {save_dir / engine.results_name}')
    return engine.results


def _load_weights(
    cfg: CfgNode,
    model: nn.Module,
    checkpoint: dict,
    datamanager: torchreid_compat.ImageDataManager,
) -> None:
    path = cfg.model.load_weights
    images = None if cfg.test.evaluate else describe_images(datamanager.train_loader.dataset)
    with sound_content(path):
        transfer = transfer_weights(model, checkpoint, path, images)
    print(f'Weights from "{path}": {transfer}')
    if note := choice_note(chosen_on(checkpoint, path)):
        print(note)
    if cfg.test.evaluate:
        _check_tested(cfg, model, transfer.missing, checkpoint, path)


def _prepare_test(cfg: CfgNode, engine: torchreid_compat.Engine, checkpoint: dict) -> None:
    path = cfg.model.resume
    if path:
        with sound_content(path):
            engine.restore_weights(checkpoint, path)
        _check_tested(cfg, engine.model, (), checkpoint, path)
    elif cfg.model.load_weights:
        engine.trained_epochs = checkpoint.get('epoch', 0)
        engine.chosen_on = chosen_on(checkpoint, cfg.model.load_weights)
    else:
        start = 'its pretrained backbone' if cfg.model.pretrained else 'random weights'
        print(f'Note: the model is not trained; its scores are those of {start}')


def _check_tested(
    cfg: CfgNode, model: nn.Module, missing: Sequence[str], checkpoint: dict, path: str
) -> None:
    with sound_content(path):
        spec = described_model(checkpoint, path)
    check_tested(model, missing, spec, path, cfg.data.height, cfg.data.width)


def _check_epochs(cfg: CfgNode, trained: int) -> None:
    if trained > cfg.train.max_epoch:
        raise InputError(
            f'train.max_epoch is {cfg.train.max_epoch}, but "{cfg.model.resume}" was written after '
            f'{trained} epochs; set it to {trained} or more, or give an earlier checkpoint'
        )


def _choose_kernels(use_gpu: bool, deterministic: bool) -> None:
    torch.backends.cudnn.benchmark = use_gpu and not deterministic
    if use_gpu and deterministic:
        os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', ':4096:8')  # which PyTorch asks for
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False


def _file_name(cfg: CfgNode, name: str) -> str:
    """Return the name of a file; those of a test lie beside those of the training."""
    stem, ending = name.split('.')
    return f'{stem}-test.{ending}' if cfg.test.evaluate else name


def _data_and_model(cfg: CfgNode):
    datamanager = build.build_datamanager(cfg)
    images = datamanager.train_loader.dataset
    schema = getattr(images, 'schema', None) if TABLE in cfg.data.sources else None
    if TABLE in cfg.data.sources and schema is None:
        raise InputError(
            f'data.sources: {cfg.data.sources[0]} has no attributes, so that those of {TABLE} '
            f'would be lost behind it; name {TABLE} first'
        )
    # a table may have no attribute
    return datamanager, build.build_model(cfg, datamanager.num_train_pids, schema or None)


def _summary(engine: torchreid_compat.Engine, before: Results | None) -> str:
    """Return a line per target: mAP, rank-1 and attributes, after those before training if any."""
    lines = []
    for target, rendered in engine.results.rendered.items():
        measured = [
            _main_scores(results, target, engine.descriptor)
            for results in (before, engine.results)
            if results is not None
        ]
        scores = ', '.join(
            f'{name} ' + ' -> '.join(f'{values[name]:.1%}' for values in measured)
            for name in measured[-1]
        )
        lines.append(f'{target}{" (rendered images)" if rendered else ""}: {scores}')
    return '\n'.join(lines)


def _main_scores(results: Results, target: str, descriptor: str) -> dict[str, float]:
    scores = {}
    ranked_as = f' ({results.ranked_as})' if results.ranked_as else ''
    if reid := results.reid.get(target):
        scores = {
            f'{descriptor} mAP{ranked_as}': reid[descriptor]['mAP'],
            f'rank-1{ranked_as}': reid[descriptor]['rank-1'],
        }
    balanced_accuracy = results.mean_balanced_accuracy(target)
    if balanced_accuracy is not None:
        scores['attributes balanced accuracy'] = balanced_accuracy
    return scores


def _writable_folder(path: str) -> Path:
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f'.writable-{os.getpid()}'
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(
            f'data.save_dir: "{folder}" cannot be written to ({error.strerror}); '
            'choose another folder'
        ) from error
    return folder


if __name__ == '__main__':  # python -m midattr_plugin.train
    sys.exit(main())
