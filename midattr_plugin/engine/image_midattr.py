"""Multi-task engine: identity and attributes trained together (paper section 2.2, Eq. 3)."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.attribute_items import check_same_spelling
from midattr_plugin.datasets.class_counts import (
    check_annotated,
    check_scored,
    report_unknown_classes,
)
from midattr_plugin.datasets.data_check import check_data
from midattr_plugin.distributed import broadcast, is_main, sum_over_processes, world_size
from midattr_plugin.engine.attribute_recorder import AttributeRecorder, format_scores
from midattr_plugin.engine.binary_view import format_binary_view
from midattr_plugin.engine.checkpoint_mixin import CheckpointMixin
from midattr_plugin.engine.compiled import Compiled
from midattr_plugin.engine.epoch import EpochMixin
from midattr_plugin.engine.evaluation import EvaluationMixin
from midattr_plugin.engine.extraction import Split
from midattr_plugin.engine.image_copies import join_copies
from midattr_plugin.engine.learned_losses import average_before_steps, check_optimized
from midattr_plugin.engine.mirrored import network_output
from midattr_plugin.engine.precision import Precision
from midattr_plugin.engine.predicted_answers import predicted_answers
from midattr_plugin.engine.printed_scalars import PrintedScalarsMixin
from midattr_plugin.engine.ranked_page import Answers
from midattr_plugin.engine.replicated import ReplicatedMixin, unwrapped
from midattr_plugin.engine.step_log import StepLog
from midattr_plugin.engine.training_line import TrainingLine
from midattr_plugin.engine.training_step import TrainingStep
from midattr_plugin.errors import InputError
from midattr_plugin.loading.device_copy import to_device
from midattr_plugin.losses import MidAttrLoss, check_identities
from midattr_plugin.models import MidAttrNet
from midattr_plugin.models.frozen_batch_norm import check_frozen


class ImageMidAttrEngine(
    CheckpointMixin,
    EvaluationMixin,
    EpochMixin,
    PrintedScalarsMixin,
    ReplicatedMixin,
    torchreid_compat.Engine,
):
    """Trains and evaluates a :class:`~midattr_plugin.models.MidAttrNet`.

    Attributes:
        validation_loader: held-out training images, which are classified at every test; None
            for none.

    Args:
        datamanager: torchreid's ``ImageDataManager``. If the model has attributes, its sources
            must be attribute datasets (``market1501_attr``, ...); the targets may be any.
        model: a ``MidAttrNet``; moved to the GPU if one is used.
        optimizer: optimizer of the model's parameters, and of the criterion's if it has any
            (:meth:`MidAttrLoss.param_groups`).
        scheduler: stepped after every epoch, if given.
        use_gpu: use the GPU, if there is one.
        criterion: the loss; :class:`MidAttrLoss` with the paper's weights unless given. With a
            triplet term every batch needs images of two identities.
        precision: 'fp32', 'bf16' or 'fp16'; see :class:`Precision`.
        compile: compile the training step; see :class:`Compiled`.

    Raises:
        InputError: the data cannot be used (:func:`check_data`), the model is not of this
            project, the sources have none of its attributes, or the device does not compute in
            that precision.
        ValueError: the optimizer lacks parameters of the criterion, or only one of model and
            criterion is made for cosines.

    Example::

        if __name__ == '__main__':  # the processes that read images may import this file
            datamanager = torchreid.data.ImageDataManager('reid-data', sources='market1501_attr')
            model = torchreid.models.build_model(
                'midattr_resnet50_market', datamanager.num_train_pids
            )
            optimizer = torchreid.optim.build_optimizer(model, optim='sgd', lr=0.01)
            engine = midattr_plugin.ImageMidAttrEngine(datamanager, model, optimizer)
            engine.run(save_dir='log/midattr', max_epoch=62)
    """

    validation_loader: DataLoader | None = None
    precision: Precision
    criterion: MidAttrLoss
    _recorder: AttributeRecorder

    def __init__(
        self,
        datamanager,
        model: MidAttrNet,
        optimizer: torch.optim.Optimizer,
        scheduler=None,
        use_gpu: bool = True,
        criterion: MidAttrLoss | None = None,
        precision: str = 'fp32',
        compile: bool = False,
    ):
        check_data(datamanager)
        super().__init__(datamanager, use_gpu)
        model = unwrapped(model)
        if not hasattr(model, 'descriptor_slices'):
            raise InputError(
                'ImageMidAttrEngine trains models of this project, but was given a '
                f'{type(model).__name__}; build one of these, or take an engine of torchreid'
            )
        if self.use_gpu:
            model.cuda()  # its parameters stay those of the optimizer
        self.precision = Precision(precision, 'cuda' if self.use_gpu else 'cpu')
        # convolutions read all channels of a pixel together, which is how they lie then
        self.model = model.to(memory_format=torch.channels_last)
        self._compile = compile
        self._step: Callable | None = None  # made of these parts, maybe compiled
        self._step_parts: tuple = ()
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.register_model('model', model, optimizer, scheduler)
        branches = model.descriptor_slices
        self.descriptor = 'fused' if len(branches) > 1 else next(iter(branches), '')
        self.descriptor_slices = branches if len(branches) > 1 else {}
        check_annotated(model.schema, self.train_loader.dataset, datamanager.sources or ())
        for name, loaders in self.test_loader.items():
            tested = getattr(loaders['gallery'].dataset, 'schema', None)
            if model.schema is not None and tested is not None:
                check_same_spelling(model.schema, tested, 'data.targets')
            report_unknown_classes(model.schema, loaders['gallery'].dataset, name)
            if not self.is_ranked(loaders['gallery']):
                check_scored(model.schema, loaders['gallery'].dataset, name)
        self.train_schema: Any = getattr(self.train_loader.dataset, 'schema', None)
        self._log = StepLog()
        self._line: TrainingLine | None = None
        self.print_freq = self.num_batches = 1
        self.batch_idx = 0
        self._printed_batch = -1
        self.criterion = (criterion or MidAttrLoss()).to(next(model.parameters()).device)
        has_margin = self.criterion.margin_softmax is not None
        if model.num_classes and model.has_cosines != has_margin:
            given = 'cosines' if model.has_cosines else 'logits'
            raise ValueError(
                f'the model gives {given}, but the criterion has {"a" if has_margin else "no"} '
                'margin_softmax, which takes cosines: build both for the same midattr.classifier'
            )
        learned = list(self.criterion.parameters())
        check_optimized(learned, optimizer)
        average_before_steps(learned, optimizer)

    def parse_data_for_train(self, data: dict) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return images (B, 3, H, W), pids (B,) and, for a model with attributes, labels (B, m)."""
        data = join_copies(data)
        imgs, pids = super().parse_data_for_train(data)
        if self.model.schema is None:
            return imgs, pids, None
        return imgs, pids, self.train_schema.convert(data['attrs'], target=self.model.schema)

    def run(self, *args, **options) -> None:
        """Run torchreid's pipeline.

        Args:
            *args: see :meth:`CheckpointMixin.run`.
            **options: see torchreid.

        Raises:
            InputError: the model has fewer classes than there are identities, or freezes batch
                normalization that was never trained.
        """
        if not options.get('test_only'):
            self._check_classes()
            check_frozen(self.model)
        super().run(*args, **options)

    def train(self, print_freq: int = 10, fixbase_epoch: int = 0, open_layers=None) -> None:
        """Train one epoch, with torchreid's loop and a line of our own.

        Args:
            print_freq: batches from line to line; at least one line is printed.
            fixbase_epoch: see torchreid.
            open_layers: see torchreid.
        """
        num_batches = len(self.train_loader)
        self.print_freq = max(1, min(print_freq, num_batches))
        names = () if self.model.schema is None else self.model.schema.names
        self._line = TrainingLine(self.epoch + 1, self.max_epoch, num_batches, names)
        self._printed_batch = -1
        # torchreid's own line, with all terms, is never due
        super().train(sys.maxsize, fixbase_epoch, open_layers)

    def _check_classes(self) -> None:
        """Check that the model has a class for each identity; name attributes without labels."""
        if self.model.schema is not None:
            unlabeled = [
                name for name in self.model.schema.names if name not in self.train_schema.names
            ]
            if unlabeled:
                print(
                    f'Note: no training image has a label of {", ".join(unlabeled)}, so that their '
                    'scores are not those of something learned here'
                )
        classes, identities = self.model.num_classes, self.datamanager.num_train_pids
        if self.descriptor and classes < identities:
            raise InputError(
                f'the model has classes for {classes} identities, but there are {identities} in '
                'the training images; build it with datamanager.num_train_pids'
            )

    def test(self, **options) -> float | None:
        """Test all targets; see :class:`EvaluationMixin`. A table of the last epoch comes first."""
        if self._line is not None and (table := self._line.table()):
            print(f'** Attributes (training images, epoch {self._line.epoch}) **\n{table}')
        self._line = None
        return super().test(**options)

    def _training_step(self) -> Callable:
        parts = self._replica or self.model, self.criterion, self.precision
        if self._step is None or self._step_parts != parts:
            step = TrainingStep(*parts)
            self._step = Compiled(step, self.use_gpu) if self._compile else step
            self._step_parts = parts
        return self._step

    def forward_backward(self, data: dict) -> dict[str, float]:
        """Train one step.

        Args:
            data: a batch of torchreid's loader.

        Returns:
            Every loss term and the accuracy in percent of every task. On a GPU, where reading
            them holds up the work, only at the steps that are printed, as means over the steps
            since the last such step; otherwise nothing.

        Raises:
            FloatingPointError: a loss term is infinite or not a number.
        """
        imgs, pids, attrs = self.parse_data_for_train(data)
        if self.criterion.triplet_weight and world_size() == 1:
            check_identities(pids)  # of several processes, each has a shard of the batch
        device = next(self.model.parameters()).device
        imgs, pids = to_device(imgs, device), to_device(pids, device)
        attrs = None if attrs is None else to_device(attrs, device)

        loss, names, sums = self._training_step()(imgs, pids, attrs, _known_per_process(attrs))
        self._log.add(names, sums)
        summary = self._log.read() if self._is_read() else {}
        self.check_finite(summary)
        self.precision.step(loss, self.optimizer)
        self._print_line(summary)
        return summary

    def _is_due(self) -> bool:
        """Return whether a line is printed after this step."""
        done = self.batch_idx + 1
        return done % self.print_freq == 0 or done == self.num_batches

    def _is_read(self) -> bool:
        """Return whether this step's summary is read: always where that costs nothing."""
        return not self.use_gpu or self._is_due()

    def _print_line(self, summary: dict[str, float]) -> None:
        if self._line is None:  # a single step, outside of an epoch
            return
        self._line.update(summary)
        if self._is_due():
            self._print_means(self._line)

    def _print_means(self, line: TrainingLine) -> None:
        self._printed_batch = self.batch_idx
        if is_main():
            print(line.text(self.batch_idx + 1, self.get_current_lr()))

    def end_epoch(self) -> None:
        """Read and check the steps that were not, and print the last line unless it was."""
        summary = self._log.read()
        self.check_finite(summary)
        if self._line is not None and self._printed_batch != self.batch_idx:
            self._line.update(summary)
            self._print_means(self._line)
        super().end_epoch()

    def parse_data_for_eval(self, data: dict):
        """Return what torchreid does, and record the labels of the batch."""
        self._recorder.add_batch(data)
        return super().parse_data_for_eval(data)

    def extract_features(self, input: Tensor) -> Tensor:
        """Return descriptors (B, D); the attributes predicted by the same forward are recorded."""
        output = network_output(self.model, input, self.precision, self.test_flip)
        self._recorder.add_output(output['attribute_logits'])
        return output['descriptor']

    def classify(self, data: dict) -> tuple[dict, dict, Tensor, Tensor | None]:
        """Return what the model makes of a batch of training images, and what is right.

        Args:
            data: a batch of torchreid's loader.

        Returns:
            Identity logits {branch: (B, n)}, attribute logits {name: (B, c)}, pids (B,) and
            labels (B, m), None for a model without attributes.
        """
        imgs, pids, attrs = self.parse_data_for_train(data)
        device = next(self.model.parameters()).device
        output = network_output(self.model, imgs.to(device), self.precision, self.test_flip)
        return (
            self.criterion.scaled_logits(self.model.classify_identity(output['features'])),
            output['attribute_logits'],
            pids.to(device),
            None if attrs is None else attrs.to(device),
        )

    def _answers(self, dataset: Any, numbers: Sequence[int]) -> Answers:
        """Return what is predicted of some images of a dataset, and what is annotated."""
        return predicted_answers(self.model, self.precision, dataset, numbers, self.test_flip)

    def _extract(self, loader: DataLoader, split: str, target: str) -> Split:
        """Extract descriptors; record the attributes of the gallery."""
        source = getattr(loader.dataset, 'schema', None) if split == 'gallery' else None
        marks_by_path = getattr(loader.dataset, 'marks_by_path', {})
        self._recorder = AttributeRecorder(self.model.schema, source, marks_by_path)
        return super()._extract(loader, split, target)

    @torch.no_grad()
    def _evaluate(
        self,
        dataset_name: str = '',
        query_loader: Any = None,
        gallery_loader: Any = None,
        **options,
    ) -> tuple[float | None, float | None]:
        rank1_and_mAP = super()._evaluate(dataset_name, query_loader, gallery_loader, **options)
        measured = broadcast(self._recorder.measure(len(gallery_loader.dataset)))
        del self._recorder

        assert self.results is not None, 'test() makes the results'
        self.results.confusion[dataset_name] = measured['confusions']
        if scores := measured['scores']:
            self.results.attributes[dataset_name] = scores
            self.results.at_floor[dataset_name] = measured['floors']
            table = format_scores(scores, measured['floors'])
            print(f'** Attributes (gallery of {dataset_name}) **\n{table}')
            curves = dict(scores['average'])
            if view := measured['binary']:
                self.results.attributes_binary[dataset_name] = view
                print(format_binary_view(view))
                curves |= {f'binary_{key}': value for key, value in view['mean'].items()}
                curves |= {
                    f'binary_instance_{key}': value for key, value in view['instance'].items()
                }
            if self.writer is not None:
                for key, value in curves.items():
                    self.writer.add_scalar(f'Test/{dataset_name}/{key}', value, self.epoch)
        return rank1_and_mAP


def _known_per_process(attrs: Tensor | None) -> Tensor | None:
    """Return the number of known labels (m,) of the whole batch, divided by that of processes.

    Gradients are averaged over the processes: divided by this, they are those of the whole batch,
    though the processes differ in how many labels they know.
    """
    if attrs is None or world_size() == 1:
        return None
    return sum_over_processes((attrs >= 0).sum(0)) / world_size()
