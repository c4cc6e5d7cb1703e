"""What is computed in the format of the weights, even where the rest is not."""

from contextlib import AbstractContextManager, nullcontext

import torch


def without_autocast(device: str) -> AbstractContextManager:
    """Return a context in which the format of the weights is kept.

    Args:
        device: type of the device.
    """
    # 'meta' has none; torch.amp.is_autocast_available, which knows, breaks the graph of
    # torch.compile up to PyTorch 2.11
    return nullcontext() if device == 'meta' else torch.autocast(device, enabled=False)
