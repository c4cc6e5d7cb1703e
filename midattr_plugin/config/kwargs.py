"""Arguments for torchreid's and this project's constructors, taken from a configuration.

No layer, loss or engine sees the configuration itself. Lists are copied, so that nobody can
change a frozen configuration through them.
"""

from typing import Any

from yacs.config import CfgNode

_RES4F_STRIDE = 16  # image pixels per row of the map that conv5 reads
_LABEL_SMOOTHING = 0.1  # what torchreid's loss.softmax.label_smooth stands for


def imagedata_kwargs(cfg: CfgNode) -> dict[str, Any]:
    """Arguments of torchreid's ``ImageDataManager``."""
    return _data_kwargs(cfg) | {
        'k_tfm': cfg.data.k_tfm,
        'load_train_targets': cfg.data.load_train_targets,
        'train_sampler_t': cfg.sampler.train_sampler_t,
        'cuhk03_labeled': cfg.cuhk03.labeled_images,
        'cuhk03_classic_split': cfg.cuhk03.classic_split,
        'market1501_500k': cfg.market1501.use_500k_distractors,
    }


def videodata_kwargs(cfg: CfgNode) -> dict[str, Any]:
    """Arguments of torchreid's ``VideoDataManager``."""
    return _data_kwargs(cfg) | {
        'seq_len': cfg.video.seq_len,
        'sample_method': cfg.video.sample_method,
    }


def _data_kwargs(cfg: CfgNode) -> dict[str, Any]:
    data_names = ('root', 'height', 'width', 'split_id', 'combineall', 'workers')
    list_names = ('sources', 'targets', 'transforms', 'norm_mean', 'norm_std')
    sampler_names = ('num_instances', 'num_cams', 'num_datasets', 'train_sampler')
    return {
        **{name: cfg.data[name] for name in data_names},
        **{name: list(cfg.data[name]) for name in list_names},
        **{name: cfg.sampler[name] for name in sampler_names},
        'batch_size_train': cfg.train.batch_size,
        'batch_size_test': cfg.test.batch_size,
        'use_gpu': cfg.use_gpu,
    }


def optimizer_kwargs(cfg: CfgNode) -> dict[str, Any]:
    """Arguments of torchreid's ``build_optimizer``, besides the model."""
    return {
        **{name: cfg.train[name] for name in ('optim', 'lr', 'weight_decay')},
        'momentum': cfg.sgd.momentum,
        'sgd_dampening': cfg.sgd.dampening,
        'sgd_nesterov': cfg.sgd.nesterov,
        'rmsprop_alpha': cfg.rmsprop.alpha,
        'adam_beta1': cfg.adam.beta1,
        'adam_beta2': cfg.adam.beta2,
        'staged_lr': cfg.train.staged_lr,
        'new_layers': list(cfg.train.new_layers),
        'base_lr_mult': cfg.train.base_lr_mult,
    }


def lr_scheduler_kwargs(cfg: CfgNode) -> dict[str, Any]:
    """Arguments of torchreid's ``build_lr_scheduler``, besides the optimizer."""
    return {
        'lr_scheduler': cfg.train.lr_scheduler,
        'stepsize': list(cfg.train.stepsize),
        'gamma': cfg.train.gamma,
        'max_epoch': cfg.train.max_epoch,
    }


def engine_run_kwargs(cfg: CfgNode) -> dict[str, Any]:
    """Arguments of ``run`` of torchreid's engines and of this project's."""
    train_names = ('max_epoch', 'start_epoch', 'print_freq', 'fixbase_epoch')
    test_names = (
        'start_eval',
        'eval_freq',
        'dist_metric',
        'normalize_feature',
        'visrank',
        'visrank_topk',
        'rerank',
    )
    return {
        'save_dir': cfg.data.save_dir,
        **{name: cfg.train[name] for name in train_names},
        'open_layers': list(cfg.train.open_layers),
        **{name: cfg.test[name] for name in test_names},
        'test_only': cfg.test.evaluate,
        'use_metric_cuhk03': cfg.cuhk03.use_metric_cuhk03,
        'ranks': list(cfg.test.ranks),
    }


def model_kwargs(cfg: CfgNode) -> dict[str, Any]:
    """Arguments of this project's model factories, besides those of torchreid's ``build_model``.

    ``part_rows`` is resolved: a stride of 2 rounds up, five times, so a map of conv5 has
    ceil(height / 32) rows, or ceil(height / 16) if its own stride is 1.
    """
    keys = cfg.midattr
    return {
        'weights': keys.weights_name,
        'weights_file': keys.backbone_weights,
        'attribute_layer': keys.attribute_layer,
        'layer_overrides': tuple(keys.layer_overrides),
        'branches': tuple(keys.branches),
        'part_rows': keys.part_rows or -(-cfg.data.height // (_RES4F_STRIDE * keys.last_stride)),
        'part_dim': keys.part_dim,
        'dropout': keys.dropout,
        'descriptor': keys.descriptor,
        'bnneck': keys.bnneck,
        'last_stride': keys.last_stride,
    }


def loss_kwargs(cfg: CfgNode) -> dict[str, Any]:
    """Arguments of :class:`midattr_plugin.engine.ImageMidAttrEngine` that make its loss (Eq. 3).

    The learned ``task_uncertainty`` is no value, and so not among them.
    """
    keys = cfg.midattr
    return {
        'mu': keys.mu,
        'nu': keys.nu,
        'attribute_weight': keys.attribute_weight,
        'reading': keys.loss_reading,
        'label_smoothing': _LABEL_SMOOTHING if cfg.loss.softmax.label_smooth else 0.0,
        'attribute_loss': keys.attribute_loss,
        'class_balance_beta': keys.class_balance_beta,
        'focal_gamma': keys.focal_gamma,
        'triplet_weight': keys.triplet_weight,
        'triplet_margin': cfg.loss.triplet.margin,
    }
