"""Settings of a training that is resumed, compared with those of its checkpoint."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from midattr_plugin.errors import InputError

_MODEL = 'the model would compute something else with the same weights'
_DATA = 'the numbers of the identities would be others'
_OPTIMIZER = 'the optimizer goes on with the state and the rates that it had'

FIXED = {
    'data.type': _DATA,
    'data.sources': _DATA,
    'data.combineall': _DATA,
    'data.split_id': _DATA,
    'cuhk03.labeled_images': _DATA,
    'cuhk03.classic_split': _DATA,
    'model.name': 'it is another model',
    'loss.name': 'it would be another training',
    'midattr.branches': _MODEL,
    'midattr.attribute_layer': _MODEL,
    'midattr.layer_overrides': _MODEL,
    'midattr.part_rows': _MODEL,
    'midattr.pooling': _MODEL,
    'midattr.non_local': _MODEL,
    'midattr.bnneck': _MODEL,
    'midattr.classifier': _MODEL,
    'midattr.last_stride': _MODEL,
    'midattr.freeze_bn': 'the optimizer goes on with the parameters that it had',
    'midattr.ema_decay': 'the average of the weights goes on as it was',
    'midattr.validation_images': 'images that were trained on would be held out',
    'midattr.validation_identities': 'the classifier is one of other identities',
    'train.optim': _OPTIMIZER,
    'train.staged_lr': _OPTIMIZER,
    'train.new_layers': _OPTIMIZER,
    'train.base_lr_mult': _OPTIMIZER,
    'train.seed': 'the random numbers go on as they were',
}
"""Key that must be as it was -> why."""

_APART = (
    'data.save_dir',
    'model.load_weights',
    'model.pretrained',
    'model.resume',
    'test.evaluate',
    'train.max_epoch',  # the engine says what becomes of the schedule
    'midattr.evaluate_first',
    'midattr.weights_file',
    'midattr.weights',
)
"""Keys whose change is no news."""

_TARGETS = {'data.targets', 'market1501.use_500k_distractors'}
_MEASURED = {
    'midattr.descriptor',
    'midattr.query_expansion',
    'midattr.query_expansion_alpha',
    'midattr.test_flip',
    'cuhk03.use_metric_cuhk03',
    'test.dist_metric',
    'test.normalize_feature',
    'test.rerank',
}
"""Keys that change what is measured on any images."""


def changed_settings(
    before: Mapping[str, Any], now: Mapping[str, Any], path: str | Path
) -> dict[str, tuple[Any, Any]]:
    """Return what differs between a checkpoint and a configuration: key -> (before, now).

    Keys that only one of them knows are left out: another version, or other extensions.

    Args:
        before: values by full key, as in the checkpoint.
        now: values of the configuration.
        path: of the checkpoint, for the message.

    Raises:
        InputError: a key differs that cannot change within a training.
    """
    changes = {}
    for key, value in now.items():
        if key in _APART or key not in before or _plain(before[key]) == _plain(value):
            continue
        if key in FIXED:
            raise InputError(
                f'checkpoint "{path}" was written with {key} {before[key]}, which cannot become '
                f'{value} within a training: {FIXED[key]}; set it back, or start a new training '
                'with the checkpoint as model.load_weights'
            )
        changes[key] = before[key], value
    return changes


def changes_scores(changes: Mapping[str, Any], on_targets: bool = True) -> bool:
    """Return whether scores before and after the changes cannot be compared.

    Args:
        changes: by key.
        on_targets: whether they are scores on the targets, and not on held-out identities.
    """
    return not (_MEASURED | _TARGETS if on_targets else _MEASURED).isdisjoint(changes)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
