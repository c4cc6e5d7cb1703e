"""What a model predicts of some images of a dataset, beside what is annotated."""

from collections.abc import Sequence
from typing import Any

import torch

from midattr_plugin.engine.mirrored import network_output
from midattr_plugin.engine.precision import Precision
from midattr_plugin.models import MidAttrNet
from midattr_plugin.ranked import Answer
from midattr_plugin.schema import UNKNOWN, AttributeSchema

_BATCH = 64


@torch.no_grad()
def predicted_answers(
    model: MidAttrNet,
    precision: Precision,
    dataset: Any,
    numbers: Sequence[int],
    flip: bool = False,
) -> dict[int, list[Answer]]:
    """Return number of an image -> answers for all attributes; {} for a model without them.

    Args:
        model: in eval mode.
        precision: number format of the model.
        dataset: torchreid's dataset of a split.
        numbers: of the images.
        flip: whether the model also sees the mirror images.

    Raises:
        InputError: an image cannot be read.
    """
    schema = model.schema
    if schema is None:
        return {}
    device = next(model.parameters()).device
    answers: dict[int, list[Answer]] = {}
    for start in range(0, len(numbers), _BATCH):
        batch = numbers[start : start + _BATCH]
        items = [dataset[number] for number in batch]
        images = torch.stack([item['img'] for item in items]).to(device)
        output = network_output(model, images, precision, flip)['attribute_logits']
        truths = [_annotated(item, dataset, schema) for item in items]
        for attribute in schema:
            values, indices = output[attribute.name].softmax(1).max(1)
            for number, value, index, truth in zip(
                batch, values.tolist(), indices.tolist(), truths, strict=True
            ):
                answers.setdefault(number, []).append(
                    Answer(
                        attribute.name,
                        attribute.classes[index],
                        round(100 * value),
                        truth.get(attribute.name, ''),
                    )
                )
    return answers


def _annotated(item: dict, dataset: Any, schema: AttributeSchema) -> dict[str, str]:
    """Return attribute -> class that is annotated, of the classes that the model knows."""
    if 'attrs' not in item:
        return {}
    labels = dataset.schema.convert(item['attrs'], target=schema).tolist()
    return {
        attribute.name: attribute.classes[label]
        for attribute, label in zip(schema, labels, strict=True)
        if label != UNKNOWN
    }
