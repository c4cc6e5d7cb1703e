"""A table of the report, for Markdown and HTML."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A heading and cells."""

    title: str
    head: list[str]
    rows: list[list[str]]
