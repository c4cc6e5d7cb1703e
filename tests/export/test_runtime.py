"""An exported model as a function of images."""

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from midattr_plugin.errors import InputError
from midattr_plugin.export.facts import FORMAT_VERSION
from midattr_plugin.export.openvino_ir import OpenVinoPredictor, write_openvino
from midattr_plugin.export.runtime import OnnxPredictor
from midattr_plugin.predict import Prediction


@pytest.fixture(scope='module')
def exported(onnx_path):
    return OnnxPredictor(onnx_path, batch_size=2, threads=1)


def test_a_prediction_like_that_of_pytorch(exported, predictor, images):
    ours, theirs = exported(images), predictor(images)
    assert isinstance(ours, Prediction)
    assert ours.attributes == theirs.attributes
    assert ours.schema == theirs.schema
    assert len(ours) == len(images)
    for values in (ours.descriptors, *ours.probabilities.values()):
        assert values.dtype == np.float32


def test_kinds_of_images(exported, images, tmp_path):
    array = images[1]
    Image.fromarray(array).save(tmp_path / 'a.png')
    expected = exported(array).descriptors
    for given in (tmp_path / 'a.png', str(tmp_path / 'a.png'), Image.fromarray(array), [array]):
        assert np.array_equal(exported(given).descriptors, expected)
    several = exported(np.stack([array, array]))
    assert np.allclose(several.descriptors, expected, atol=1e-6) and len(several) == 2


def test_images_that_cannot_be_read(exported, images):
    [(prediction, errors), (rest, no_errors)] = exported.outcomes(
        [images[0], 'none.jpg', InputError('no frame')]
    )
    assert len(prediction) == 1 and errors[0] is None and 'none.jpg' in str(errors[1])
    assert len(rest) == 0 and rest.descriptors.shape == (0, prediction.descriptors.shape[1])
    assert str(no_errors[0]) == 'no frame'
    with pytest.raises(InputError, match='no image'):
        exported(np.zeros((4, 4), np.uint8))
    with pytest.raises(InputError, match='no images to predict'):
        exported([])


def test_files_that_are_none(tmp_path, onnx_path):
    with pytest.raises(InputError, match='there is no file ".*none.onnx"'):
        OnnxPredictor(tmp_path / 'none.onnx')
    (tmp_path / 'broken.onnx').write_bytes(onnx_path.read_bytes()[:1000])
    with pytest.raises(InputError, match='"[^"]*broken.onnx" cannot be read as an ONNX file'):
        OnnxPredictor(tmp_path / 'broken.onnx')


@pytest.mark.parametrize(
    'version, words', [(None, 'midattr-export has not written it'), ('9', 'format version 9')]
)
def test_files_of_others(tmp_path, onnx_path, version, words):
    model = onnx.load(onnx_path)
    [entry] = [e for e in model.metadata_props if e.key == 'midattr_format_version']
    assert entry.value == str(FORMAT_VERSION)
    if version is None:
        model.metadata_props.remove(entry)
    else:
        entry.value = version
    onnx.save(model, tmp_path / 'other.onnx')
    with pytest.raises(InputError, match=words):
        OnnxPredictor(tmp_path / 'other.onnx')


def half_of_the_smallest():
    """Of normal numbers; 0 where denormal ones are taken as 0."""
    return torch.tensor([2.0**-126]).mul(0.5).item()


@pytest.mark.parametrize('kind', ['onnxruntime', 'openvino'])
def test_denormal_numbers_of_the_process_stay(onnx_path, images, tmp_path, kind):
    """Other code in it need not want them to be 0."""
    assert half_of_the_smallest() == 2.0**-127
    predict = OnnxPredictor(onnx_path, threads=1)
    if kind == 'openvino':
        pytest.importorskip('openvino')
        write_openvino(onnx_path, tmp_path / 'm.xml', predict.facts)
        predict = OpenVinoPredictor(tmp_path / 'm.xml', threads=1)
    predict(images[:2])
    assert half_of_the_smallest() == 2.0**-127
