"""Converts what was written in a file or on the command line to the type of its key."""

import ast
import math
from typing import Any

import yaml

_NAMES = {bool: 'True or False', int: 'a whole number', float: 'a finite number', str: 'text'}


def convert(value: Any, default: Any) -> Any:
    """Return ``value`` as the type of ``default``; neither of the two is changed.

    An int is accepted for a float, a tuple or a single item for a list, and for anything but
    text also text that spells the value in Python or YAML ('1e-3', 'true', '[1, 5]'). Nothing
    else is converted.

    Args:
        value: a scalar, list, tuple or mapping.
        default: a bool, int, float, str or a list of these. An empty list is one of text.

    Raises:
        ValueError: the value cannot be converted without guessing.
    """
    if isinstance(default, list):
        item_default = default[0] if default else ''
        if isinstance(value, str):
            value = _list_from_text(value)
        items = value if isinstance(value, (list, tuple)) else [value]
        return [convert(item, item_default) for item in items]
    kind = type(default)
    if kind is not str and isinstance(value, str):
        value = _parse(value)
    if type(value) is kind and (kind is not float or math.isfinite(value)):
        return value
    # bool is a subclass of int, hence type() and not isinstance().
    if kind is float and type(value) is int and abs(value) < 1e300:
        return float(value)
    raise ValueError(f'{value!r} is not {_NAMES[kind]}')


def expected_type(default: Any) -> str:
    """Return the type of ``default`` in words, for messages."""
    if isinstance(default, list):
        name = _NAMES[type(default[0]) if default else str]
        return f'a list, with each item {name}'
    return _NAMES[type(default)]


def unquote(text: str) -> str:
    """Return ``text`` without the Python quotes around it, if it has them.

    The shell has removed its own quotes by then; these are a second pair, which keep a text
    such as '007' from being read as a number.
    """
    parsed = _parse(text) if text[:1] in ('"', "'") else None
    return parsed if isinstance(parsed, str) else text


def _list_from_text(text: str) -> Any:
    parsed = _parse(text)
    # Anything else is a single item, which convert() reads as the type of the list's items:
    # parsed here, a dataset named 'no' would become False.
    return parsed if isinstance(parsed, (list, tuple)) else text


def _parse(text: str) -> Any:
    """Return the value that ``text`` spells, or ``text`` itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        pass
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return text
