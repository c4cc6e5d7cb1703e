"""An exported model as a function of images; it needs onnxruntime and NumPy alone.

``midattr-export --runtime`` writes this module, with what it imports, as a folder of its own that
runs without this package and without PyTorch, see :mod:`.runtime_copy`.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from midattr_plugin.errors import InputError
from midattr_plugin.export.extras import needed
from midattr_plugin.export.facts import ATTRIBUTE, DESCRIPTOR, INPUT, Facts
from midattr_plugin.export.pillow_resize import resize
from midattr_plugin.predict.image_predictor import ImagePredictor, check_array
from midattr_plugin.predict.prediction import Prediction

Compute = Callable[[NDArray[np.uint8]], Sequence[NDArray[np.float32]]]
"""Images (N, H, W, 3) -> the outputs of the graph, in their order."""


class ExportedPredictor(ImagePredictor):
    """A model that was exported, whatever computes it.

    Attributes:
        facts: what its file says of it.
        path: of the file.

    Args:
        path: see above.
        facts: see above.
        compute: runs the graph.
        batch_size: number of images that the model sees at a time.
        workers: threads that read and resize images meanwhile.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        facts: Facts,
        compute: Compute,
        batch_size: int = 64,
        workers: int = 2,
    ):
        super().__init__(facts.schema, batch_size, workers)
        self.path, self.facts = os.fspath(path), facts
        self._compute = compute

    def read(self, image: Any) -> NDArray[np.uint8]:
        """Return an image as the graph takes it, (H, W, 3).

        Raises:
            InputError: it cannot be read, or was given as the reason why there is none.
        """
        if isinstance(image, InputError):
            raise image
        if not isinstance(image, np.ndarray):
            image = _opened(image)
        check_array(image)
        return resize(image, self.facts.image_size)

    def _predict(self, images: list[NDArray[np.uint8]]) -> Prediction:
        # of no image at all the shapes come from a black one
        batch = np.stack(images or [np.zeros((*self.facts.image_size, 3), np.uint8)])
        outputs = dict(zip(self.facts.outputs, self._compute(batch), strict=True))
        return Prediction(
            self.schema,
            {
                attribute.name: _softmax(outputs[ATTRIBUTE + attribute.name])[: len(images)]
                for attribute in self.schema or ()
            },
            # of a model of attributes alone there is none
            outputs.get(DESCRIPTOR, np.zeros((len(images), 0), np.float32))[: len(images)],
        )


class OnnxPredictor(ExportedPredictor):
    """A model from an ONNX file of ``midattr-export``.

    ``OnnxPredictor(path)(images)`` is a :class:`Prediction` of arrays (H, W, 3) uint8 of R, G, B
    and any size; where Pillow is installed also of its images, and of the paths of image files.

    Args:
        path: of the file.
        batch_size: number of images that the model sees at a time.
        workers: threads that read and resize images meanwhile.
        threads: that compute; 0: as onnxruntime chooses.
        providers: onnxruntime's names of the devices to compute on, the first that it has.

    Raises:
        InputError: the file cannot be used, or onnxruntime is not installed.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        batch_size: int = 64,
        workers: int = 2,
        threads: int = 0,
        providers: Sequence[str] = ('CPUExecutionProvider',),
    ):
        session = _session(os.fspath(path), threads, providers)
        facts = Facts.from_properties(session.get_modelmeta().custom_metadata_map, os.fspath(path))
        names = list(facts.outputs)
        super().__init__(
            path, facts, lambda batch: session.run(names, {INPUT: batch}), batch_size, workers
        )


def _session(path: str, threads: int, providers: Sequence[str]) -> Any:
    onnxruntime = needed('onnxruntime')
    if not os.path.isfile(path):
        raise InputError(f'there is no file "{path}"; check the path')
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors
    try:
        return onnxruntime.InferenceSession(path, options, providers=list(providers))
    except Exception as error:  # onnxruntime raises many types, all of its own
        raise InputError(
            f'"{path}" cannot be read as an ONNX file ({_reason(error)}); export it again with '
            'midattr-export'
        ) from error


def _opened(image: Any) -> NDArray[np.uint8]:
    """Return the pixels of an image of Pillow, or of a file."""
    try:
        from midattr_plugin.datasets.image_file import read_image, upright_rgb
    except ModuleNotFoundError as error:
        raise InputError(
            f'{image!r} is not an array, and what else may be an image only Pillow can read; pip '
            'install Pillow, or give arrays (height, width, 3) in uint8, R first'
        ) from error
    is_file = isinstance(image, (str, os.PathLike))
    return np.asarray(read_image(image) if is_file else upright_rgb(image))


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def _reason(error: Exception) -> str:
    return ' '.join(str(error).split())[:200] or type(error).__name__
