"""Imports the modules that extend this project (``midattr.extensions``)."""

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path

from midattr_plugin.errors import InputError
from midattr_plugin.registration import register
from midattr_plugin.user_path import user_path

KEY = 'midattr.extensions'


def load_extensions(names: Iterable[str], where: str) -> None:
    """Import modules, and make what they register known to torchreid.

    Args:
        names: importable names, or paths of .py files.
        where: the place at which they were named, for messages.

    Raises:
        InputError: a module does not exist or cannot be imported.
    """
    for name in names:
        _load(name, where)
    register()


def _load(name: str, where: str) -> None:
    place = f'{where}: {KEY}: "{name}"'
    path = Path(user_path(name, f'{where}: {KEY}'))
    is_file = path.suffix == '.py'
    if is_file:
        if not path.is_file():
            raise InputError(f'{place} does not exist; check the path')
        # the worker processes of a loader find the module again by its name
        folder = str(path.resolve().parent)
        if folder not in sys.path:
            sys.path.append(folder)
        name = path.stem
    try:
        module = importlib.import_module(name)
    except InputError as error:
        raise InputError(f'{place}: {error}') from error
    except Exception as error:  # whatever the module's own code raises
        lacking = f'{error.name}.' if isinstance(error, ModuleNotFoundError) else ''
        is_missing = lacking and f'{name}.'.startswith(lacking)  # and not what it imports
        remedy = 'name an installed module or the path of a .py file' if is_missing else 'fix it'
        reason = ' '.join(f'{type(error).__name__}: {error}'.split())
        raise InputError(f'{place} cannot be imported ({reason}); {remedy}') from error
    origin = getattr(module, '__file__', None) or 'built into Python'
    if is_file and Path(origin).resolve() != path.resolve():
        raise InputError(f'{place} has the name of another module ({origin}); rename the file')
