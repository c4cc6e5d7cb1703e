"""What must hold before a model is tested: every score is one of trained weights."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from torch import nn

from midattr_plugin.engine.reached_outputs import DESCRIPTOR, reached_outputs
from midattr_plugin.engine.weight_transfer import by_group, grouped
from midattr_plugin.errors import InputError
from midattr_plugin.models import ModelSpec

_SAME = (
    'data.norm_mean',
    'data.norm_std',
    'midattr.last_stride',
    'midattr.part_rows',
    'midattr.bnneck',
)
"""Keys that change what a model computes, but not its weights."""


def check_tested(
    model: nn.Module,
    missing: Sequence[str],
    spec: ModelSpec | None,
    path: str | Path,
    height: int,
    width: int,
) -> None:
    """Check that a test measures what was trained; say what is different on purpose.

    Args:
        model: with the weights of the checkpoint.
        missing: names of the weights of the model that the checkpoint does not have.
        spec: of the model of the checkpoint; None if it is not known.
        path: of the checkpoint, for messages.
        height: of the images, pixels.
        width: of the images, pixels.

    Raises:
        InputError: the descriptor or an attribute depends on weights that the checkpoint does not
            have, or the model computes something else with its weights than it was trained for.
    """
    ours: ModelSpec | None = getattr(model, 'spec', None)
    differing = {} if spec is None or ours is None else spec.differences(ours)
    reached = reached_outputs(model, missing, height, width) if missing else []
    if reached:
        needed = [
            name
            for names in by_group(missing).values()
            if reached_outputs(model, names, height, width)
            for name in names
        ]
        outputs = [name if name == DESCRIPTOR else f'attribute {name}' for name in reached]
        raise InputError(
            f'checkpoint "{path}" has no weights for {grouped(needed)}, on '
            f'which the test of the {_listed(outputs)} depends; {_remedy(differing)}'
        )
    for key in _SAME:
        if key in differing:
            then, now = differing[key]
            raise InputError(
                f'checkpoint "{path}" was trained with {key} {then}, but {key} is '
                f'{now} now; set it as it was'
            )
    for key in ('data.height', 'data.width'):
        if key in differing:
            then, now = differing[key]
            print(f'Note: the weights were trained with {key} {then}, and are tested with {now}')


def _remedy(differing: dict) -> str:
    settings = [
        f'{key} {then}'
        for key, (then, _) in differing.items()
        if key == 'model.name' or key.startswith('midattr.')
    ]
    if settings:
        return f'set {", ".join(settings)}, as in its training'
    return 'set model.name and midattr.* as in its training (config.yaml beside it)'


def _listed(outputs: Iterable[str], limit: int = 4) -> str:
    names = list(outputs)
    more = f' and {len(names) - limit} more' if len(names) > limit else ''
    return ', '.join(names[:limit]) + more
