"""Conditions under which a key is read, each with its words for messages and for the key table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]
"""Values of a configuration by full key."""


@dataclass(frozen=True)
class Condition:
    """Something that holds or does not hold for a configuration; joined by ``&`` and ``|``.

    Attributes:
        words: the condition as a clause, e.g. 'train.optim is sgd'.
        unmet: returns the clauses that do not hold, joined as in ``words``; '' if it holds.
    """

    words: str
    unmet: Callable[[Values], str]

    def __and__(self, other: 'Condition') -> 'Condition':
        return Condition(
            f'{self.words} and {other.words}',
            lambda values: ' and '.join(filter(None, (self.unmet(values), other.unmet(values)))),
        )

    def __or__(self, other: 'Condition') -> 'Condition':
        def unmet(values: Values) -> str:
            clauses = self.unmet(values), other.unmet(values)
            return ', or '.join(clauses) if all(clauses) else ''

        return Condition(f'{self.words}, or {other.words}', unmet)


def condition(words: str, holds: Callable[[Values], bool]) -> Condition:
    """Return a condition of one clause.

    Args:
        words: the clause.
        holds: whether it holds.
    """
    return Condition(words, lambda values: '' if holds(values) else words)


def is_one_of(key: str, *allowed: Any) -> Condition:
    """Return the condition that a key has one of these values."""
    words = [str(value) or "''" for value in allowed]
    listed = ' or '.join(filter(None, (', '.join(words[:-1]), words[-1])))
    return condition(f'{key} is {listed}', lambda values: values[key] in allowed)


def is_above(key: str, low: float) -> Condition:
    """Return the condition that a key is above a number."""
    return condition(f'{key} is above {low:g}', lambda values: values[key] > low)


def has_item(key: str, item: Any) -> Condition:
    """Return the condition that a list has an item."""
    return condition(f'{key} has {item}', lambda values: item in values[key])
