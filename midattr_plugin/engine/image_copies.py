"""Several augmented copies of each training image (``data.k_tfm``) as one larger batch."""

from typing import Any

import torch


def join_copies(data: dict[str, Any]) -> dict[str, Any]:
    """Return a batch whose copies of the images are images of their own, with the labels of theirs.

    torchreid's loader yields k tensors (B, 3, H, W) as a list then, which no engine of it takes.

    Args:
        data: a batch of torchreid's loader; one of single images is returned as it is.

    Returns:
        The batch with 'img' (k * B, 3, H, W) and labels of as many images.
    """
    copies = data['img']
    if not isinstance(copies, (list, tuple)):
        return data
    labels = {
        name: values.repeat(len(copies), *[1] * (values.dim() - 1))
        for name, values in data.items()
        if isinstance(values, torch.Tensor)
    }
    return {**data, **labels, 'img': torch.cat(list(copies))}
