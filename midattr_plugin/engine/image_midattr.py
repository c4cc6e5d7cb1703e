"""Multi-task engine: identity and attributes trained together (paper section 2.2, Eq. 3)."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from midattr_plugin import torchreid_compat
from midattr_plugin.distributed import process_rank, sum_over_processes, world_size
from midattr_plugin.engine.attribute_recorder import AttributeRecorder, format_scores
from midattr_plugin.engine.checkpoint_mixin import CheckpointMixin
from midattr_plugin.engine.compiled import Compiled
from midattr_plugin.engine.evaluation import EvaluationMixin
from midattr_plugin.engine.precision import Precision
from midattr_plugin.engine.replicated import ReplicatedMixin
from midattr_plugin.engine.step_log import StepLog
from midattr_plugin.engine.validation import measure_validation
from midattr_plugin.errors import InputError
from midattr_plugin.losses import (
    ClassBalancedLoss,
    FocalLoss,
    MidAttrLoss,
    PlainAttributeLoss,
    TaskUncertainty,
)
from midattr_plugin.losses.class_balanced_loss import count_classes


class ImageMidAttrEngine(
    CheckpointMixin, EvaluationMixin, ReplicatedMixin, torchreid_compat.Engine
):
    """Trains and evaluates a :class:`~midattr_plugin.models.MidAttrNet`.

    Args:
        datamanager: torchreid's ``ImageDataManager``. If the model has attributes, its sources
            must be attribute datasets (``market1501_attr``, ...); the targets may be any.
        model: a ``MidAttrNet``.
        optimizer: optimizer of the model's parameters.
        scheduler: stepped after every epoch, if given.
        use_gpu: use the GPU, if there is one.
        mu, nu, attribute_weight, reading, label_smoothing: see :class:`MidAttrLoss`.
        attribute_loss: 'plain', 'class_balanced' or 'focal'.
        class_balance_beta: see :class:`ClassBalancedLoss`, which counts the training images.
        focal_gamma: see :class:`FocalLoss`.
        triplet_weight, triplet_margin: see :class:`MidAttrLoss`. Every batch needs images of two
            identities.
        task_uncertainty: learned factors of the weights; its parameters must be with the
            optimizer (:meth:`TaskUncertainty.param_group`).
        precision: 'fp32', 'bf16' or 'fp16'; see :class:`Precision`.
        compile: compile the training step; see :class:`Compiled`.

    Raises:
        InputError: the sources have none of the model's attributes, the device does not
            compute in that precision, or there is no such attribute loss.
        ValueError: the optimizer lacks the parameters of ``task_uncertainty``.

    Example::

        datamanager = torchreid.data.ImageDataManager(root='reid-data', sources='market1501_attr')
        model = torchreid.models.build_model('midattr_resnet50_market', datamanager.num_train_pids)
        optimizer = torchreid.optim.build_optimizer(model, optim='sgd', lr=0.01)
        engine = midattr_plugin.ImageMidAttrEngine(datamanager, model, optimizer)
        engine.run(save_dir='log/midattr', max_epoch=62)
    """

    validation_loader: DataLoader | None = None
    """Held-out training images, which are recognized at every test."""

    def __init__(
        self,
        datamanager,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        scheduler=None,
        use_gpu: bool = True,
        mu: float = 5.0,
        nu: float = 4.0,
        attribute_weight: float = 0.1,
        reading: str = 'attribute_units',
        label_smoothing: float = 0.0,
        precision: str = 'fp32',
        compile: bool = False,
        attribute_loss: str = 'plain',
        class_balance_beta: float = 0.999,
        focal_gamma: float = 2.0,
        triplet_weight: float = 0.0,
        triplet_margin: float = 0.3,
        task_uncertainty: TaskUncertainty | None = None,
    ):
        super().__init__(datamanager, use_gpu)
        self.precision = Precision(precision, 'cuda' if self.use_gpu else 'cpu')
        # convolutions read all channels of a pixel together, which is how they lie then
        self.model = model.to(memory_format=torch.channels_last)
        self._compile = compile
        self._network: Callable | None = None  # what trains: the model, replicated and compiled
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.register_model('model', model, optimizer, scheduler)
        branches = model.descriptor_slices
        self.descriptor = 'fused' if len(branches) > 1 else next(iter(branches))
        self.descriptor_slices = branches if len(branches) > 1 else {}
        self.train_schema = getattr(self.train_loader.dataset, 'schema', None)
        self._recorder: AttributeRecorder | None = None
        self._log = StepLog()
        self.print_freq = self.num_batches = 1
        self.batch_idx = 0
        if model.schema is not None:
            annotated = set() if self.train_schema is None else set(self.train_schema.names)
            if annotated.isdisjoint(model.schema.names):
                raise InputError(
                    f'data.sources {datamanager.sources} have none of the attributes that the '
                    'model learns; name an attribute dataset first (market1501_attr, '
                    'dukemtmcreid_attr or midattr_demo), or choose model.name '
                    '"midattr_resnet<depth>", which has no attributes'
                )
        if task_uncertainty is not None:
            _check_optimized(task_uncertainty.log_variances, optimizer)
            _average_before_steps(task_uncertainty.log_variances, optimizer)
        self.criterion = MidAttrLoss(
            mu,
            nu,
            attribute_weight,
            reading,
            label_smoothing,
            self._attribute_loss(attribute_loss, class_balance_beta, focal_gamma),
            task_uncertainty,
            triplet_weight,
            triplet_margin,
        ).to(next(model.parameters()).device)

    def _attribute_loss(self, name: str, beta: float, gamma: float) -> nn.Module:
        makers = {
            'plain': PlainAttributeLoss,
            'focal': lambda: FocalLoss(gamma),
            'class_balanced': lambda: ClassBalancedLoss(self._class_counts(), beta),
        }
        if name not in makers:
            raise InputError(
                f'midattr.attribute_loss: unknown loss "{name}"; choose from {", ".join(makers)}'
            )
        return makers[name]()

    def _class_counts(self) -> dict[str, Tensor]:
        """Training images (c,) of each class of each attribute of the model."""
        dataset, schema = self.train_loader.dataset, self.model.schema
        if schema is None:
            return {}
        labels = torch.stack([dataset.labels(path) for path, *_ in dataset.data])
        labels = self.train_schema.convert(labels, to=schema)
        return dict(zip(schema.names, count_classes(labels, schema.num_classes), strict=True))

    def parse_data_for_train(self, data: dict) -> tuple[Tensor, Tensor, Tensor | None]:
        """Images (B, 3, H, W), pids (B,) and, for a model with attributes, labels (B, m)."""
        imgs, pids = super().parse_data_for_train(data)
        if self.model.schema is None:
            return imgs, pids, None
        return imgs, pids, self.train_schema.convert(data['attrs'], to=self.model.schema)

    def train(self, print_freq: int = 10, **options) -> None:
        """One epoch, as by torchreid."""
        self.print_freq = print_freq
        super().train(print_freq=print_freq, **options)

    def _training_network(self) -> Callable:
        if self._network is None:
            network = self._replica or self.model
            self._network = Compiled(network, self.use_gpu) if self._compile else network
        return self._network

    def forward_backward(self, data: dict) -> dict[str, float]:
        """One step.

        Returns:
            Every loss term and the accuracy in percent of every task. On a GPU, where reading
            them holds up the work, only at the steps that are printed, as means over the steps
            since the last such step; otherwise nothing.

        Raises:
            FloatingPointError: a loss term is infinite or not a number.
        """
        imgs, pids, attrs = self.parse_data_for_train(data)
        if self.use_gpu:
            imgs, pids = imgs.cuda(non_blocking=True), pids.cuda(non_blocking=True)
            attrs = None if attrs is None else attrs.cuda(non_blocking=True)

        output = self._forward(imgs)
        terms = self.criterion(
            output['logits'],
            output['attributes'],
            pids,
            attrs,
            _known_per_process(attrs),
            output['features'],
        )
        self._log_step(terms, output, pids, attrs)
        summary = self._log.read() if self._is_read() else {}
        self._check_finite(summary)
        self.precision.step(terms['loss'], self.optimizer)
        return summary

    def _forward(self, imgs: Tensor) -> dict:
        imgs = imgs.contiguous(memory_format=torch.channels_last)
        network = self._training_network() if self.model.training else self.model
        with self.precision.autocast():
            output = network(imgs, full=True)
        for group in ('logits', 'attributes', 'features'):  # losses and predictions are in float32
            output[group] = {name: x.float() for name, x in output.get(group, {}).items()}
        return output

    def _is_read(self) -> bool:
        """Whether this step's summary is read: always where that costs nothing."""
        done = self.batch_idx + 1
        return not self.use_gpu or done % self.print_freq == 0 or done == self.num_batches

    def _log_step(
        self, terms: dict[str, Tensor], output: dict, pids: Tensor, attrs: Tensor | None
    ) -> None:
        values = {name: (term, 1) for name, term in terms.items()}
        for branch, logits in output['logits'].items():
            values[f'acc_{branch}'] = 100 * (logits.argmax(1) == pids).sum(), len(pids)
        for i, (name, logits) in enumerate(output['attributes'].items()):
            # the prediction is never -1, as an unknown label is
            right = (logits.argmax(1) == attrs[:, i]).sum()
            values[f'acc_{name}'] = 100 * right, (attrs[:, i] >= 0).sum()
        self._log.add(values)

    def _check_finite(self, summary: dict[str, float]) -> None:
        bad = [f'{name} = {value}' for name, value in summary.items() if not math.isfinite(value)]
        if bad:
            raise FloatingPointError(
                f'the loss is not finite in epoch {self.epoch + 1}, batch {self.batch_idx + 1} '
                f'({", ".join(bad)}); lower train.lr, or resume from model.pth.tar-last'
            )

    def parse_data_for_eval(self, data: dict):
        self._recorder.add_batch(data)
        return super().parse_data_for_eval(data)

    def extract_features(self, input: Tensor) -> Tensor:
        """Descriptors (B, D); the attributes predicted by the same forward are kept."""
        output = self._forward(input)
        self._recorder.add_output(output['attributes'])
        return output['descriptor']

    def extra_results(self) -> dict:
        """The weights of mixed layers, the learned factors of the losses, and how the images of
        ``validation_loader`` are recognized; none of them where there are none.
        """
        results = self._layer_weights() | self._task_weights()
        if self.validation_loader is None:
            return results
        scores = measure_validation(self.validation_loader, self._recognize)
        print(
            'Held-out training images: '
            + ', '.join(
                f'{name} {value:.3f}' if name != 'images' else f'{value}'
                for name, value in scores.items()
            )
        )
        return results | {'validation': scores}

    def _layer_weights(self) -> dict:
        weights = {} if self.model.schema is None else self.model.attributes.mixture_weights()
        if not weights:
            return {}
        print(f'** Weights of the mixed layers **\n{format_scores(weights)}')
        return {'layer_weights': weights}

    def _task_weights(self) -> dict:
        if self.criterion.task_uncertainty is None:
            return {}
        weights = self.criterion.task_uncertainty.weights()
        print(
            'Learned factors of the losses: '
            + ', '.join(f'{term} {value:.3f}' for term, value in weights.items())
        )
        return {'task_weights': weights}

    def _recognize(self, data: dict) -> tuple[dict, dict, Tensor, Tensor | None]:
        imgs, pids, attrs = self.parse_data_for_train(data)
        device = next(self.model.parameters()).device
        output = self._forward(imgs.to(device))
        features = {branch: feature.float() for branch, feature in output['features'].items()}
        return (
            self.model.identify(features),
            output['attributes'],
            pids.to(device),
            None if attrs is None else attrs.to(device),
        )

    @torch.no_grad()
    def _evaluate(self, dataset_name='', query_loader=None, gallery_loader=None, **options):
        self._recorder = AttributeRecorder(
            self.model.schema, getattr(gallery_loader.dataset, 'schema', None)
        )
        rank1_and_mAP = super()._evaluate(
            dataset_name=dataset_name,
            query_loader=query_loader,
            gallery_loader=gallery_loader,
            **options,
        )
        recorder, self._recorder = self._recorder, None

        mine = range(process_rank(), len(query_loader.dataset), world_size())
        scores = recorder.scores(first=len(mine))
        self.results['confusion'][dataset_name] = recorder.confusions(first=len(mine))
        if scores:
            self.results['attributes'][dataset_name] = scores
            print(f'** Attributes (gallery of {dataset_name}) **\n{format_scores(scores)}')
            if self.writer is not None:
                for key, value in scores['average'].items():
                    self.writer.add_scalar(f'Test/{dataset_name}/{key}', value, self.epoch)
        return rank1_and_mAP


def _known_per_process(attrs: Tensor | None) -> Tensor | None:
    """Known labels (m,) of the whole batch, divided by the number of processes.

    Gradients are averaged over the processes: divided by this, they are those of the whole batch,
    though the processes differ in how many labels they know.
    """
    if attrs is None or world_size() == 1:
        return None
    return sum_over_processes((attrs >= 0).sum(0)) / world_size()


def _check_optimized(log_variances: nn.Parameter, optimizer: torch.optim.Optimizer) -> None:
    if not any(p is log_variances for group in optimizer.param_groups for p in group['params']):
        raise ValueError(
            'the optimizer lacks the parameters of task_uncertainty: call '
            'optimizer.add_param_group(task_uncertainty.param_group())'
        )


def _average_before_steps(parameter: nn.Parameter, optimizer: torch.optim.Optimizer) -> None:
    """Its gradient over the processes, which average those of the model only."""

    def average(*_) -> None:
        parameter.grad = sum_over_processes(parameter.grad) / world_size()

    if world_size() > 1:
        optimizer.register_step_pre_hook(average)
