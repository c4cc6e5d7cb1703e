"""Averaged weights in every engine: they are tested and saved in place of the trained ones."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from midattr_plugin import torchreid_compat
from midattr_plugin.distributed import sum_over_processes, world_size
from midattr_plugin.engine.averaged_weights import AveragedWeights
from midattr_plugin.errors import InputError


class AveragingMixin(torchreid_compat.Engine):
    """Mixed into an engine of torchreid, between :class:`CheckpointMixin` and the evaluation.

    ``model`` has the weights that are trained, and within ``test()`` their average.

    Attributes:
        ema_decay: decay of the average; 0 for none.
        averaged: the average; None before the first epoch or without one.
        sync_batch_norm: see :class:`ReplicatedMixin`.
    """

    ema_decay = 0.0
    averaged: AveragedWeights | None = None
    sync_batch_norm = True
    optimizer: Any
    _averages_steps = False

    def train(self, *args: Any, **options: Any) -> None:
        """Train one epoch; the average follows every step of the optimizer."""
        if not self.ema_decay:
            super().train(*args, **options)
            return
        if self.averaged is None:
            self.averaged = AveragedWeights(self.ema_decay)
        if not self._averages_steps:
            self._averages_steps = True
            averaged = self.averaged
            self.optimizer.register_step_post_hook(lambda *_: averaged.update())
        self.averaged.follow(self.model)
        super().train(*args, **options)
        if world_size() > 1 and not self.sync_batch_norm:  # each process has its own statistics
            for statistics in self.averaged.averaged_buffers(self.model):
                statistics.copy_(sum_over_processes(statistics) / world_size())

    def test(self, **options: Any) -> float | None:
        """Test the averaged weights, if there are any.

        Args:
            **options: see :meth:`EvaluationMixin.test`.
        """
        if self.averaged is None:
            return super().test(**options)
        print(f'Testing the average of the weights (decay {self.ema_decay:g})')
        with self.averaged.in_place_of_weights(self.model):
            return super().test(**options)

    def averaged_state(self) -> dict[str, Any]:
        """Return the weights for a checkpoint, and what else a resume of their average needs."""
        weights: dict[str, Tensor] = self.model.state_dict()
        if self.averaged is None:
            return {'state_dict': weights}
        return {
            'state_dict': self.averaged.state_dict(self.model),
            'averaging': {'weights': weights, 'steps': self.averaged.steps},
        }

    def restore_average(self, checkpoint: Mapping[str, Any], path: str | Path) -> None:
        """Restore the average, and the weights that are trained.

        Args:
            checkpoint: its weights have been loaded into the model.
            path: of its file, for messages.

        Raises:
            InputError: it is of a training with an average and this one has none, or the reverse.
        """
        stored = checkpoint.get('averaging')
        if (stored is not None) != (self.ema_decay > 0):
            had, remedy = ('', 'above 0') if stored is not None else ('out', '0')
            raise InputError(
                f'checkpoint "{path}" was written by a training with{had} an average of the '
                f'weights; set midattr.ema_decay {remedy}, as it was then, or start a new training '
                'with the checkpoint as model.load_weights'
            )
        if stored is not None:
            self.averaged = AveragedWeights(self.ema_decay)
            self.averaged.load(self.model, stored['steps'])
            self.model.load_state_dict(stored['weights'])
