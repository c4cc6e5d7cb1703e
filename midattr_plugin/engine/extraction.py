"""Descriptors of the images of a split, written into one array while they are extracted.

Shapes: N images of the split, B of a batch, D dimensions of a descriptor.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from midattr_plugin.distributed import is_main, world_size
from midattr_plugin.distributed.gathering import gather_interleaved_to_main, rows_of_process
from midattr_plugin.errors import InputError


@dataclass
class Split:
    """The images of a split, or the share of a process that does not rank them.

    Attributes:
        features: (N, D), descriptors on the CPU.
        pids: (N,) int64, identities.
        camids: (N,) int64, cameras.
    """

    features: Tensor
    pids: np.ndarray
    camids: np.ndarray

    def normalize(self) -> None:
        """Give the descriptors the length 1, in place."""
        F.normalize(self.features, out=self.features)


def extract_split(
    batches: Iterable,
    num_images: int,
    describe: Callable[[dict], tuple[Tensor, Tensor, Tensor]],
    name: str,
) -> Split:
    """Return the descriptors of a split, extracted batch by batch.

    Nothing of a batch is kept: its tensors come from worker processes, and each of them holds an
    open file. The main process extracts into the array of all images, in which it leaves the rows
    of the other processes free.

    Args:
        batches: of torchreid's loader, with the images :func:`rows_of_process`.
        num_images: N, of all processes.
        describe: returns descriptors (B, D), pids (B,) and camids (B,) of a batch.
        name: of the split, for messages.

    Returns:
        All images in the main process; in the others those that they have extracted.

    Raises:
        InputError: the split has no images, or the loader gives more or fewer.
        ValueError: ``describe`` does not return a descriptor for each image.
        FloatingPointError: a descriptor is not finite.
    """
    if not num_images:
        raise InputError(f'the {name} has no images; add some, or choose other data.targets')
    expected = len(rows_of_process(num_images))
    pids, camids = torch.empty(2, expected, dtype=torch.int64)
    features = rows = torch.empty(0, 0)
    end = 0
    for data in batches:
        output, batch_pids, batch_camids = describe(data)
        if output.dim() != 2 or len(output) != len(batch_pids):
            raise ValueError(
                f'extract_features returns {tuple(output.shape)} for {len(batch_pids)} images, '
                'instead of a descriptor for each'
            )
        first, end = end, end + len(output)
        if end > expected:
            break
        if not first:
            rows, features = _allocated(output, num_images, expected)
        features[first:end] = output
        if not features[first:end].isfinite().all():
            raise FloatingPointError(
                f'descriptors of the {name} are not finite numbers, because the model is '
                'broken; load another checkpoint'
            )
        pids[first:end] = torch.tensor(batch_pids.tolist())
        camids[first:end] = torch.tensor(batch_camids.tolist())
    if end != expected:
        raise InputError(
            f'the loader of the {name} gives {"more than" if end > expected else f"{end} of"} '
            f'its {expected} images, so that scores would be wrong; let it give each image once, '
            'without drop_last'
        )
    all_features = gather_interleaved_to_main(features, num_images, rows)
    all_pids = gather_interleaved_to_main(pids, num_images)
    all_camids = gather_interleaved_to_main(camids, num_images)
    if all_features is None or all_pids is None or all_camids is None:
        return Split(features, pids.numpy(), camids.numpy())
    return Split(all_features, all_pids.numpy(), all_camids.numpy())


def _allocated(output: Tensor, num_images: int, expected: int) -> tuple[Tensor, Tensor]:
    """Return the array of all images that the main process ranks, and this process's rows of it."""
    if is_main():
        rows = torch.empty(num_images, *output.shape[1:], dtype=output.dtype)
        return rows, rows[:: world_size()]
    rows = torch.empty(expected, *output.shape[1:], dtype=output.dtype)
    return rows, rows
