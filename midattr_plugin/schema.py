"""Attributes, and schemas of those that belong together (paper section 3.1, Table 1).

The schema of a dataset is declared beside its class, e.g. in
:mod:`midattr_plugin.datasets.market1501_attr`.
"""

from __future__ import annotations  # types of torch, which a runtime without it lacks

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

NUM_PARTS = 4
"""Horizontal parts of the body, numbered from 1 at the head (paper Table 1)."""

WHOLE_BODY = (1, 2, 3, 4)
HEAD = (1,)
UPPER_BODY = (1, 2)
LOWER_BODY = (3, 4)
FEET = (4,)

NO_YES = ('no', 'yes')

UNKNOWN = -1
"""Class index where the annotators gave no usable label."""


@dataclass(frozen=True)
class Attribute:
    """One softmax task.

    Attributes:
        name: unique in its schema.
        classes: names in label order.
        parts: parts of the body that show it (Table 1), in 1..NUM_PARTS.
        fields: where an annotation file has the labels under other names: one field that counts
            the classes from 1, or one field per class with the labels no 1 and yes 2.
    """

    name: str
    classes: tuple[str, ...]
    parts: tuple[int, ...]
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class AttributeSchema:
    """The m attributes of a dataset, in the order of the label columns.

    Attributes:
        name: the dataset's.
        attributes: in order.
    """

    name: str
    attributes: tuple[Attribute, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the attributes."""
        return tuple(attribute.name for attribute in self.attributes)

    @property
    def num_classes(self) -> tuple[int, ...]:
        """Number of classes of each attribute."""
        return tuple(len(attribute.classes) for attribute in self.attributes)

    def __len__(self) -> int:
        return len(self.attributes)

    def __iter__(self) -> Iterator[Attribute]:
        return iter(self.attributes)

    def __getitem__(self, name: str) -> Attribute:
        return {attribute.name: attribute for attribute in self.attributes}[name]

    def as_dict(self) -> dict[str, Any]:
        """Return plain Python values, which a file may hold; without fields of annotations."""
        return {
            'name': self.name,
            'attributes': [
                {'name': a.name, 'classes': list(a.classes), 'parts': list(a.parts)} for a in self
            ],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> AttributeSchema:
        """Return the schema that :meth:`as_dict` gave.

        Raises:
            KeyError, TypeError: it is not one.
        """
        return cls(
            content['name'],
            tuple(
                Attribute(a['name'], tuple(a['classes']), tuple(a['parts']))
                for a in content['attributes']
            ),
        )

    def union(self, other: AttributeSchema) -> AttributeSchema:
        """Return the schema of a training set made of both datasets.

        Attributes of the same name become one, with the classes and parts of both: an upper
        color is then any color that either dataset knows.
        """
        if other.attributes == self.attributes:
            return self
        merged = {attribute.name: attribute for attribute in self}
        for attribute in other:
            existing = merged.get(attribute.name)
            merged[attribute.name] = (
                attribute
                if existing is None
                else replace(
                    existing,
                    classes=tuple(dict.fromkeys(existing.classes + attribute.classes)),
                    parts=tuple(sorted({*existing.parts, *attribute.parts})),
                    fields=tuple(dict.fromkeys(existing.fields + attribute.fields)),
                )
            )
        names = dict.fromkeys(f'{self.name}+{other.name}'.split('+'))
        return AttributeSchema('+'.join(names), tuple(merged.values()))

    def respelled(self, other: AttributeSchema) -> tuple[str, str, str] | None:
        """Return a class that another schema writes in another case, and so takes for another.

        Args:
            other: the other schema.

        Returns:
            The attribute, the class here and that of ``other``; None if there is no such class.
        """
        for attribute in other:
            ours = self[attribute.name].classes if attribute.name in self.names else ()
            by_case = {name.casefold(): name for name in ours}
            for name in attribute.classes:
                if name not in ours and name.casefold() in by_case:
                    return attribute.name, by_case[name.casefold()], name
        return None

    def convert(self, labels: Tensor, target: AttributeSchema) -> Tensor:
        """Return labels of this schema as labels of another, matched by attribute and class name.

        Args:
            labels: (..., m) class indices of this schema, negative where unknown.
            target: the other schema.

        Returns:
            (..., m of ``target``) int64; -1 where it has an attribute or a class that this
            schema lacks, or the other way round.
        """
        import torch

        columns, tables = _conversion(self, target)
        # column m and the last entry of a table hold -1, which is where the index -1 leads
        padded = torch.nn.functional.pad(labels.long().clamp(min=UNKNOWN), (0, 1), value=UNKNOWN)
        tables = tables.to(labels.device)
        return tables[torch.arange(len(target), device=labels.device), padded[..., columns]]

    def decode(self, logits: Mapping[str, Tensor]) -> list[dict[str, str]]:
        """Return the most probable class of each attribute, by name, for each of B images.

        Args:
            logits: attribute name -> (B, c), as the model returns them.
        """
        columns = {name: logits[name].argmax(1).tolist() for name in self.names}
        rows = zip(*columns.values(), strict=True)
        return [
            {
                attribute.name: attribute.classes[index]
                for attribute, index in zip(self, row, strict=True)
            }
            for row in rows
        ]


@cache
def _conversion(source: AttributeSchema, target: AttributeSchema) -> tuple[list[int], Tensor]:
    """Return how to convert labels.

    For each of the m attributes of ``target``: its column in ``source``, -1 if there is none, and a
    table (m, classes + 1) from class indices of ``source`` to those of ``target``.
    """
    import torch

    columns = [source.names.index(name) if name in source.names else -1 for name in target.names]
    tables = torch.full((len(target), max(source.num_classes, default=0) + 1), UNKNOWN)
    for table, attribute, column in zip(tables, target, columns, strict=True):
        if column >= 0:
            for index, name in enumerate(source.attributes[column].classes):
                if name in attribute.classes:
                    table[index] = attribute.classes.index(name)
    return columns, tables
