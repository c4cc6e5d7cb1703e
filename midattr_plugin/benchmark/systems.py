"""Systems of the benchmark: configurations of model, engine, loader and number format."""

import contextlib
import io

import torch

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
            self.engine = build.build_engine(
                self.cfg, self.datamanager, self.model, self.optimizer, None, criterion
            )
        self.engine.print_freq = self.cfg.train.print_freq
        self.engine.num_batches = len(self.datamanager.train_loader)
        self.engine.set_model_mode('train')
        self._batches = iter(())
        self._steps = 0

    def _optimizer(self, criterion: MidAttrLoss | None) -> torch.optim.Optimizer:
        if criterion is not None:
            return build.build_optimizer(self.cfg, self.model, criterion)
        # unlike build.build_optimizer(), torchreid builds no fused optimizer
        return torchreid_compat.optim.build_optimizer(
            self.model, **arguments(self.cfg, 'optimizer')
        )

    @property
    def batch_size(self) -> int:
        """Number of training images per iteration."""
        return self.cfg.train.batch_size

    @property
    def warm_up(self) -> int:
        """Number of iterations to discard, which allocate memory and choose or compile kernels."""
        return 10 if self.cfg.midattr.compile else 2

    def next_batch(self) -> dict:
        """Return the next batch of the training loader, which starts again after its last one."""
        try:
            return next(self._batches)
        except StopIteration:
            self._batches = iter(self.datamanager.train_loader)
            return next(self._batches)

    def step(self, data: dict) -> None:
        """Run one iteration, with the ``batch_idx`` that torchreid's ``train`` would set."""
        self.engine.batch_idx = self._steps % self.engine.num_batches
        self._steps += 1
        self.engine.forward_backward(data)


def synchronize(on_gpu: bool) -> None:
    """Wait until the GPU, if there is one, has finished all its work."""
    if on_gpu:
        torch.cuda.synchronize()
