"""Keys of what changes over the steps: the learning rate, and the average of the weights."""

from midattr_plugin.config.condition import is_one_of
from midattr_plugin.config.key import BELOW_ONE, NOT_NEGATIVE, Key

_COSINE = is_one_of('train.lr_scheduler', 'cosine')

ROWS: dict[str, Key] = {
    'warmup_epochs': Key(
        0,
        'epochs of linear warm-up before train.lr is reached. The steps of train.stepsize stay at '
        'their epochs; a cosine begins after it and ends at train.max_epoch. Works with every '
        'model and loss',
        NOT_NEGATIVE,
    ),
    'flat_epochs': Key(
        0,
        'epochs at the full rate between the warm-up and a cosine, which ends at train.max_epoch '
        'all the same (the stronger baseline of fast-reid: He et al., 2020). Works with every '
        'model and loss',
        NOT_NEGATIVE,
        read_if=_COSINE,
    ),
    'lr_floor': Key(
        0.0,
        'rate at which a cosine ends (7e-7 in fast-reid). Works with every model and loss',
        NOT_NEGATIVE,
        read_if=_COSINE,
    ),
    'ema_decay': Key(
        0.0,
        'decay of an exponential moving average of weights and running statistics over the steps '
        'of the optimizer, e.g. 0.999; the average is what is tested and saved as the model. After '
        'n steps it is at most (1 + n) / (10 + n), for short trainings. Takes the memory of the '
        'weights once more. 0: none. Works with every model and loss',
        BELOW_ONE,
    ),
}
