"""Arguments of torchreid's and this project's constructors, taken from a configuration.

No layer, loss or engine sees the configuration itself. The row of a key says which arguments it
becomes.
"""

from typing import Any

from yacs.config import CfgNode

from midattr_plugin.config.keys import all_keys, flatten


def arguments(cfg: CfgNode, consumer: str) -> dict[str, Any]:
    """Return the arguments of one consumer, by name.

    Lists are copies: changing one does not change the frozen configuration.

    Args:
        cfg: the configuration.
        consumer: 'image_data' and 'video_data' (torchreid's data managers), 'model' (a model of
            this project), 'optimizer', 'lr_scheduler', 'run' (torchreid's ``Engine.run``),
            'criterion' (:class:`MidAttrLoss`), 'engine' (:class:`ImageMidAttrEngine`),
            'attribute_loss.<name>' (an attribute loss), 'metric_loss.<name>' (a metric loss) or
            'margin_softmax' (:class:`MarginSoftmax`).
    """
    values = flatten(cfg)
    found: dict[str, Any] = {}
    for name, key in all_keys().items():
        for full in key.arguments():
            owner, _, argument = full.rpartition('.')
            if owner == consumer:
                value = values[name]
                value = list(value) if isinstance(value, (list, tuple)) else value
                found[argument] = value if key.convert is None else key.convert(value)
    return found
