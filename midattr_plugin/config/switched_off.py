"""Keys that must be off, because nothing could be done with them in a run."""

from collections.abc import Mapping
from typing import Any

from yacs.config import CfgNode

from midattr_plugin.config.keys import flatten
from midattr_plugin.errors import InputError


def check_off(cfg: CfgNode, off: Mapping[str, Any], reason: str, otherwise: str = '') -> None:
    """Check that keys are off.

    Args:
        cfg: the configuration of the run.
        off: full key -> the value that it must have.
        reason: a clause that says why, e.g. 'exported files are tested without it'.
        otherwise: another remedy, e.g. 'give the table identities'; '' for none.

    Raises:
        InputError: one of them has another value.
    """
    values = flatten(cfg)
    for key, value in off.items():
        if values[key] != value:
            raise InputError(
                f'{key} is {values[key]}, but {reason}; set it to {value}'
                + (f', or {otherwise}' if otherwise else '')
            )
