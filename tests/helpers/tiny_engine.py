"""Our engine on a tree of a few noise images."""

import torch

import midattr_plugin
from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.class_counts import count_classes
from midattr_plugin.losses import ATTRIBUTE_LOSSES, MidAttrLoss
from midattr_plugin.models import MODELS


def build(
    root,
    sources='market1501_attr',
    targets=None,
    model='midattr_tiny_market',
    attribute_loss='plain',
    loss_options=None,
    precision='fp32',
    compile=False,
    height=32,
    data_options=None,
    model_options=None,
    **criterion_options,
):
    torch.manual_seed(0)
    data = torchreid_compat.ImageDataManager(
        root=str(root),
        sources=sources,
        targets=targets,
        height=height,
        width=height // 2,
        workers=0,
        batch_size_train=8,
        batch_size_test=5,
        use_gpu=False,
        **(data_options or {}),
    )
    if model_options:
        net = MODELS[model](data.num_train_pids, pretrained=False, **model_options)
    else:
        net = torchreid_compat.models.build_model(model, data.num_train_pids, pretrained=False)
    optimizer = torchreid_compat.optim.build_optimizer(net, 'sgd', lr=0.01)
    kind = ATTRIBUTE_LOSSES[attribute_loss]
    dataset = data.train_loader.dataset
    criterion = MidAttrLoss(
        attribute_loss=kind.build(
            lambda: count_classes(net.schema, dataset), **(loss_options or {})
        ),
        **criterion_options,
    )
    return midattr_plugin.ImageMidAttrEngine(
        data,
        net,
        optimizer,
        use_gpu=False,
        criterion=criterion,
        precision=precision,
        compile=compile,
    )


def batch(engine):
    return next(iter(engine.train_loader))
