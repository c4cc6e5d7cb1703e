"""torchreid's own engines with this project's checkpoints, results and distributed training.

Torchreid's code trains and evaluates the baselines; only what is saved, and how work is divided
among processes, differs.
"""

from typing import Any

from torch import Tensor

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.data_check import check_data
from midattr_plugin.distributed import is_main, world_size
from midattr_plugin.engine.checkpoint_mixin import CheckpointMixin
from midattr_plugin.engine.epoch import EpochMixin
from midattr_plugin.engine.evaluation import EvaluationMixin
from midattr_plugin.engine.image_copies import join_copies
from midattr_plugin.engine.mirrored import mean_of_two
from midattr_plugin.engine.printed_scalars import PrintedScalarsMixin
from midattr_plugin.engine.replicated import ReplicatedTorchreidMixin
from midattr_plugin.losses import BatchHardTripletLoss, check_identities


class ReidEngineMixins(
    CheckpointMixin, EvaluationMixin, EpochMixin, PrintedScalarsMixin, ReplicatedTorchreidMixin
):
    """Everything that this project adds to an engine of torchreid.

    Args:
        datamanager: torchreid's data manager, which is checked.
        *args: see torchreid.
        **kwargs: see torchreid.

    Raises:
        InputError: the data cannot be used (:func:`check_data`).
    """

    print_freq = 1
    _means: Any = None  # torchreid's MetricMeter of an epoch

    def __init__(self, datamanager, *args, **kwargs):
        check_data(datamanager)
        super().__init__(datamanager, *args, **kwargs)

    def train(self, print_freq: int = 10, fixbase_epoch: int = 0, open_layers=None) -> None:
        """Train one epoch as torchreid does, with at least one line.

        Args:
            print_freq: batches from line to line.
            fixbase_epoch: see torchreid.
            open_layers: see torchreid.
        """
        self.print_freq = max(1, min(print_freq, len(self.train_loader)))
        self._means = torchreid_compat.utils.MetricMeter()
        super().train(self.print_freq, fixbase_epoch, open_layers)

    def parse_data_for_train(self, data: dict) -> tuple[Tensor, Tensor]:
        """Return images (B, 3, H, W) and pids (B,)."""
        return super().parse_data_for_train(join_copies(data))

    def forward_backward(self, data: dict) -> dict[str, float]:
        """Run one step of torchreid's engine.

        Raises:
            FloatingPointError: a loss term is infinite or not a number.
        """
        summary = super().forward_backward(data)
        self.check_finite(summary)
        if self._means is not None:  # within an epoch
            self._means.update(summary)
        return summary

    def extract_features(self, input: Tensor) -> Tensor:
        """Return descriptors (B, D), with the test-time flip their means over both directions."""
        features = super().extract_features(input)
        if self.test_flip:
            features = mean_of_two(features, super().extract_features(input.flip(-1)))
        return features

    def end_epoch(self) -> None:
        """Print the last line of the epoch, unless torchreid has."""
        batches = self.batch_idx + 1
        if batches % self.print_freq and is_main():
            print(
                f'epoch: [{self.epoch + 1}/{self.max_epoch}][{batches}/{self.num_batches}]\t'
                f'{self._means}\tlr {self.get_current_lr():.6f}'
            )
        super().end_epoch()


class TripletEngineMixins(ReidEngineMixins):
    """The same for an engine with a triplet loss, which is computed in a few operations."""

    weight_t: float
    criterion_t: Any

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.criterion_t = BatchHardTripletLoss(self.criterion_t.margin)

    def parse_data_for_train(self, data: dict) -> tuple[Tensor, Tensor]:
        """Return what torchreid does.

        Raises:
            InputError: all images are of one identity, so that there is no triplet.
        """
        imgs, pids = super().parse_data_for_train(data)
        if self.weight_t > 0 and world_size() == 1:  # of several processes, each has a shard
            check_identities(pids)
        return imgs, pids


class TrackedImageSoftmaxEngine(ReidEngineMixins, torchreid_compat.ImageSoftmaxEngine):
    """Torchreid's softmax engine for images, with checkpoints and results."""


class TrackedImageTripletEngine(TripletEngineMixins, torchreid_compat.ImageTripletEngine):
    """Torchreid's triplet engine for images, with checkpoints and results."""


class TrackedVideoSoftmaxEngine(ReidEngineMixins, torchreid_compat.VideoSoftmaxEngine):
    """Torchreid's softmax engine for videos, with checkpoints and results."""


class TrackedVideoTripletEngine(TripletEngineMixins, torchreid_compat.VideoTripletEngine):
    """Torchreid's triplet engine for videos, with checkpoints and results."""
