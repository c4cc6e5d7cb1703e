"""Names and values of version 0.1, which are still read."""

import re
from typing import Any

RENAMED_KEYS = {
    'midattr.backbone_weights': 'midattr.weights_file',
    'midattr.weights_name': 'midattr.weights',
}
"""Names of version 0.1, which are still read -> the names that replaced them."""

_RENAMED_WEIGHTS = (
    'IMAGENET1K_V1'  # the default of version 0.1; the own choice of all its backbones
)
_RENAMED_ATTRIBUTES = re.compile(r'\b(upper|lower|shoe)_colour\b')


def present_name(key: str) -> str:
    """Return the name that a key has today.

    Args:
        key: a full key, by whichever name.
    """
    return RENAMED_KEYS.get(key, key)


def present_value(key: str, value: Any) -> Any:
    """Return a value of version 0.1 as it is written today.

    Args:
        key: the key, under the name that was written.
        value: as it was written.
    """
    if key == 'midattr.weights_name' and value == _RENAMED_WEIGHTS:
        return ''  # so that a run of version 0.1 does not seem to be one of other weights
    if key != 'midattr.layer_overrides':
        return value
    if isinstance(value, (list, tuple)):
        return [present_value(key, item) for item in value]
    return _RENAMED_ATTRIBUTES.sub(r'\1_color', value) if isinstance(value, str) else value
