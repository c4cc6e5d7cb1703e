"""Checks each value against the row of its key."""

from collections.abc import Mapping
from typing import Any

from midattr_plugin.config.keys import all_keys
from midattr_plugin.errors import InputError


def check_limits(values: Mapping[str, Any], origins: Mapping[str, str]) -> None:
    """Check each value by itself.

    Args:
        values: by full key, of the right type.
        origins: full key -> where its value was set; the others are defaults.

    Raises:
        InputError: a value is not one that its key may take.
    """
    for name, key in all_keys().items():
        if key.applies_if is not None and values[key.applies_if[0]] != key.applies_if[1]:
            continue
        problem = key.problem(values[name])
        if problem is not None:
            item, demand = problem
            raise InputError(
                f'{origins.get(name, "the defaults")}: {name} is {item!r}, but {demand}'
            )
