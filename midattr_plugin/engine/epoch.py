"""Images and end of an epoch, and losses that are not finite, in every engine."""

import math
from collections.abc import Mapping
from typing import Any

import torch

from midattr_plugin import torchreid_compat
from midattr_plugin.distributed import broadcast
from midattr_plugin.engine.precision import Precision
from midattr_plugin.errors import InputError
from midattr_plugin.loading import EpochLoader


class EpochMixin(torchreid_compat.Engine):
    """Mixed into an engine of torchreid, before it and after :class:`CheckpointMixin`.

    Attributes:
        data_seed: order and augmentation of the images of an epoch follow from it and the epoch
            (:class:`EpochLoader`). None: from the first epoch on it is the seed that PyTorch has
            been given (``torch.initial_seed``), whatever has been drawn since.
    """

    train_loader: Any
    data_seed: int | None = None
    precision: Precision | None = None

    def train(self, *args, **kwargs) -> None:
        """Train one epoch as torchreid does.

        Raises:
            InputError: the loader gives no batch.
            FloatingPointError: a loss or a weight is infinite or not a number.
        """
        self.batch_idx = -1  # which torchreid leaves as it was if there is no batch
        if self.data_seed is None:
            self.data_seed = broadcast(torch.initial_seed())
        loader = self.train_loader
        self.train_loader = EpochLoader(loader, self.data_seed, self.epoch)
        try:
            super().train(*args, **kwargs)
        finally:
            self.train_loader = loader
        if self.batch_idx < 0:
            raise InputError(
                f'no batch could be made of the training images in epoch {self.epoch + 1}; lower '
                'train.batch_size or sampler.num_instances'
            )

    def update_lr(self, names: str | list[str] | None = None) -> None:
        """End the epoch, then set the learning rate of the next one.

        torchreid calls this after the last batch, however many its loader gives; ``len`` of a
        loader with an identity sampler is only an estimate.
        """
        self.end_epoch()
        super().update_lr(names)

    def end_epoch(self) -> None:
        """Do what is due after the last batch of an epoch, before anything of it is saved."""
        weights = {k: v for k, v in self.model.state_dict().items() if v.is_floating_point()}
        # read from a GPU at once
        finite = torch.stack([value.isfinite().all() for value in weights.values()]).tolist()
        bad = [name for name, is_finite in zip(weights, finite, strict=True) if not is_finite]
        if bad:
            raise FloatingPointError(
                f'the weights are not finite after epoch {self.epoch + 1} ({bad[0]}); '
                f'{self._remedy()}'
            )

    def check_finite(self, summary: Mapping[str, float]) -> None:
        """Check the loss terms of one step or several.

        Args:
            summary: name -> value.

        Raises:
            FloatingPointError: one is infinite or not a number.
        """
        bad = [f'{name} = {value}' for name, value in summary.items() if not math.isfinite(value)]
        if bad:
            raise FloatingPointError(
                f'the loss is not finite in epoch {self.epoch + 1}, batch {self.batch_idx + 1} '
                f'({", ".join(bad)}); {self._remedy()}'
            )

    def _remedy(self) -> str:
        """Return what helps; a resumed training would go on with the same rate."""
        reduced = self.precision is not None and self.precision.name != 'fp32'
        precision = 'set midattr.precision fp32, or ' if reduced else ''
        return (
            f'{precision}lower train.lr in a new training, which may start from '
            'model.pth.tar-last as model.load_weights'
        )
