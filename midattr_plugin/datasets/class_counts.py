"""Counts of the classes of each attribute among the training images."""

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset

from midattr_plugin.datasets.attribute_dataset import ATTRIBUTE_DATASETS
from midattr_plugin.distributed import is_main
from midattr_plugin.errors import InputError
from midattr_plugin.schema import AttributeSchema


def check_annotated(
    schema: AttributeSchema | None, dataset: Dataset, sources: Sequence[str] = ()
) -> None:
    """Check that the training images have attributes that the model learns.

    Args:
        schema: the model's attributes; None for a model without them.
        dataset: the training images, a dataset of torchreid.
        sources: their names, for the message.

    Raises:
        InputError: they have none of these attributes.
    """
    if schema is None:
        return
    annotated = getattr(dataset, 'schema', None)
    if annotated is None or set(annotated.names).isdisjoint(schema.names):
        raise InputError(
            f'data.sources{f" {list(sources)}" if sources else ""} have none of the attributes '
            'that the model learns; name an attribute dataset first '
            f'({", ".join(ATTRIBUTE_DATASETS)}), or choose model.name "midattr_<backbone>", '
            'which has no attributes'
        )


def check_scored(schema: AttributeSchema | None, dataset: Dataset, name: str) -> None:
    """Check that the images of a test in which nobody is searched for have labels to score.

    Args:
        schema: the model's attributes; None for a model without them.
        dataset: the images, an attribute dataset.
        name: of the target, for the message.

    Raises:
        InputError: there is not one label that the model could be right about.
    """
    counts = {}
    known = getattr(dataset, 'schema', None)
    if None not in (schema, known) and not set(known.names).isdisjoint(schema.names):
        counts = count_classes(schema, dataset)
    if not any(count.sum() for count in counts.values()):
        raise InputError(
            f'data.targets: the test images of {name} have neither identities nor labels of '
            f'{", ".join(schema.names) if schema is not None else "any attribute"}, so that there '
            'is nothing to score; add labels, or the column pid'
        )


def count_classes(schema: AttributeSchema | None, dataset: Dataset) -> dict[str, Tensor]:
    """Return the number of training images (c,) of each class, by attribute.

    Unknown labels are not counted.

    Args:
        schema: the model's attributes; None for a model without them.
        dataset: the training images, an attribute dataset.

    Raises:
        InputError: they have none of the attributes.
    """
    if schema is None:
        return {}
    check_annotated(schema, dataset)
    labels = torch.stack([dataset.labels(path) for path, *_ in dataset.data])
    labels = dataset.schema.convert(labels, target=schema)
    return dict(zip(schema.names, count_labels(labels, schema.num_classes), strict=True))


def report_unknown_classes(schema: AttributeSchema | None, dataset: Dataset, name: str) -> None:
    """Say which labels of a test are in no score, as the model does not know their class.

    Args:
        schema: the model's attributes; None for a model without them.
        dataset: the images of the test.
        name: of the target.
    """
    known: AttributeSchema | None = getattr(dataset, 'schema', None)
    if schema is None or known is None:
        return
    lacking = {
        (column, attribute.classes.index(value)): f'{attribute.name} {value}'
        for column, attribute in enumerate(known)
        if attribute.name in schema.names
        for value in attribute.classes
        if value not in schema[attribute.name].classes
    }
    if not lacking:
        return
    rows = [dataset.labels(path).tolist() for path, *_ in dataset.data]
    counts = Counter(lacking.get(cell) for row in rows for cell in enumerate(row))
    unknown = [f'{text} ({counts[text]:,} images)' for text in lacking.values() if counts[text]]
    if unknown and is_main():
        print(f'{name}: not scored, as the model does not know the class: {", ".join(unknown)}')


def count_labels(labels: Tensor, num_classes: Sequence[int]) -> list[Tensor]:
    """Return the number of images of each class: for each of m attributes (c,) int64.

    Args:
        labels: (N, m) int64, class indices, negative where unknown; these are not counted.
        num_classes: c of each attribute.
    """
    return [
        torch.bincount(column[column >= 0], minlength=classes)
        for column, classes in zip(labels.unbind(1), num_classes, strict=True)
    ]
