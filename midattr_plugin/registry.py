"""Names under which things of one kind are found: the one way to extend this project.

Each kind (attribute losses, datasets, backbones, measurements, ...) has one registry, in the room
that owns the kind. A class or function is added where it is written::

    @ATTRIBUTE_LOSSES.register('my_loss')
    class MyLoss(AttributeLoss): ...

and from then on its name is known to the configuration, the command line and the checkpoints. A
file outside this package is loaded by the key ``midattr.extensions``.
"""

from collections.abc import Callable, ItemsView, Iterator
from typing import Generic, TypeVar

from midattr_plugin.errors import InputError

T = TypeVar('T')


class Registry(Generic[T]):
    """Entries of one kind by name, in the order in which they were added.

    Args:
        kind: of the entries, in the singular and in words, for messages.
        key: configuration key that chooses among the names, for messages; '' without one.
    """

    def __init__(self, kind: str, key: str = ''):
        self.kind = kind
        self.key = key
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that adds a class or function under ``name`` and leaves it as it is.

        Raises:
            InputError: the name is taken.
        """

        def add(entry: T) -> T:
            if name in self._entries:
                raise InputError(f'{self.kind} "{name}" is already registered; choose another name')
            self._entries[name] = entry
            return entry

        return add

    def unregister(self, name: str) -> None:
        """Remove an entry, so that its name can be given to another."""
        del self._entries[name]

    def __getitem__(self, name: str) -> T:
        """Return the entry of this name.

        Raises:
            InputError: there is none; the sentence names those that exist.
        """
        if name not in self._entries:
            where = f'{self.key}: ' if self.key else ''
            raise InputError(
                f'{where}unknown {self.kind} "{name}"; choose from {", ".join(self._entries)}'
            )
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def items(self) -> ItemsView[str, T]:
        """Return the names with their entries."""
        return self._entries.items()
