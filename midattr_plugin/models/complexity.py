"""How much a model computes."""

import copy

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from midattr_plugin.random_state import preserved_random_state


def multiply_adds(model: nn.Module, height: int, width: int) -> int:
    """Of the forward pass of one training image of height x width pixels.

    That of a model of this project includes the attributes. Models of torchreid are counted in
    the same way, and nothing of the model is changed.
    """
    counted = copy.deepcopy(model).train()  # batch statistics would change
    images = torch.zeros(2, 3, height, width, device=next(model.parameters()).device)
    with torch.no_grad(), preserved_random_state(), FlopCounterMode(display=False) as counter:
        run_model(counted, images)
    return counter.get_total_flops() // 2 // len(images)


def run_model(model: nn.Module, images: Tensor):
    """Everything that a step of training computes of the model."""
    return model(images, full=True) if hasattr(model, 'descriptor_slices') else model(images)
