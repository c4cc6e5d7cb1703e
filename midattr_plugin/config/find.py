"""Configurations by path, or by the name of one that comes with the package."""

import os
from pathlib import Path

from midattr_plugin.errors import InputError
from midattr_plugin.user_path import user_path

_PACKAGE = Path(__file__).parents[1]
# inside the package in a wheel, beside it in a checkout
_SHIPPED = (_PACKAGE / 'configs', _PACKAGE.parent / 'configs')


def shipped_configs(folder: str = '') -> list[Path]:
    """Return the YAML files that come with the package, sorted by name.

    Args:
        folder: subfolder of the configurations; 'compare' holds the suites.
    """
    for root in _SHIPPED:
        if (root / 'midattr_demo.yaml').is_file():
            return sorted((root / folder).glob('*.yaml'))
    return []


def find_config(name: str | os.PathLike, folder: str = '') -> Path:
    """Return the path of a configuration.

    A file that exists wins over one of this name that comes with the package.

    Args:
        name: path, or name with or without the ending '.yaml'.
        folder: see :func:`shipped_configs`.

    Raises:
        InputError: neither exists.
    """
    kind = 'suite' if folder else 'configuration'
    path = Path(user_path(name, kind))
    if path.is_file():
        return path
    shipped = {config.name: config for config in shipped_configs(folder)}
    for candidate in (path.name, f'{path.name}.yaml') if path.name == str(name) else ():
        if candidate in shipped:
            return shipped[candidate]
    raise InputError(
        f'{kind} "{name}" is neither a file nor comes with the package; give the path of a YAML '
        f'file, or one of {", ".join(shipped)}'
    )
