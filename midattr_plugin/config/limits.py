"""Which values each configuration key may take, one key at a time.

The names that torchreid dispatches on are read from torchreid wherever it has a list of them.
"""

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from midattr_plugin import torchreid_compat
from midattr_plugin.errors import InputError

ATTRIBUTE_LAYERS = ('res3d', 'res4f', 'res5c', 'pool5', 'mixture')
BRANCHES = ('global', 'local')


@dataclass(frozen=True)
class Interval:
    """Numbers from ``low`` to ``high``, both included unless it is said otherwise."""

    low: float
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below

    def __str__(self) -> str:
        low = f'above {self.low:g}' if self.open_low else f'at least {self.low:g}'
        if self.high == math.inf:
            return low
        return f'{low} and {"below" if self.open_high else "at most"} {self.high:.10g}'


_COUNT = Interval(1)
_NOT_NEGATIVE = Interval(0)
_POSITIVE = Interval(0, open_low=True)
_BELOW_ONE = Interval(0, 1, open_high=True)

# A limit of a list holds for each of its items.
INTERVALS = {
    'data.workers': _NOT_NEGATIVE,
    'data.split_id': _NOT_NEGATIVE,
    'data.height': _COUNT,
    'data.width': _COUNT,
    'data.k_tfm': _COUNT,
    'data.norm_std': _POSITIVE,
    'sampler.num_instances': _COUNT,
    'sampler.num_cams': _COUNT,
    'sampler.num_datasets': _COUNT,
    'video.seq_len': _COUNT,
    'train.lr': _POSITIVE,
    'train.weight_decay': _NOT_NEGATIVE,
    'train.max_epoch': _NOT_NEGATIVE,
    'train.start_epoch': _NOT_NEGATIVE,
    'train.batch_size': _COUNT,
    'train.fixbase_epoch': _NOT_NEGATIVE,
    'train.base_lr_mult': _NOT_NEGATIVE,
    'train.stepsize': _COUNT,
    'train.gamma': _POSITIVE,
    'train.print_freq': _COUNT,
    'train.seed': Interval(0, 2**32 - 1),  # what NumPy accepts
    'sgd.momentum': _NOT_NEGATIVE,
    'rmsprop.alpha': _NOT_NEGATIVE,
    'adam.beta1': _BELOW_ONE,
    'adam.beta2': _BELOW_ONE,
    'loss.triplet.margin': _NOT_NEGATIVE,
    'loss.triplet.weight_t': _NOT_NEGATIVE,
    'loss.triplet.weight_x': _NOT_NEGATIVE,
    'test.batch_size': _COUNT,
    'test.ranks': _COUNT,
    'test.start_eval': _NOT_NEGATIVE,
    'test.visrank_topk': _COUNT,
    'midattr.part_dim': _COUNT,
    'midattr.part_rows': _NOT_NEGATIVE,
    'midattr.dropout': _BELOW_ONE,
    'midattr.last_stride': Interval(1, 2),
    'midattr.mu': _NOT_NEGATIVE,
    'midattr.nu': _NOT_NEGATIVE,
    'midattr.attribute_weight': _NOT_NEGATIVE,
    'midattr.class_balance_beta': _BELOW_ONE,
    'midattr.focal_gamma': _NOT_NEGATIVE,
    'midattr.warmup_epochs': _NOT_NEGATIVE,
    'midattr.triplet_weight': _NOT_NEGATIVE,
    'midattr.ranking_memory': _POSITIVE,
    'midattr.validation_images': _NOT_NEGATIVE,
}

# Numbers of items (least, most) of lists that cannot have any number of them.
LENGTHS = {
    'data.sources': (1, math.inf),
    'data.targets': (1, math.inf),
    'data.norm_mean': (3, 3),
    'data.norm_std': (3, 3),
    'train.stepsize': (1, math.inf),
    'test.ranks': (1, math.inf),
    'midattr.branches': (1, len(BRANCHES)),
}


def choices(data_type: str) -> dict[str, Sequence[str]]:
    """The names that each key may take.

    The models and image datasets are those that are registered when this is called.

    Args:
        data_type: the value of data.type. torchreid lists no video datasets: it judges their
            names itself.
    """
    samplers = torchreid_compat.data.sampler.AVAI_SAMPLERS
    names = {
        'model.name': torchreid_compat.model_names(),
        'data.type': ('image', 'video'),
        'data.transforms': (
            'random_flip',
            'random_crop',
            'random_patch',
            'color_jitter',
            'random_erase',
        ),
        'sampler.train_sampler': samplers,
        'sampler.train_sampler_t': samplers,
        'video.sample_method': ('evenly', 'random', 'all'),
        'video.pooling_method': ('avg', 'max'),
        'train.optim': torchreid_compat.optim.optimizer.AVAI_OPTIMS,
        'train.lr_scheduler': torchreid_compat.optim.lr_scheduler.AVAI_SCH,
        'loss.name': ('softmax', 'triplet', 'midattr'),
        'test.dist_metric': ('euclidean', 'cosine'),
        'midattr.branches': BRANCHES,
        'midattr.attribute_layer': ATTRIBUTE_LAYERS,
        'midattr.descriptor': ('fused', *BRANCHES),
        'midattr.cache': ('none', 'ram', 'device'),
        'midattr.precision': ('fp32', 'bf16', 'fp16'),
        'midattr.loss_reading': ('attribute_units', 'literal'),
        'midattr.attribute_loss': ('plain', 'class_balanced', 'focal'),
        'midattr.task_weights': ('fixed', 'uncertainty'),
    }
    if data_type == 'image':
        names |= dict.fromkeys(('data.sources', 'data.targets'), torchreid_compat.dataset_names())
    return names


def check_limits(values: Mapping[str, Any], origins: Mapping[str, str]) -> None:
    """Checks every value by itself.

    Args:
        values: by full key, of the right type.
        origins: where a value was set, by full key; the others are defaults.

    Raises:
        InputError: a value is not among those that its key may take.
    """
    for key, (least, most) in LENGTHS.items():
        if not least <= len(values[key]) <= most:
            number = {least: f'{least}', math.inf: f'{least} or more'}
            demand = f'must have {number.get(most, f"{least} to {most}")} items'
            raise _error(key, values[key], demand, origins)
    for key, interval in INTERVALS.items():
        for value in _items(values[key]):
            if value not in interval:
                raise _error(key, value, f'must be {interval}', origins)
    for key, names in choices(values['data.type']).items():
        for value in _items(values[key]):
            # torchreid reads transforms without regard to case.
            name = value.lower() if key == 'data.transforms' else value
            if name not in names:
                close = difflib.get_close_matches(name, names, n=1)
                hint = f' (did you mean {close[0]}?)' if close else ''
                raise _error(key, value, f'must be one of {", ".join(names)}{hint}', origins)


def _items(value: Any) -> list:
    return value if isinstance(value, list) else [value]


def _error(key: str, value: Any, demand: str, origins: Mapping[str, str]) -> InputError:
    return InputError(f'{origins.get(key, "the defaults")}: {key} is {value!r}, but {demand}')
