"""Packages that only an export or its runtime needs."""

from importlib import import_module
from types import ModuleType

from midattr_plugin.errors import InputError

_EXTRA = {'openvino': 'openvino'}
"""Package -> extra of the installation that brings it, if it is not ``export``."""


def needed(package: str) -> ModuleType:
    """Return a module of an optional package.

    Args:
        package: name of the module, such as 'onnxruntime' or 'onnxruntime.quantization'.

    Raises:
        InputError: the package is not installed.
    """
    root = package.split('.')[0]
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split('.')[0] != root:
            raise
        extra = _EXTRA.get(root, 'export')
        raise InputError(
            f"{root} is not installed; pip install 'midattr_plugin[{extra}]' (or {root} alone)"
        ) from error
