"""Which attributes each dataset is annotated with (paper section 3.1 and Table 1).

To add an attribute, add a line here. Labels and fields are the annotators' (Lin et al.).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

NUM_PARTS = 4
"""Horizontal parts of the body, numbered from 1 at the head (paper Table 1)."""

UNKNOWN = -1
"""Class index where the annotators gave no usable label."""


@dataclass(frozen=True)
class Attribute:
    """One softmax task.

    Attributes:
        name: unique in its schema.
        classes: names in label order.
        fields: one field of the .mat file that counts the classes from 1, or one field per
            class with the labels no 1 and yes 2 (the colors).
        parts: parts of the body that show it (Table 1), in 1..NUM_PARTS.
    """

    name: str
    classes: tuple[str, ...]
    fields: tuple[str, ...]
    parts: tuple[int, ...]


@dataclass(frozen=True)
class AttributeSchema:
    """The m attributes of a dataset, in the order of the label columns.

    Attributes:
        name: the dataset's.
        attributes: in order.
        mat_name: name of the annotators' file, and of the struct inside it; '' for a union.
        url: where the annotators published the file.
        sha256: of that file.
    """

    name: str
    attributes: tuple[Attribute, ...]
    mat_name: str = ''
    url: str = ''
    sha256: str = ''

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(attribute.name for attribute in self.attributes)

    @property
    def num_classes(self) -> tuple[int, ...]:
        return tuple(len(attribute.classes) for attribute in self.attributes)

    def __len__(self) -> int:
        return len(self.attributes)

    def __iter__(self) -> Iterator[Attribute]:
        return iter(self.attributes)

    def __getitem__(self, name: str) -> Attribute:
        return {attribute.name: attribute for attribute in self.attributes}[name]

    def union(self, other: 'AttributeSchema') -> 'AttributeSchema':
        """Schema of a training set made of both datasets.

        Attributes of the same name become one, with the classes and parts of both: an upper
        color is then any color that either dataset knows.
        """
        if other.attributes == self.attributes:
            return self
        merged = {attribute.name: attribute for attribute in self}
        for attribute in other:
            known = merged.get(attribute.name)
            merged[attribute.name] = (
                attribute
                if known is None
                else replace(
                    known,
                    classes=tuple(dict.fromkeys(known.classes + attribute.classes)),
                    fields=tuple(dict.fromkeys(known.fields + attribute.fields)),
                    parts=tuple(sorted({*known.parts, *attribute.parts})),
                )
            )
        datasets = dict.fromkeys(f'{self.name}+{other.name}'.split('+'))
        return AttributeSchema('+'.join(datasets), tuple(merged.values()))

    def convert(self, labels: Tensor, to: 'AttributeSchema') -> Tensor:
        """Labels of this schema as labels of another, matched by attribute and class name.

        Args:
            labels: (..., m) class indices of this schema, negative where unknown.

        Returns:
            (..., m of ``to``) int64; -1 where ``to`` has an attribute or a class that this
            schema lacks, or the other way round.
        """
        columns, tables = _conversion(self, to)
        # column m and the last entry of a table hold -1, which is where the index -1 leads
        padded = torch.nn.functional.pad(labels.long().clamp(min=UNKNOWN), (0, 1), value=UNKNOWN)
        tables = tables.to(labels.device)
        return tables[torch.arange(len(to), device=labels.device), padded[..., columns]]


@cache
def _conversion(source: AttributeSchema, to: AttributeSchema) -> tuple[list[int], Tensor]:
    """For each of the m attributes of ``to``: its column in ``source``, -1 if there is none,
    and a table (m, classes + 1) from class indices of ``source`` to those of ``to``.
    """
    columns = [source.names.index(name) if name in source.names else -1 for name in to.names]
    tables = torch.full((len(to), max(source.num_classes, default=0) + 1), UNKNOWN)
    for table, attribute, column in zip(tables, to, columns, strict=True):
        if column >= 0:
            for index, name in enumerate(source.attributes[column].classes):
                if name in attribute.classes:
                    table[index] = attribute.classes.index(name)
    return columns, tables


WHOLE_BODY = (1, 2, 3, 4)
HEAD = (1,)
UPPER_BODY = (1, 2)
LOWER_BODY = (3, 4)
FEET = (4,)

_NO_YES = ('no', 'yes')


def _colors(part: str, names: str, parts: tuple[int, ...]) -> Attribute:
    """Color of the upper ('up') or lower ('down') body: one no/yes field per color."""
    colors = tuple(names.split())
    name = {'up': 'upper_color', 'down': 'lower_color'}[part]
    return Attribute(name, colors, tuple(part + color for color in colors), parts)


_GENDER = Attribute('gender', ('male', 'female'), ('gender',), WHOLE_BODY)
_HAT = Attribute('hat', _NO_YES, ('hat',), HEAD)
_CARRIED = tuple(
    Attribute(name, _NO_YES, (name,), UPPER_BODY) for name in ('backpack', 'bag', 'handbag')
)

MARKET1501 = AttributeSchema(
    name='market1501',
    attributes=(
        _GENDER,
        Attribute('hair_length', ('short', 'long'), ('hair',), HEAD),
        Attribute('sleeve_length', ('long', 'short'), ('up',), UPPER_BODY),
        Attribute('lower_length', ('long', 'short'), ('down',), LOWER_BODY),
        Attribute('lower_type', ('dress', 'pants'), ('clothes',), LOWER_BODY),
        _HAT,
        *_CARRIED,
        Attribute('age', ('young', 'teenager', 'adult', 'old'), ('age',), WHOLE_BODY),
        _colors('up', 'black white red purple yellow gray blue green', UPPER_BODY),
        _colors('down', 'black white pink purple yellow gray blue green brown', LOWER_BODY),
    ),
    mat_name='market_attribute',
    url='https://github.com/vana77/Market-1501_Attribute/raw/master/market_attribute.mat',
    sha256='d9fdbdd2e33ed2c4e3a073b77b1d16ac9fae5d93dd597ccd4e38bf75b2efaa95',
)

DUKEMTMCREID = AttributeSchema(
    name='dukemtmcreid',
    attributes=(
        _GENDER,
        Attribute('upper_length', ('short', 'long'), ('top',), UPPER_BODY),
        Attribute('boots', _NO_YES, ('boots',), FEET),
        _HAT,
        *_CARRIED,
        Attribute('shoe_color', ('dark', 'light'), ('shoes',), FEET),
        _colors('up', 'black white red purple gray blue green brown', UPPER_BODY),
        _colors('down', 'black white red gray blue green brown', LOWER_BODY),
    ),
    mat_name='duke_attribute',
    url='https://github.com/vana77/DukeMTMC-attribute/raw/master/duke_attribute.mat',
    sha256='06b9833be1c6339362ccf2112a8cf885c7c64db8f038da9e12896f86bec51e8c',
)
