"""A model for OpenVINO, converted from its ONNX file: the same input, outputs and facts."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from midattr_plugin.errors import InputError
from midattr_plugin.export.extras import needed
from midattr_plugin.export.facts import Facts
from midattr_plugin.export.runtime import ExportedPredictor

_INFO = 'midattr'  # section of the file's runtime information


def write_openvino(onnx_path: Path, path: Path, facts: Facts) -> None:
    """Write ``path`` (.xml), and its weights (.bin) beside it.

    Args:
        onnx_path: of the ONNX file.
        path: of the result.
        facts: of the ONNX file.

    Raises:
        InputError: OpenVINO is not installed.
    """
    openvino = needed('openvino')
    # openvino.convert_model would do the same, and report it to its makers
    model = openvino.Core().read_model(os.fspath(onnx_path))
    for name, value in facts.as_properties().items():
        model.set_rt_info(value, [_INFO, name])
    openvino.save_model(model, os.fspath(path), compress_to_fp16=False)


class OpenVinoPredictor(ExportedPredictor):
    """A model from a file of :func:`write_openvino`.

    Args:
        path: of the file (.xml).
        batch_size: number of images that the model sees at a time.
        workers: threads that read and resize images meanwhile.
        threads: that compute; 0: as OpenVINO chooses.
        device: OpenVINO's name of the device to compute on.

    Raises:
        InputError: the file cannot be used, or OpenVINO is not installed.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        batch_size: int = 64,
        workers: int = 2,
        threads: int = 0,
        device: str = 'CPU',
    ):
        core = needed('openvino').Core()
        path = os.fspath(path)
        if not os.path.isfile(path):
            raise InputError(f'there is no file "{path}"; check the path')
        try:
            model = core.read_model(path)
        except Exception as error:  # OpenVINO raises RuntimeError for all that it cannot read
            raise InputError(
                f'"{path}" cannot be read as a model of OpenVINO ({" ".join(str(error).split())}); '
                'name its .xml file, with the .bin file beside it'
            ) from error
        facts = Facts.from_properties(_properties(model), path)
        # 16-bit formats, which it would choose on some CPUs, are not what was checked
        settings: dict[str, Any] = {'INFERENCE_PRECISION_HINT': 'f32'}
        if threads:
            settings['INFERENCE_NUM_THREADS'] = threads
        # OpenVINO gives the thread that compiles a signal stack of its own, which it frees with the
        # model: a signal, such as that of a worker process that ends, would then kill the process
        with ThreadPoolExecutor(1) as pool:
            compiled = pool.submit(core.compile_model, model, device, settings).result()
        outputs = [compiled.output(name) for name in facts.outputs]

        def compute(batch):
            result = compiled(batch)
            return [result[output] for output in outputs]

        super().__init__(path, facts, compute, batch_size, workers)


def _properties(model: Any) -> Mapping[str, str]:
    if not model.has_rt_info([_INFO]):
        return {}
    return model.get_rt_info(_INFO).value
