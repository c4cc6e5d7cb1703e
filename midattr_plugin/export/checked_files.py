"""Files of a model, each put in place only after it has said the same as PyTorch."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from midattr_plugin.export.int8 import write_int8
from midattr_plugin.export.onnx_graph import facts_of, write_onnx
from midattr_plugin.export.openvino_ir import OpenVinoPredictor, write_openvino
from midattr_plugin.export.parity import BATCH_SIZES, FLOAT32, INT8, Limits, Parity, check_parity
from midattr_plugin.export.runtime import OnnxPredictor
from midattr_plugin.files import atomic_path
from midattr_plugin.predict.predictor import Predictor

Images = Sequence[NDArray[np.uint8]]


class CheckedFiles:
    """Writes files of a model.

    Attributes:
        results: what was measured: path of a file -> images at a time -> how it differs.

    Args:
        predictor: of the model, in float32.
        images: with which the files are checked; of any size.
        batch_sizes: numbers of images at a time.
    """

    def __init__(
        self, predictor: Predictor, images: Images, batch_sizes: Iterable[int] = BATCH_SIZES
    ):
        self._model, self._images = predictor.model, images
        self._facts = facts_of(predictor.model)
        self._batch_sizes = tuple(batch_sizes)
        self._reference = predictor(images)
        self.results: dict[Path, dict[int, Parity]] = {}

    def write_onnx(self, path: Path) -> None:
        """Write the file in float32.

        Raises:
            InputError: it cannot be written, a package is missing, or it differs from PyTorch; then
                what was there before remains.
        """
        with atomic_path(path) as temporary:
            write_onnx(self._model, temporary)
            self._check(OnnxPredictor(temporary), FLOAT32, path)

    def write_int8(self, float_path: Path, path: Path, calibration: Images) -> None:
        """Write the file in 8-bit whole numbers.

        Args:
            float_path: of the file that :meth:`write_onnx` wrote.
            path: of the result.
            calibration: images like those that it is for.

        Raises:
            InputError: see :meth:`write_onnx`.
        """
        with atomic_path(path) as temporary:
            write_int8(float_path, temporary, self._facts, calibration)
            self._check(OnnxPredictor(temporary), INT8, path)

    def write_openvino(self, onnx_path: Path) -> None:
        """Write the .xml and .bin of an ONNX file, under its name.

        Args:
            onnx_path: of a file that this object wrote.

        Raises:
            InputError: see :meth:`write_onnx`.
        """
        facts = OnnxPredictor(onnx_path).facts
        path, weights = onnx_path.with_suffix('.xml'), onnx_path.with_suffix('.bin')
        with (
            atomic_path(path) as temporary,  # in place last: OpenVINO reads it first
            atomic_path(weights) as temporary_weights,
            TemporaryDirectory() as folder,
        ):
            written = Path(folder) / path.name
            write_openvino(onnx_path, written, facts)
            limits = FLOAT32 if facts.numbers == 'float32' else INT8
            self._check(OpenVinoPredictor(written), limits, path)
            shutil.copyfile(written, temporary)
            shutil.copyfile(written.with_suffix('.bin'), temporary_weights)

    def _check(
        self, predictor: OnnxPredictor | OpenVinoPredictor, limits: Limits, path: Path
    ) -> None:
        self.results[path] = check_parity(
            self._reference, predictor, self._images, limits, str(path), self._batch_sizes
        )
