"""The ablation of Tables 4 and 5: how a figure depends on the layer that has the attributes."""

from collections.abc import Sequence

from midattr_plugin.compare.intervals import Spread
from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.summary import Line
from midattr_plugin.config.keys import flatten
from midattr_plugin.models.zoo import MODELS

LAYERS = ('none', 'pool5', 'res5c', 'res4f', 'res3d')
"""From no attributes and the end of the network towards its middle."""

_VARIED = ('model.name', 'midattr.attribute_layer', 'train.seed', 'data.save_dir')


def layer_series(
    runs: Sequence[Run], lines: Sequence[Line], figure: str = 'mAP'
) -> dict[str, dict[str, Spread]]:
    """Name -> layer -> figure, of the rows that differ in nothing but that layer.

    Rows without attributes have the layer 'none'. Each row counts with the descriptor that its
    model returns, on its first target, which names the series, with the row where that is not
    enough. Series of fewer than three rows are left out.
    """
    first = {line.row.name: line for line in reversed(lines)}
    series: dict[str, tuple[Line, dict[str, Spread]]] = {}
    for run in {run.row.name: run for run in runs}.values():
        if run.row.name in first and run.cfg.model.name in MODELS:
            line, layer = first[run.row.name], _layer(run)
            if layer in LAYERS:
                _, points = series.setdefault(_config_signature(run), (line, {}))
                points[layer] = line.figures[figure]
    long = [(line, points) for line, points in series.values() if len(points) > 2]
    descriptors = [line.descriptor for line, _ in long]
    return {
        line.descriptor
        if descriptors.count(line.descriptor) == 1
        else f'{line.descriptor} ({line.row.name} ...)': {
            layer: points[layer] for layer in LAYERS if layer in points
        }
        for line, points in long
    }


def _layer(run: Run) -> str:
    has_attributes = MODELS[run.cfg.model.name].keywords['schema'] is not None
    return run.cfg.midattr.attribute_layer if has_attributes else 'none'


def _config_signature(run: Run) -> str:
    depth = MODELS[run.cfg.model.name].keywords['depth']
    return repr(
        (depth, [pair for pair in sorted(flatten(run.cfg).items()) if pair[0] not in _VARIED])
    )
