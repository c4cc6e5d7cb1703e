"""Files of OpenVINO that cannot be used."""

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
