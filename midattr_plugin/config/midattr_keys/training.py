"""Keys of a training: augmentation of its images, and its checkpoints."""

from midattr_plugin.config.condition import condition
from midattr_plugin.config.key import NOT_NEGATIVE, Interval, Key
from midattr_plugin.loading.policies import POLICIES

ROWS: dict[str, Key] = {
    'augment_probability': Key(
        1.0,
        'share of the training images that the policy of data.transforms is given; 1 in the papers '
        'of the policies, 0.1 for auto_augment in fast-reid. Works with every model and loss',
        Interval(0, 1),
        read_if=condition(
            f'data.transforms has {", ".join(POLICIES)}',
            lambda values: any(name.lower() in POLICIES for name in values['data.transforms']),
        ),
    ),
    'checkpoint_seconds': Key(
        60.0,
        'a checkpoint is written after an epoch if the last one is older than this, and after the '
        'last epoch and before every test in any case; 0: after every epoch',
        NOT_NEGATIVE,
    ),
}
