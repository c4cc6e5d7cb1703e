"""Which outputs of a model depend on given weights."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.func import functional_call

from midattr_plugin.models import MidAttrNet
from midattr_plugin.random_state import preserved_random_state

DESCRIPTOR = 'descriptor'


@torch.no_grad()
def reached_outputs(model: nn.Module, names: Iterable[str], height: int, width: int) -> list[str]:
    """Return which outputs of a test depend on weights: 'descriptor', and attributes by name.

    The weights are replaced by NaN for one forward pass, which every output that depends on
    them shows. The model is left as it was.

    Args:
        model: any image model of torchreid.
        names: of the weights, as in its state dict.
        height: of the images of the test, pixels.
        width: of these images, pixels.
    """
    state = model.state_dict()
    broken = {name: torch.full_like(state[name], float('nan')) for name in names}
    image = torch.zeros(1, 3, height, width, device=next(model.parameters()).device)
    options = {'return_dict': True} if isinstance(model, MidAttrNet) else {}
    was_training = model.training
    model.eval()
    try:
        with preserved_random_state():
            output: Any = functional_call(model, broken, (image,), options)
    finally:
        model.train(was_training)
    if not isinstance(output, dict):
        output = {'descriptor': output}
    reached = [DESCRIPTOR] if output['descriptor'].isnan().any() else []
    attributes = output.get('attribute_logits', {})
    return reached + [name for name, logits in attributes.items() if logits.isnan().any()]
