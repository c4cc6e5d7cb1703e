"""What a model says of images; of NumPy alone, as the runtime without PyTorch gives it, too."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from midattr_plugin.schema import AttributeSchema


@dataclass(frozen=True)
class Prediction:
    """What a model says of N images.

    Attributes:
        schema: the attributes that it knows; None without any.
        probabilities: name of an attribute -> (N, c) float32, which sum to 1.
        descriptors: (N, D) float32; images of one person have a small Euclidean distance. (N, 0)
            of a model of attributes alone.
    """

    schema: AttributeSchema | None
    probabilities: dict[str, NDArray[np.float32]]
    descriptors: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.descriptors)

    @property
    def attributes(self) -> list[dict[str, str]]:
        """The most probable class of each attribute, by name, for each image."""
        columns = {
            attribute.name: [
                attribute.classes[index]
                for index in self.probabilities[attribute.name].argmax(1).tolist()
            ]
            for attribute in self.schema or ()
        }
        return [
            {name: column[image] for name, column in columns.items()} for image in range(len(self))
        ]
