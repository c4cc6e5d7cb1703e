"""Systems of the benchmark: configurations of model, engine, loader and number format."""

import contextlib
import copy
import io
import os
import tempfile
from collections.abc import Callable, Iterator

import torch
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter

from midattr_plugin import build, torchreid_compat
from midattr_plugin.config import arguments, load_config
from midattr_plugin.losses import MidAttrLoss

_TORCHREID = [
    'loss.name',
    'softmax',
    'loss.softmax.label_smooth',
    False,
    'midattr.fast_ranking',
    False,
]
_OURS = [
    'model.name',
    'midattr_resnet50_market',
    'loss.name',
    'midattr',
    'loss.softmax.label_smooth',
    False,
]

SYSTEMS = {
    'torchreid resnet50': ['model.name', 'resnet50', *_TORCHREID],
    'torchreid pcb_p6': ['model.name', 'pcb_p6', *_TORCHREID],
    'ours fp32': [*_OURS, 'midattr.cache', 'ram'],
    'ours bf16': [*_OURS, 'midattr.cache', 'ram', 'midattr.precision', 'bf16'],
    'ours GPU': [
        *_OURS,
        'midattr.cache',
        'device',
        'midattr.precision',
        'bf16',
        'midattr.compile',
        True,
    ],
}
"""Name -> configuration keys and values, alternating. Ratios are relative to the first system."""

GPU_ONLY = ('ours GPU',)


class System:
    """One of ``SYSTEMS``, built for the rendered demo data and ready to train.

    Args:
        name: name of the system.
        settings: further configuration keys and values, the same for all systems.
    """

    def __init__(self, name: str, settings: list):
        self.name = name
        self.cfg = load_config(
            opts=[
                'model.pretrained',
                False,
                'data.sources',
                'midattr_demo',
                'data.targets',
                'midattr_demo',
                'train.optim',
                'sgd',
                'train.lr',
                0.01,
                *SYSTEMS[name],
                *settings,
            ]
        )
        with contextlib.redirect_stdout(io.StringIO()):
            torchreid_compat.utils.set_random_seed(self.cfg.train.seed)
            torch.backends.cudnn.benchmark = self.cfg.use_gpu
            self.datamanager = build.build_datamanager(self.cfg)
            self.model = build.build_model(self.cfg, self.datamanager.num_train_pids)
            criterion = build.build_criterion(
                self.cfg, self.model, self.datamanager.train_loader.dataset
            )
            self.optimizer = self._optimizer(criterion)
            self.engine = self._engine(criterion)
        self._folder = tempfile.TemporaryDirectory()
        self.engine.writer = SummaryWriter(self._folder.name)
        self.engine.max_epoch = 10**6
        self.engine.set_model_mode('train')
        self.use_workers(self.cfg.data.workers)

    def _optimizer(self, criterion: MidAttrLoss | None) -> torch.optim.Optimizer:
        if criterion is not None:
            return build.build_optimizer(self.cfg, self.model, criterion)
        # unlike build.build_optimizer(), torchreid builds no fused optimizer
        return torchreid_compat.optim.build_optimizer(
            self.model, **arguments(self.cfg, 'optimizer')
        )

    def _engine(self, criterion: MidAttrLoss | None) -> torchreid_compat.Engine:
        parts = self.datamanager, self.model, self.optimizer
        if criterion is None:  # torchreid's own, without what this project adds to it
            return torchreid_compat.ImageSoftmaxEngine(
                *parts,
                use_gpu=self.cfg.use_gpu,
                label_smooth=self.cfg.loss.softmax.label_smooth,
            )
        engine = build.build_engine(self.cfg, *parts, None, criterion)
        engine.keep_epoch = lambda: None  # an epoch is as short as a measurement
        return engine

    @property
    def has_workers(self) -> bool:
        """Whether worker processes load the batches."""
        return self.cfg.midattr.cache == 'none'

    def use_workers(self, workers: int) -> None:
        """Load from now on with this number of worker processes, if with any.

        Batches follow each other without an end: torchreid starts its workers again in every
        epoch, which is short if the dataset is small.
        """
        self.workers = workers if self.has_workers else 0
        loader = self.datamanager.train_loader
        batches = _Endless(loader.batch_sampler)
        if self.has_workers:
            self._loader = DataLoader(
                loader.dataset,
                batch_sampler=batches,
                num_workers=workers,
                pin_memory=loader.pin_memory,
            )
        else:
            self._loader = copy.copy(loader)
            self._loader.batch_sampler = batches
        self._batches: Iterator[dict] | None = None

    @property
    def batch_size(self) -> int:
        """Number of training images per iteration."""
        return self.cfg.train.batch_size

    @property
    def warm_up(self) -> int:
        """Number of iterations to discard, which allocate memory and choose or compile kernels."""
        return 10 if self.cfg.midattr.compile else 2

    def next_batch(self) -> dict:
        """Return the next batch."""
        if self._batches is None:
            self._batches = iter(self._loader)
        return next(self._batches)

    def train(self, iterations: int, mark: Callable[[str], None] = lambda phase: None) -> None:
        """Train an epoch of so many iterations with the engine's own loop, its log included.

        Args:
            iterations: their number.
            mark: called with the phase that begins: 'data', and 'forward' when a batch is there.
        """
        self.engine.train_loader = _Epoch(self, iterations, mark)
        nowhere = open(os.devnull, 'w', encoding='utf-8')
        with nowhere, contextlib.redirect_stdout(nowhere):
            self.engine.train(self.cfg.train.print_freq)
        self.engine.epoch += 1


class _Endless:
    """Batch sampler that starts again after its last batch."""

    def __init__(self, batches):
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        while True:
            yield from self.batches


class _Epoch:
    """Loader of the next batches of a system."""

    def __init__(self, system: System, iterations: int, mark: Callable[[str], None]):
        self.system, self.iterations, self.mark = system, iterations, mark
        self.dataset = system.datamanager.train_loader.dataset

    def __len__(self) -> int:
        return self.iterations

    def __iter__(self) -> Iterator[dict]:
        for _ in range(self.iterations):
            self.mark('data')
            batch = self.system.next_batch()
            self.mark('forward')
            yield batch


def synchronize(on_gpu: bool) -> None:
    """Wait until the GPU, if there is one, has finished all its work."""
    if on_gpu:
        torch.cuda.synchronize()
