"""A query and what was found for it, nearest first."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    """What is said of an attribute of a picture.

    Attributes:
        name: of the attribute.
        predicted: the class that the model predicts.
        percent: its probability.
        truth: the class that is annotated; '' where that is unknown.
    """

    name: str
    predicted: str
    percent: int
    truth: str = ''

    @property
    def is_wrong(self) -> bool:
        """Whether it differs from what is annotated."""
        return bool(self.truth) and self.truth != self.predicted


@dataclass(frozen=True)
class Entry:
    """A picture of a ranked list.

    Attributes:
        title: what it shows, e.g. the path of a file.
        picture: a small one, as a data URL; '' if there is none.
        answers: of the attributes, the same ones in the same order for all entries.
        person: who it shows; '' if that is unknown.
        distance: from the query; None for the query.
        match: whether it shows the person of the query; None if that is unknown, or for the query.
        seen: pictures, as data URLs, of what made it similar: in the query, and in itself.
    """

    title: str
    picture: str
    answers: Sequence[Answer] = ()
    person: str = ''
    distance: float | None = None
    match: bool | None = None
    seen: Sequence[str] = ()


@dataclass(frozen=True)
class RankedList:
    """A query and what was found for it.

    Attributes:
        query: the query.
        found: nearest first.
    """

    query: Entry
    found: Sequence[Entry] = field(default_factory=list)

    @property
    def first_match(self) -> str:
        """Whether the nearest one is 'right' or 'wrong'; '' if that is unknown."""
        match = self.found[0].match if self.found else None
        return '' if match is None else 'right' if match else 'wrong'

    def agreements(self, entry: Entry) -> list[tuple[Answer, bool]]:
        """Return each answer of an entry, and whether the same is predicted of the query."""
        return [
            (answer, answer.predicted == asked.predicted)
            for answer, asked in zip(entry.answers, self.query.answers, strict=True)
        ]
