"""How much a model computes."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from midattr_plugin.models.midattr_net import MidAttrNet
from midattr_plugin.random_state import preserved_random_state


def multiply_adds(model: nn.Module, height: int, width: int) -> int:
    """Return the multiply-adds of one forward pass of a training image.

    Those of a model of this project include the attributes. Models of torchreid are counted in
    the same way, and nothing of the model is changed.

    Args:
        model: any image model of torchreid.
        height: of the image, pixels.
        width: of the image, pixels.
    """
    counted = copy.deepcopy(model).train()  # batch statistics would change
    images = torch.zeros(2, 3, height, width, device=next(model.parameters()).device)
    with torch.no_grad(), preserved_random_state(), FlopCounterMode(display=False) as counter:
        run_model(counted, images)
    return counter.get_total_flops() // 2 // len(images)


def run_model(model: nn.Module, images: Tensor) -> Any:
    """Return everything that a step of training computes of the model.

    Args:
        model: any image model of torchreid.
        images: (B, 3, H, W).
    """
    return model(images, return_dict=True) if isinstance(model, MidAttrNet) else model(images)
