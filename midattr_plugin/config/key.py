"""One configuration key: all that is known about it, in one row."""

import difflib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from midattr_plugin.config.condition import Condition


@dataclass(frozen=True)
class Interval:
    """Numbers from ``low`` to ``high``, both included unless marked as open."""

    low: float
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below

    def __str__(self) -> str:
        low = f'above {self.low:g}' if self.open_low else f'at least {self.low:g}'
        if self.high == math.inf:
            return low
        return f'{low} and {"below" if self.open_high else "at most"} {self.high:.10g}'


COUNT = Interval(1)
NOT_NEGATIVE = Interval(0)
POSITIVE = Interval(0, open_low=True)
BELOW_ONE = Interval(0, 1, open_high=True)

_EXTENSIONS_HINT = '; one of your own needs its file in midattr.extensions'

Names = Sequence[str] | Callable[[], Sequence[str]]
"""Names that a key may take; a function if they depend on what is registered."""


@dataclass(frozen=True)
class Key:
    """A row of the configuration.

    Attributes:
        default: its type is that of the key; for a list, the type of its items is that of the
            items of the key, text where it is empty.
        meaning: in words, with the paper's symbol or section.
        allowed: what the value, or each item of a list, must be.
        length: smallest and largest number of items of a list.
        argument: the argument that it becomes, '<consumer>.<argument>', see
            :func:`midattr_plugin.config.kwargs.arguments`; several if several take it.
        convert: turns the value into the argument; None: the value is the argument.
        ignore_case: names are compared in lower case.
        extensible: names can be added by ``midattr.extensions``.
        read_if: without it the key has no effect; None: it always has one. A test without training
            counts as a training here, whose keys it need not read.
        applies_if: another key and the value that it must have for ``allowed`` to apply; None:
            it always applies.
        path: the value, or each item of a list, is a path, in which ``~`` is the home folder.
        listed_by: command that lists the names, where they are too many for a sentence.
        refusal: returns why a name is not among those that are allowed; '' if nothing is known.
    """

    default: Any
    meaning: str
    allowed: Interval | Names | None = None
    length: tuple[float, float] | None = None
    argument: str | tuple[str, ...] = ()
    convert: Callable[[Any], Any] | None = None
    ignore_case: bool = False
    applies_if: tuple[str, Any] | None = None
    extensible: bool = False
    read_if: Condition | None = None
    path: bool = False
    listed_by: str = ''
    refusal: Callable[[str], str] | None = None

    def names(self) -> Sequence[str] | None:
        """Return the names that are allowed; None if the values are not names."""
        if self.allowed is None or isinstance(self.allowed, Interval):
            return None
        return self.allowed() if callable(self.allowed) else self.allowed

    def arguments(self) -> tuple[str, ...]:
        """Return every argument that the key becomes, each '<consumer>.<argument>'."""
        return (self.argument,) if isinstance(self.argument, str) else self.argument

    def problem(self, value: Any) -> tuple[Any, str] | None:
        """Return the value or item that is not allowed, and what it must be; None if all are.

        Args:
            value: of the type of the default.
        """
        items = value if isinstance(value, list) else [value]
        if self.length is not None and not self.length[0] <= len(items) <= self.length[1]:
            least, most = self.length
            number = {least: f'{least:g}', math.inf: f'{least:g} or more'}
            return value, f'must have {number.get(most, f"{least:g} to {most:g}")} items'
        if isinstance(self.allowed, Interval):
            for item in items:
                if item not in self.allowed:
                    return item, f'must be {self.allowed}'
        names = self.names()
        if names is None:
            return None
        for item in items:
            name = item.lower() if self.ignore_case else item
            if name not in names:
                return item, self._refuse(name, names)
        return None

    def _refuse(self, name: str, names: Sequence[str]) -> str:
        if self.refusal is not None and (reason := self.refusal(name)):
            return f'that is not possible: {reason}'
        close = difflib.get_close_matches(name, names, n=3 if self.listed_by else 1)
        hint = f' (did you mean {" or ".join(close)}?)' if close else ''
        own = _EXTENSIONS_HINT if self.extensible else ''
        return f'must be one of {self.describe_allowed()}{hint}{own}'

    def describe_meaning(self) -> str:
        """Return the meaning, and when the key is read."""
        read = '' if self.read_if is None else f'; read only if {self.read_if.words}'
        return self.meaning + read

    def describe_allowed(self) -> str:
        """Return the allowed values in words; '' if all are."""
        names = self.names()
        if names is not None and self.listed_by:
            return f'the {len(names)} names that `{self.listed_by}` lists'
        if names is not None:
            return ', '.join(names)
        return '' if self.allowed is None else str(self.allowed)
