"""Turns what was written in a file or on the command line into a value of the key's type."""

import ast
import math
from typing import Any

import yaml

_NAMES = {bool: 'True or False', int: 'a whole number', float: 'a finite number', str: 'text'}


def convert(value: Any, default: Any) -> Any:
    """``value`` as the type of ``default``; both are left unchanged.

    A whole number is taken where a fraction is expected, a tuple or a single item where a
    list is, and text that spells the value in Python's or YAML's way ('1e-3', 'true',
    '[1, 5]') where something other than text is expected. No other type is changed.

    Args:
        value: a scalar, list, tuple or mapping.
        default: a bool, int, float, str or a list of these. An empty list stands for texts.

    Raises:
        ValueError: the value cannot be had without guessing.
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
    """The type of ``default`` in words, for messages."""
    if isinstance(default, list):
        name = _NAMES[type(default[0]) if default else str]
        return f'a list, with each item {name}'
    return _NAMES[type(default)]


def unquote(text: str) -> str:
    """``text`` without the Python quotes around it, if it has them.

    The command line has removed its own quotes by then; these are a second pair, with which
    a text like '007' is kept from being read as a number.
    """
    parsed = _parse(text) if text[:1] in ('"', "'") else None
    return parsed if isinstance(parsed, str) else text


def _list_from_text(text: str) -> Any:
    parsed = _parse(text)
    # Anything else is a single item, which convert() reads as what the list holds: parsed
    # here, a dataset named 'no' would become False.
    return parsed if isinstance(parsed, (list, tuple)) else text


def _parse(text: str) -> Any:
    """The value that ``text`` spells, or ``text`` itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        pass
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return text
