"""Checkpoints during a training, and a resume that continues bit-for-bit.

``save_dir/model/`` holds ``model.pth.tar-last``, ``model.pth.tar-best`` (highest mAP, on held-out
identities or, without them, on the test images; where nobody is searched for, highest balanced
accuracy of the attributes, on validation images if there are any) and, as without this plugin,
``model.pth.tar-<epoch>`` for every evaluated epoch. ``-last`` is written after
an epoch unless the one before is only some seconds old: on a GPU an epoch may be shorter than the
writing of a checkpoint.
"""

import inspect
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from torch import nn
from torch.utils.data import DataLoader
from torchvision.transforms import Normalize

from midattr_plugin import torchreid_compat
from midattr_plugin.distributed import is_main
from midattr_plugin.engine.averaging_mixin import AveragingMixin
from midattr_plugin.engine.checkpoint_content import sound_content
from midattr_plugin.engine.checkpoint_file import read_checkpoint, restore_model, save_checkpoint
from midattr_plugin.engine.chosen_on import (
    HELD_OUT,
    IMAGES,
    TEST,
    VALIDATION,
    choice_note,
    chosen_on,
)
from midattr_plugin.engine.event_writer import EventWriter
from midattr_plugin.engine.precision import Precision
from midattr_plugin.engine.progress import write_progress
from midattr_plugin.engine.resumed_settings import changed_settings, changes_scores
from midattr_plugin.engine.resumed_state import restore_optimizer, restore_schedule
from midattr_plugin.engine.training_images import check_same_images, describe_images
from midattr_plugin.errors import InputError
from midattr_plugin.files import atomic_path
from midattr_plugin.random_state import (
    gather_random_states,
    preserved_random_state,
    restore_random_state,
)
from midattr_plugin.user_path import user_path


class CheckpointMixin(AveragingMixin):
    """Mixed into an engine of torchreid, before :class:`EvaluationMixin`.

    Attributes:
        settings: the configuration by full key, which checkpoints hold and a resume compares.
        checkpoint_seconds: a checkpoint that is followed by another one sooner than this is not
            written; 0 to write one after every epoch.
        best_score: highest score so far by which, and on what, the best epoch is chosen, -1 before
            the first test.
        held_out_loaders: see :class:`EvaluationMixin`; they are what it is chosen on, if given.
        validation_loader: held-out training images, which are classified at every test; they are
            what it is chosen on where nobody is searched for. None for none.
        chosen_on: on what the weights were chosen, as long as they are not trained further.
        save_dir: folder of ``run``.
    """

    model_info: Mapping[str, Any] = MappingProxyType({})
    precision: Precision | None = None
    criterion: nn.Module | None = None
    settings: Mapping[str, Any] = MappingProxyType({})
    checkpoint_seconds = 0.0
    best_score = -1.0
    data_seed: int | None = None
    held_out_loaders: Mapping[str, DataLoader] = MappingProxyType({})
    validation_loader: DataLoader | None = None
    chosen_on: str | None = None
    save_dir = ''
    writer: Any = None
    _random_states: Sequence[dict] = ()
    _resumed_epochs: int | None = None  # until run() goes on
    _evaluation_pending = False
    _has_chosen = False  # whether -best was or will be one of several epochs
    _saved_at: float | None = None  # when the last checkpoint had been written
    _run_options: Mapping[str, Any] = MappingProxyType({})

    def resume(self, path: str | Path) -> int:
        """Restore the state of a training from a file; see :meth:`restore`."""
        checkpoint = read_checkpoint(path)
        with sound_content(path):
            return self.restore(checkpoint, path)

    def restore(self, checkpoint: dict, path: str | Path) -> int:
        """Restore the state of a training.

        Model, optimizer, scheduler and learned weights of the losses are restored at once, the
        random state when ``run`` starts. A schedule over another number of epochs is rebuilt.

        Args:
            checkpoint: of ours or of torchreid (which has no random state), from
                :func:`~midattr_plugin.engine.checkpoint_file.read_checkpoint`.
            path: of its file, for messages.

        Returns:
            Number of epochs trained, for ``run(start_epoch=...)``.

        Raises:
            InputError: the checkpoint is of another architecture, holds weights only, or was
                written by a training with other images or other settings than can be changed.
        """
        lacking = [key for key in ('epoch', 'optimizer', 'scheduler') if key not in checkpoint]
        if lacking:
            raise InputError(
                f'checkpoint "{path}" holds no {", ".join(lacking)}, so training '
                'cannot be resumed from it; give it as model.load_weights instead'
            )
        changes = changed_settings(checkpoint.get('settings', {}), self.settings, path)
        self.restore_weights(checkpoint, path)
        self.restore_average(checkpoint, path)
        if 'training_images' in checkpoint:
            check_same_images(
                checkpoint['training_images'], describe_images(self.train_loader.dataset), path
            )
        fresh_rates = [group['lr'] for group in self.optimizer.param_groups]
        restore_optimizer(self.optimizer, checkpoint['optimizer'], path)
        rebuilt = False
        if self.scheduler is not None and checkpoint['scheduler'] is not None:
            rebuilt = restore_schedule(
                self.scheduler, fresh_rates, checkpoint['scheduler'], checkpoint['epoch'], path
            )
        if self.precision is not None and checkpoint.get('scaler'):
            self.precision.scaler.load_state_dict(checkpoint['scaler'])
        self.best_score = (
            -1.0
            if changes_scores(changes, on_targets=self._chosen_by == TEST)
            else checkpoint.get(f'best_{self._choice_score}', -1.0)
        )
        if checkpoint.get('data_seed') is not None:  # up to version 0.3 there was none
            self.data_seed = checkpoint['data_seed']
        states = checkpoint.get('random_state') or ()
        # a dict is that of the main process, of version 0.2
        self._random_states = [states] if isinstance(states, dict) else states
        if self._random_states:
            with preserved_random_state():
                restore_random_state(self._random_states)  # fails now if it is damaged
        self._evaluation_pending = not checkpoint.get('evaluated', True)
        self._resumed_epochs = self.trained_epochs
        print(f'Resumed from "{path}" after epoch {self.trained_epochs}')
        if changes:
            told = (f'{key}: {then} -> {now}' for key, (then, now) in changes.items())
            print(f'Other settings from here on: {"; ".join(told)}')
        if rebuilt:
            print(
                'The schedule of the learning rate is that of a training of the new number of '
                f'epochs (train.max_epoch); the rate is {self.get_current_lr():.4g} now'
            )
        return self.trained_epochs

    def restore_weights(self, checkpoint: dict, path: str | Path) -> None:
        """Restore what a test needs: the model and the learned weights of the losses.

        Args:
            checkpoint: see :meth:`restore`.
            path: see :meth:`restore`.

        Raises:
            InputError: the checkpoint is of another architecture or of another loss.
        """
        restore_model(self.model, checkpoint, path)
        if self.criterion is not None and checkpoint.get('criterion'):
            try:
                self.criterion.load_state_dict(checkpoint['criterion'])
            except RuntimeError as error:
                raise InputError(
                    f'checkpoint "{path}" was written with another loss '
                    f'({" ".join(str(error).split())}); set midattr.attribute_loss and '
                    'midattr.task_weights as they were then, or give it as model.load_weights'
                ) from error
        self.trained_epochs = checkpoint.get('epoch', 0)
        self.model_info = {**self.model_info, 'started_from': checkpoint.get('started_from')}
        self.chosen_on = chosen_on(checkpoint, path)
        if note := choice_note(self.chosen_on):
            print(note)

    def run(self, save_dir='log', max_epoch=0, start_epoch=0, **options):
        """Train as torchreid does, with checkpoints (:meth:`keep_epoch`).

        Args:
            save_dir: folder of checkpoints and logs.
            max_epoch: number of epochs.
            start_epoch: number of epochs trained before.
            **options: see torchreid.

        Raises:
            InputError: a training was resumed, and ``start_epoch`` is not its number of epochs.
        """
        resumed, self._resumed_epochs = self._resumed_epochs, None
        if resumed not in (None, start_epoch) and not options.get('test_only'):
            raise InputError(
                f'the training was resumed after epoch {resumed}, but run() would begin after '
                f'epoch {start_epoch}; call run(start_epoch={resumed}, ...)'
            )
        save_dir = user_path(save_dir, 'save_dir')
        self.save_dir = save_dir
        self._run_options = options
        # torchreid names the final checkpoint after self.epoch, which its loop leaves at 0
        # when a run that had finished training is resumed for its final test.
        self.epoch = max(start_epoch - 1, 0)
        if is_main():
            for leftover in Path(save_dir, 'model').glob('.model.pth.tar-*.tmp'):
                leftover.unlink()  # a save that was killed
            if self.writer is None and not options.get('test_only'):
                self.writer = EventWriter(save_dir)
        else:
            self.writer = _NoWriter()
        if self._random_states:
            restore_random_state(self._random_states)
            self._random_states = ()
        if self._evaluation_pending and _evaluation_due(start_epoch, max_epoch, options):
            names = inspect.signature(torchreid_compat.Engine.test).parameters
            rank1 = self.test(
                save_dir=save_dir, **{key: value for key, value in options.items() if key in names}
            )
            self.save_model(self.epoch, rank1, save_dir)
        super().run(save_dir=save_dir, max_epoch=max_epoch, start_epoch=start_epoch, **options)
        if is_main() and self._has_chosen:
            best = self._path('best').name
            if note := choice_note(self._chosen_by, best):
                print(note)

    def train(self, *args, **kwargs):
        """Train one epoch as torchreid does, and keep it."""
        self._has_chosen |= self.best_score >= 0
        super().train(*args, **kwargs)
        self.chosen_on = None
        self.trained_epochs = self.epoch + 1
        self.keep_epoch()

    def keep_epoch(self) -> None:
        """Note how far the training has come, and write ``-last`` if that is due."""
        states = gather_random_states()
        if not is_main():
            return
        if self._checkpoint_due():
            save_checkpoint(self._state(states, evaluated=False), self._path('last'))
            self._saved_at = time.monotonic()
        write_progress(self.save_dir, self.trained_epochs, self.max_epoch)

    def _checkpoint_due(self) -> bool:
        trained = self.trained_epochs
        return (
            self._saved_at is None
            or time.monotonic() - self._saved_at >= self.checkpoint_seconds
            or trained >= self.max_epoch
            or _evaluation_due(trained, self.max_epoch, self._run_options)
        )

    def save_model(self, epoch, rank1, save_dir, is_best=False):
        """Write ``-<epoch>``, ``-last`` and ``-best`` after an evaluation.

        Args:
            epoch: number of the epoch, from 0.
            rank1: of the last target.
            save_dir: ignored; the folder is that of ``run``.
            is_best: ignored; the best is that with the highest score.
        """
        assert self.results is not None, 'save_model() follows test()'
        mAP = self.results.mean_mAP(self.descriptor)
        score = self._score(mAP)
        is_best = score > self.best_score
        self.best_score = max(score, self.best_score)
        states = gather_random_states()
        if not is_main():
            return
        path = self._path(epoch + 1)
        measured = {'rank1': rank1, 'mAP': mAP}
        measured = {name: float(value) for name, value in measured.items() if value is not None}
        state = self._state(states, evaluated=True, **measured)
        save_checkpoint(state, path)
        if is_best:
            save_checkpoint(state | {'chosen_on': self._chosen_by}, self._path('best'))
        # -last is put in place at the end, because from it on the evaluation counts as done:
        # after a kill in between it is repeated, and so is whatever it had not yet written.
        with atomic_path(self._path('last'), path.stat().st_size) as temporary:
            shutil.copyfile(path, temporary)
        name = self._choice_score.replace('_', ' ')
        note = f' (best {name} so far on {IMAGES[self._chosen_by]})' if is_best else ''
        print(f'Checkpoint saved to "{path}"{note}')

    @property
    def _chosen_by(self) -> str:
        """Return on what the best epoch is chosen."""
        if self.held_out_loaders:
            return HELD_OUT
        is_validated = self._choice_score == 'balanced_accuracy' and self.validation_loader
        return VALIDATION if is_validated else TEST

    @property
    def _choice_score(self) -> str:
        """Return by what the best epoch is chosen: 'mAP', or without a ranking the attributes."""
        galleries = [loaders['gallery'] for loaders in self.test_loader.values()]
        is_ranked = self.held_out_loaders or any(map(self.is_ranked, galleries))
        return 'mAP' if is_ranked else 'balanced_accuracy'

    def _score(self, mAP: float | None) -> float:
        """Return the score of the last test by which the best epoch is chosen.

        Args:
            mAP: mean over the targets that are ranked; None if none is.
        """
        if self.held_out_loaders:
            return self.results.validation_identities['mAP']
        if self._chosen_by == VALIDATION:
            return self.results.extra['validation']['balanced_accuracy']
        return self.results.overall_balanced_accuracy() if mAP is None else mAP

    def _path(self, name: str | int) -> Path:
        return Path(self.save_dir, 'model', f'model.pth.tar-{name}')

    def _state(self, random_states: list[dict], **measured) -> dict:
        return {
            'model': self._model_spec(),
            **self.averaged_state(),
            'epoch': self.trained_epochs,
            'optimizer': self.optimizer.state_dict(),
            'scheduler': None if self.scheduler is None else self.scheduler.state_dict(),
            # learned weights of the losses; mostly nothing
            'criterion': {} if self.criterion is None else self.criterion.state_dict(),
            'random_state': random_states,
            'data_seed': self.data_seed,
            'scaler': {} if self.precision is None else self.precision.scaler.state_dict(),
            f'best_{self._choice_score}': self.best_score,
            'settings': dict(self.settings),
            'training_images': describe_images(self.train_loader.dataset),
            'started_from': self.model_info.get('started_from'),
            'chosen_on': self.chosen_on,
            **measured,
        }

    def _model_spec(self) -> dict | None:
        """Return all that the model can be built from again, with the preprocessing of a test."""
        spec = getattr(self.model, 'spec', None)
        if spec is None:
            return None
        steps = getattr(getattr(self.datamanager, 'transform_te', None), 'transforms', ())
        for step in steps:
            if isinstance(step, Normalize):
                size = (self.datamanager.height, self.datamanager.width)
                spec = replace(spec, image_size=size, norm_mean=step.mean, norm_std=step.std)
        return spec.as_dict()


class _NoWriter:
    """Takes the place of TensorBoard's writer where another process writes."""

    def add_scalar(self, *args) -> None:
        pass

    def close(self) -> None:
        pass


def _evaluation_due(trained: int, max_epoch: int, options: Mapping[str, Any]) -> bool:
    """Return whether torchreid's ``run`` evaluates after ``trained`` epochs, before the last."""
    frequency = options.get('eval_freq', -1)
    return (
        trained >= max(options.get('start_eval', 0), 1)
        and frequency > 0
        and trained % frequency == 0
        and trained < max_epoch
    )
