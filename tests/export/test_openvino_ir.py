"""Files of OpenVINO that cannot be used, and what OpenVINO does to the process."""

import ctypes
import sys

import pytest

from midattr_plugin.errors import InputError
from midattr_plugin.export.openvino_ir import OpenVinoPredictor, write_openvino
from midattr_plugin.export.runtime import OnnxPredictor

openvino = pytest.importorskip('openvino')


def test_files_that_are_none(onnx_path, tmp_path):
    with pytest.raises(InputError, match='there is no file'):
        OpenVinoPredictor(tmp_path / 'm.xml')
    write_openvino(onnx_path, tmp_path / 'm.xml', OnnxPredictor(onnx_path).facts)
    assert OpenVinoPredictor(tmp_path / 'm.xml').facts == OnnxPredictor(onnx_path).facts
    (tmp_path / 'm.bin').unlink()
    with pytest.raises(InputError, match='cannot be read as a model of OpenVINO'):
        OpenVinoPredictor(tmp_path / 'm.xml')


def test_file_of_others(onnx_path, tmp_path):
    openvino.save_model(openvino.convert_model(str(onnx_path)), str(tmp_path / 'm.xml'))
    with pytest.raises(InputError, match='midattr-export has not written it'):
        OpenVinoPredictor(tmp_path / 'm.xml')


class SignalStack(ctypes.Structure):
    _fields_ = [
        ('address', ctypes.c_void_p),
        ('flags', ctypes.c_int),
        ('size', ctypes.c_size_t),
    ]


def signal_stack():
    stack = SignalStack()
    assert ctypes.CDLL(None).sigaltstack(None, ctypes.byref(stack)) == 0
    return stack.address, stack.size


@pytest.mark.skipif(sys.platform != 'linux', reason='signal stacks are looked at on Linux')
def test_signals_keep_their_stack(onnx_path, images, tmp_path):
    """One that OpenVINO frees would kill the process when a worker process ends."""
    write_openvino(onnx_path, tmp_path / 'm.xml', OnnxPredictor(onnx_path).facts)
    before = signal_stack()
    predict = OpenVinoPredictor(tmp_path / 'm.xml')
    predict(images[:2])
    assert signal_stack() == before
    del predict
    assert signal_stack() in (before, (None, 0))
