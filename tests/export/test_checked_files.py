"""Files that are put in place only if they say the same as PyTorch."""

import numpy as np
import onnx
import pytest

from midattr_plugin.errors import InputError
from midattr_plugin.export import checked_files
from midattr_plugin.export.checked_files import CheckedFiles
from midattr_plugin.export.openvino_ir import OpenVinoPredictor
from midattr_plugin.export.parity import compare
from midattr_plugin.export.runtime import OnnxPredictor
from midattr_plugin.predict import Prediction


@pytest.fixture
def copied_onnx(monkeypatch, onnx_path):
    """An export takes seconds; the file that it would write is there."""

    def write(model, path):
        path.write_bytes(onnx_path.read_bytes())

    monkeypatch.setattr(checked_files, 'write_onnx', write)


def of_other_images(prediction):
    moved = np.roll(prediction.descriptors, 1, axis=0)
    return Prediction(prediction.schema, prediction.probabilities, moved)


def test_all_files(copied_onnx, predictor, images, tmp_path):
    pytest.importorskip('openvino')
    files = CheckedFiles(predictor, images, batch_sizes=(1, 3))
    path, int8 = tmp_path / 'm.onnx', tmp_path / 'm-int8.onnx'
    files.write_onnx(path)
    files.write_int8(path, int8, images)
    files.write_openvino(path)
    files.write_openvino(int8)
    assert {path.name: list(results) for path, results in files.results.items()} == {
        'm.onnx': [1, 3],
        'm-int8.onnx': [1, 3],
        'm.xml': [1, 3],
        'm-int8.xml': [1, 3],
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        'm-int8.bin',
        'm-int8.onnx',
        'm-int8.xml',
        'm.bin',
        'm.onnx',
        'm.xml',
    ]
    reference = predictor(images)
    for name, opened in (('m.onnx', OnnxPredictor), ('m.xml', OpenVinoPredictor)):
        exported = opened(tmp_path / name)
        assert np.allclose(exported(images).descriptors, reference.descriptors, atol=1e-5)
        assert exported.facts.numbers == 'float32'
    for name, opened in (('m-int8.onnx', OnnxPredictor), ('m-int8.xml', OpenVinoPredictor)):
        exported = opened(tmp_path / name)
        assert exported.facts.numbers == 'int8'
        parity = compare(reference, exported(images))
        assert 0.98 < parity.mean_cosine < 1
    operations = {node.op_type for node in onnx.load(int8).graph.node}
    assert {'QuantizeLinear', 'DequantizeLinear'} <= operations


def test_a_file_that_differs_is_not_left(copied_onnx, predictor, images, tmp_path):
    files = CheckedFiles(predictor, images)
    path = tmp_path / 'm.onnx'
    path.write_text('of before')
    files._reference = of_other_images(files._reference)
    with pytest.raises(InputError, match='m.onnx" is not written'):
        files.write_onnx(path)
    assert [p.name for p in tmp_path.iterdir()] == ['m.onnx'] and path.read_text() == 'of before'
    assert not files.results


def test_openvino_that_differs_is_not_left(copied_onnx, predictor, images, tmp_path):
    pytest.importorskip('openvino')
    files = CheckedFiles(predictor, images, batch_sizes=(2,))
    files.write_onnx(tmp_path / 'm.onnx')
    files._reference = of_other_images(files._reference)
    with pytest.raises(InputError, match='m.xml" is not written'):
        files.write_openvino(tmp_path / 'm.onnx')
    assert [p.name for p in tmp_path.iterdir()] == ['m.onnx']
