"""Imports the modules that extend this project (``midattr.extensions``)."""

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path

from midattr_plugin.errors import InputError
from midattr_plugin.registration import register

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
    path = Path(name).expanduser()
    if path.suffix == '.py':
        if not path.is_file():
            raise InputError(f'{where}: {KEY}: there is no file "{path}"; check the path')
        # the module is found again by its name in the worker processes of a loader
        folder = str(path.resolve().parent)
        if folder not in sys.path:
            sys.path.append(folder)
        name = path.stem
        loaded = getattr(sys.modules.get(name), '__file__', None)
        if name in sys.modules and (loaded is None or not path.samefile(loaded)):
            raise InputError(
                f'{where}: {KEY}: "{path}" has the name of another module that is already '
                f'imported ({loaded or "built-in"}); rename the file'
            )
    try:
        module = importlib.import_module(name)
    except InputError:
        raise
    except Exception as error:  # whatever the module's own code raises
        raise InputError(
            f'{where}: {KEY}: "{name}" cannot be imported ({type(error).__name__}: {error}); name '
            'an installed module or the path of a .py file'
        ) from error
    if path.suffix == '.py' and not path.samefile(module.__file__ or ''):
        raise InputError(
            f'{where}: {KEY}: "{path}" has the name of another module ({module.__file__}); rename '
            'the file'
        )
