"""Settings that change nothing in a run.

A complete configuration sets every key, so such a setting is no error by itself. A run says them in
one line; where they were meant for this run (on the command line, in a row of a suite), they are
refused.
"""

from collections.abc import Collection

from yacs.config import CfgNode

from midattr_plugin.config.keys import all_keys, flatten
from midattr_plugin.config.renamed_keys import present_name
from midattr_plugin.errors import InputError


def unread_keys(cfg: CfgNode) -> dict[str, str]:
    """Return the keys that have another value than their default, but are not read.

    Args:
        cfg: the configuration of a run.

    Returns:
        Full key -> the condition that does not hold, as a clause.
    """
    values = flatten(cfg)
    unmet = {
        name: key.read_if.unmet(values)
        for name, key in all_keys().items()
        if key.read_if is not None and name in values and values[name] != key.default
    }
    return {name: clause for name, clause in unmet.items() if clause}


def describe_unread(cfg: CfgNode) -> str:
    """Return the settings without an effect, with their values; '' if there are none."""
    values = flatten(cfg)
    return ', '.join(
        f'{name} {values[name]!r} (read only if {clause})'
        for name, clause in unread_keys(cfg).items()
    )


def check_read(cfg: CfgNode, intended: Collection[str], where: str) -> None:
    """Check that settings that were made for this run have an effect.

    Args:
        cfg: the configuration of the run.
        intended: full keys that were set for it, by whichever name.
        where: the place at which they were set, for the message.

    Raises:
        InputError: one of them changes nothing.
    """
    present = set(map(present_name, intended))
    for name, clause in unread_keys(cfg).items():
        if name in present:
            raise InputError(
                f'{where}: {name} is {flatten(cfg)[name]!r}, but has no effect in this run: it is '
                f'read only if {clause}; leave it out, or change that'
            )
