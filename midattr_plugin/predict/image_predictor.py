"""Batches of images through a model, whatever computes it.

It needs NumPy alone, because the runtime without PyTorch is made of it.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np

from midattr_plugin.errors import InputError
from midattr_plugin.predict.prediction import Prediction
from midattr_plugin.schema import AttributeSchema


class ImagePredictor(ABC):
    """A model as a function of images, each a path, an image of PIL, or an array.

    Attributes:
        schema: the attributes that it knows; None without any.
        batch_size: number of images that the model sees at a time.

    Args:
        schema: see above.
        batch_size: see above.
        workers: threads that read and resize images meanwhile.
    """

    def __init__(self, schema: AttributeSchema | None, batch_size: int, workers: int):
        self.schema, self.batch_size, self._workers = schema, batch_size, workers

    @abstractmethod
    def read(self, image: Any) -> Any:
        """Return an image as the model sees it.

        Raises:
            InputError: it cannot be read, or was given as the reason why there is none.
        """

    @abstractmethod
    def _predict(self, images: list) -> Prediction:
        """Return what the model says of what :meth:`read` returned; there may be none."""

    def __call__(self, images: Any) -> Prediction:
        """Return what the model says of an image, or of several.

        Args:
            images: one or more; of any size.

        Raises:
            InputError: one cannot be read.
        """
        parts = list(self.batches([images] if is_one(images) else images))
        if not parts:
            raise InputError('there are no images to predict; give one or more')
        return Prediction(
            self.schema,
            {
                name: np.concatenate([part.probabilities[name] for part in parts])
                for name in parts[0].probabilities
            },
            np.concatenate([part.descriptors for part in parts]),
        )

    def batches(self, images: Iterable) -> Iterator[Prediction]:
        """Yield the predictions of as many images as fit into a batch, in their order.

        No more than a few batches are in memory at a time.

        Args:
            images: any number of them.

        Raises:
            InputError: one cannot be read.
        """
        for prediction, errors in self.outcomes(images):
            for error in errors:
                if error is not None:
                    raise error
            yield prediction

    def outcomes(self, images: Iterable) -> Iterator[tuple[Prediction, list[InputError | None]]]:
        """Yield the same where some images may be unreadable.

        Args:
            images: any number of them, or why there is none.

        Yields:
            The prediction of the images of a batch that can be read, and for each image of the
            batch, in order, None or why it cannot.
        """
        images = iter(images)
        with ThreadPoolExecutor(self._workers) as pool:

            def started():
                return [pool.submit(self.read, image) for image in islice(images, self.batch_size)]

            waiting = started()
            try:
                while waiting:
                    outcomes = [_result(future) for future in waiting]
                    waiting = started()  # which are read while the model computes
                    errors = [
                        outcome if isinstance(outcome, InputError) else None for outcome in outcomes
                    ]
                    read = [outcome for outcome in outcomes if not isinstance(outcome, InputError)]
                    yield self._predict(read), errors
            finally:
                pool.shutdown(cancel_futures=True)


def is_one(images: Any) -> bool:
    """Return whether this is one image, and not several."""
    if isinstance(images, np.ndarray):
        return images.ndim != 4
    return isinstance(images, (str, os.PathLike)) or not isinstance(images, Iterable)


def check_array(image: np.ndarray) -> None:
    """Check that an array can be an image.

    Raises:
        InputError: its shape or type is another.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise InputError(
            f'an array of shape {image.shape} and type {image.dtype} is no image; give '
            '(height, width, 3) in uint8, R first'
        )


def _result(future: Future) -> Any:
    try:
        return future.result()
    except InputError as error:
        return error
