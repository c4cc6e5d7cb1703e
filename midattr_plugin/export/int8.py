"""An ONNX file in 8-bit whole numbers, calibrated with images.

Static quantization in QDQ format by onnxruntime: a scale for each channel of the weights, and one
for each map, from its lowest and highest value on the calibration images. The blocks of the network
are quantized, which are nearly all of the work; normalization, pooling into parts, heads and the
descriptor stay float32. Measured on the demo, this keeps more of the descriptor than quantizing all
or convolutions alone, and than clipping at percentiles; docs/export.md has the scores.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from midattr_plugin.export.extras import needed
from midattr_plugin.export.facts import INPUT, Facts
from midattr_plugin.export.onnx_graph import set_properties
from midattr_plugin.export.pillow_resize import resize

_BATCH = 32
_QUANTIZED = ['Conv', 'Add', 'Relu', 'MaxPool']


def write_int8(
    float_path: Path, path: Path, facts: Facts, images: Sequence[NDArray[np.uint8]]
) -> None:
    """Write the 8-bit version of a file.

    Args:
        float_path: of the file in float32.
        path: of the result.
        facts: of the file.
        images: (h, w, 3) each, like those that the model is for; a few hundred.

    Raises:
        InputError: a package is not installed.
    """
    onnx = needed('onnx')
    quantization = needed('onnxruntime.quantization')
    logger, level = logging.getLogger(), logging.getLogger().level
    logger.setLevel(logging.ERROR)  # it advises steps that are done already
    try:
        quantization.quantize_static(
            float_path,
            path,
            _reader(quantization.CalibrationDataReader, facts, images),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            calibrate_method=quantization.CalibrationMethod.MinMax,
            op_types_to_quantize=_QUANTIZED,
        )
    finally:
        logger.setLevel(level)
    proto = onnx.load(path)
    set_properties(proto, replace(facts, numbers='int8').as_properties())
    onnx.save(proto, path)


def _reader(base: type, facts: Facts, images: Sequence[NDArray[np.uint8]]):
    """Return what gives the calibration batch by batch."""

    class Reader(base):  # type: ignore[misc, valid-type]
        def __init__(self):
            self._starts = iter(range(0, len(images), _BATCH))

        def get_next(self):
            start = next(self._starts, None)
            if start is None:
                return None
            batch = images[start : start + _BATCH]
            return {INPUT: np.stack([resize(image, facts.image_size) for image in batch])}

    return Reader()
