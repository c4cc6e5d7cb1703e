"""Checkpoints of tiny models that nothing has trained, but whose statistics are those of noise."""

from pathlib import Path

import torch
from torch import nn

from midattr_plugin.models import ModelSpec
from midattr_plugin.schema import HEAD, NO_YES, UPPER_BODY, Attribute, AttributeSchema

SIZE = (64, 32)
SCHEMA = AttributeSchema(
    'street',
    (
        Attribute('hat', NO_YES, HEAD),
        Attribute('vest color', ('red', 'green', 'blue'), UPPER_BODY),
    ),
)


def write_checkpoint(path: Path, **facts) -> Path:
    """Write the checkpoint of a model ``midattr_tiny*`` and return its path.

    Args:
        path: of the checkpoint.
        **facts: of its :class:`ModelSpec`, in the place of those below.
    """
    spec = ModelSpec(
        **{
            'name': 'midattr_tiny_market',
            'num_classes': 3,
            'loss': 'midattr',
            'backbone': 'tiny',
            'options': {'part_dim': 4},
            'schema': SCHEMA,
            'image_size': SIZE,
        }
        | facts
    )
    torch.manual_seed(0)
    model = spec.build().train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # a mean over all batches
    with torch.no_grad():
        for _ in range(2):
            model(
                torch.randn(8, 3, *spec.image_size),
                **({'return_dict': True} if spec.backbone else {}),
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {'state_dict': model.state_dict(), 'epoch': 1, 'model': spec.as_dict()}
    torch.save(content, path)
    return path
