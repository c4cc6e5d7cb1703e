"""Marks: of each class of each attribute, whether an image has it.

An annotation file may mark several classes of an attribute, e.g. two colors, or none of them. A
class index cannot say so; the marks of the classes, one by one, can.

Shapes: N images, C classes of all attributes of a schema together, in their order.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np

from midattr_plugin.errors import InputError
from midattr_plugin.schema import UNKNOWN, AttributeSchema

MARKED, UNMARKED = 1, 0

Marks = tuple[int, ...]
"""(C,): ``MARKED``, ``UNMARKED``, or ``UNKNOWN`` where the annotators gave no usable label."""


@cache
def class_names(schema: AttributeSchema) -> tuple[str, ...]:
    """Return the names of the C classes, such as 'upper_color=red'."""
    return tuple(f'{attribute.name}={name}' for attribute in schema for name in attribute.classes)


@cache
def binary_names(schema: AttributeSchema) -> tuple[str, ...]:
    """Return the names of the classes that are binary labels.

    Of an attribute of two classes it is the second one ('hat=yes', 'gender=female'), because the
    first says the same; of any other attribute it is every class against the others.
    """
    return tuple(
        f'{attribute.name}={name}'
        for attribute in schema
        for name in attribute.classes[1 if len(attribute.classes) == 2 else 0 :]
    )


@cache
def marks_of_labels(labels: tuple[int, ...], schema: AttributeSchema) -> Marks:
    """Return the marks that class indices stand for: one class of each attribute.

    Args:
        labels: (m,) class indices, negative where unknown.
        schema: the m attributes.
    """
    return tuple(
        UNKNOWN if label < 0 else MARKED if label == index else UNMARKED
        for label, attribute in zip(labels, schema, strict=True)
        for index in range(len(attribute.classes))
    )


def check_marks(marks: Sequence[int], schema: AttributeSchema, name: str) -> None:
    """Check that there is a mark for each class.

    Args:
        marks: of the classes.
        schema: the attributes.
        name: what has the marks, for the message.

    Raises:
        InputError: there are more or fewer, or one is something else.
    """
    count = len(class_names(schema))
    if len(marks) != count or not {MARKED, UNMARKED, UNKNOWN}.issuperset(marks):
        raise InputError(
            f'{name} has the marks {tuple(marks)}; let read_marks give {MARKED}, {UNMARKED} or '
            f'{UNKNOWN} for each of the {count} classes of {schema.name}'
        )


def convert_marks(
    marks: np.ndarray, schema: AttributeSchema, target: AttributeSchema
) -> np.ndarray:
    """Return marks of a schema as marks of another, matched by attribute and class name.

    Args:
        marks: (N, C of ``schema``).
        schema: the attributes that they are of.
        target: the other schema.

    Returns:
        (N, C of ``target``), unknown for the classes that ``schema`` lacks.
    """
    column = {name: i for i, name in enumerate(class_names(schema))}
    padded = np.pad(marks, ((0, 0), (0, 1)), constant_values=UNKNOWN)
    return padded[:, [column.get(name, -1) for name in class_names(target)]]
