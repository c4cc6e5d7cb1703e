"""Layer ablation of Tables 4 and 5: how a score depends on the layer of the attributes."""

from collections.abc import Sequence

from midattr_plugin.compare.intervals import Spread
from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.summary import ResultRow
from midattr_plugin.config.keys import flatten
from midattr_plugin.models import MODELS
from midattr_plugin.models.attribute_heads import POOLED
from midattr_plugin.models.backbone import find_backbone, layer_names, own_layer_name
from midattr_plugin.models.zoo import full_backbone_name

_NONE = 'none'  # no attributes
_VARIED = ('model.name', 'midattr.attribute_layer', 'train.seed', 'data.save_dir')


def layer_order() -> tuple[str, ...]:
    """Return the layers in order: no attributes, then from the end of the network on."""
    return (_NONE, POOLED, *reversed(layer_names()))


def layer_series(
    runs: Sequence[Run], result_rows: Sequence[ResultRow], score: str = 'mAP'
) -> dict[str, dict[str, Spread]]:
    """Return series of rows that differ only in the layer: name -> layer -> score.

    Rows without attributes have the layer 'none'. A row is represented by its first target and
    the descriptor that its model returns. The descriptor names the series, together with the
    series' first row if several series have the same one. Series of fewer than three rows are
    left out.
    """
    layers = layer_order()
    first = {result_row.row.name: result_row for result_row in reversed(result_rows)}
    series: dict[str, tuple[ResultRow, dict[str, Spread]]] = {}
    for run in {run.row.name: run for run in runs}.values():
        if run.row.name in first and run.cfg.model.name in MODELS:
            result_row, layer = first[run.row.name], _layer(run)
            if layer in layers:
                _, points = series.setdefault(_config_signature(run), (result_row, {}))
                points[layer] = result_row.scores[score]
    long = [(result_row, points) for result_row, points in series.values() if len(points) > 2]
    descriptors = [result_row.descriptor for result_row, _ in long]
    return {
        result_row.descriptor
        if descriptors.count(result_row.descriptor) == 1
        else f'{result_row.descriptor} ({result_row.row.name} ...)': {
            layer: points[layer] for layer in layers if layer in points
        }
        for result_row, points in long
    }


def _layer(run: Run) -> str:
    has_attributes = MODELS[run.cfg.model.name].schema is not None
    if not has_attributes:
        return _NONE
    backbone = MODELS[run.cfg.model.name].backbone
    layers = find_backbone(full_backbone_name(backbone, run.cfg.midattr.timm_name)).layers
    return own_layer_name(run.cfg.midattr.attribute_layer, layers)


def _config_signature(run: Run) -> str:
    backbone = MODELS[run.cfg.model.name].backbone
    return repr(
        (backbone, [pair for pair in sorted(flatten(run.cfg).items()) if pair[0] not in _VARIED])
    )
