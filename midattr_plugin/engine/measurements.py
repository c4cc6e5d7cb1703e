"""Further measurements of a test, each a field of ``metrics.json``.

A measurement is a function of the engine that returns plain values, or None where there is
nothing to measure. To add one::

    @MEASUREMENTS.register('my_field')
    def my_field(engine): ...
"""

from collections.abc import Callable
from typing import Any

from midattr_plugin import torchreid_compat
from midattr_plugin.engine.attribute_recorder import format_scores
from midattr_plugin.engine.results import Results
from midattr_plugin.engine.validation import measure_validation
from midattr_plugin.errors import InputError
from midattr_plugin.models.attribute_heads import AttributeHeads
from midattr_plugin.registry import Registry

MEASUREMENTS: Registry[Callable[[torchreid_compat.Engine], Any]] = Registry('measurement')
"""Measurements by the name of their field."""


def measure(engine: torchreid_compat.Engine) -> dict[str, Any]:
    """Return all measurements of an engine whose targets have been tested, by name.

    Raises:
        InputError: a measurement has the name of another field of the results.
    """
    fields = [*Results.field_names(), 'format_version']
    taken = [name for name in MEASUREMENTS if name in fields]
    if taken:
        raise InputError(
            f'measurement "{taken[0]}" has the name of another field of metrics.json; choose a '
            f'name other than {", ".join(fields)}'
        )
    values = {name: function(engine) for name, function in MEASUREMENTS.items()}
    return {name: value for name, value in values.items() if value is not None}


@MEASUREMENTS.register('layer_weights')
def layer_weights(engine: torchreid_compat.Engine) -> dict[str, dict[str, float]] | None:
    """Return the learned weights of mixed layers: attribute -> layer -> weight, each of sum 1."""
    heads = getattr(engine.model, 'attribute_heads', None)
    weights = heads.mixture_weights() if isinstance(heads, AttributeHeads) else {}
    if not weights:
        return None
    print(f'** Weights of the mixed layers **\n{format_scores(weights)}')
    return weights


@MEASUREMENTS.register('task_weights')
def task_weights(engine: torchreid_compat.Engine) -> dict[str, float] | None:
    """Return the learned factor of each loss, 1 at first."""
    uncertainty = getattr(engine.criterion, 'task_uncertainty', None)
    if uncertainty is None:
        return None
    weights = uncertainty.weights()
    print(
        'Learned factors of the losses: '
        + ', '.join(f'{term} {value:.3f}' for term, value in weights.items())
    )
    return weights


@MEASUREMENTS.register('validation')
def validation(engine: torchreid_compat.Engine) -> dict[str, float] | None:
    """Return the scores on held-out training images; see :func:`measure_validation`."""
    if getattr(engine, 'validation_loader', None) is None:
        return None
    scores = measure_validation(engine.validation_loader, engine.classify)
    print(
        'Held-out training images: '
        + ', '.join(
            f'{name} {value:.3f}' if name != 'images' else f'{value}'
            for name, value in scores.items()
        )
    )
    return scores
