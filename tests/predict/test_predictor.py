"""A trained model as a function of images."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from helpers.fake_market import write_image
from helpers.tiny_checkpoint import write_checkpoint
from helpers.tiny_training import train_tiny
from midattr_plugin import load_model, torchreid_compat
from midattr_plugin.engine.mirrored import network_output
from midattr_plugin.engine.precision import Precision
from midattr_plugin.errors import InputError
from midattr_plugin.predict.predictor import Predictor


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A checkpoint of a tiny model, and a folder of seven images of several sizes."""
    folder = tmp_path_factory.mktemp('run')
    path = train_tiny(folder)
    for number in range(7):
        write_image(folder / f'crops/{number}.png', number, size=(10 + number, 40 - number))
    return path, sorted((folder / 'crops').iterdir())


def one_by_one(path, images):
    """The same with nothing but the model."""
    model = load_model(path)
    with torch.no_grad():
        return [
            model(model.preprocess(Image.open(image))[None], return_dict=True) for image in images
        ]


@pytest.mark.parametrize('batch_size', [1, 3, 7, 64])
def test_equals_the_model(trained, batch_size):
    path, images = trained
    prediction = Predictor(path, use_gpu=False, precision='fp32', batch_size=batch_size)(images)
    expected = one_by_one(path, images)
    assert len(prediction) == 7
    for number, output in enumerate(expected):
        assert np.allclose(prediction.descriptors[number], output['descriptor'][0], atol=1e-6)
        for name, logits in output['attribute_logits'].items():
            assert np.allclose(
                prediction.probabilities[name][number], logits[0].softmax(0), atol=1e-6
            )
    schema = load_model(path).schema
    assert prediction.attributes == [
        schema.decode(output['attribute_logits'])[0] for output in expected
    ]


def test_kinds_of_images(trained):
    path, images = trained
    predict = Predictor(path, use_gpu=False)
    expected = predict(images[2]).descriptors
    opened = Image.open(images[2])
    array = np.asarray(opened.convert('RGB'))
    for given in (str(images[2]), opened, array, [array], iter([images[2]])):
        assert np.array_equal(predict(given).descriptors, expected)


def test_batches_are_read_when_they_are_needed(trained):
    """Two of them, however many images there are."""
    path, images = trained
    seen = []

    def endless():
        while True:
            seen.append(None)
            yield images[0]

    batches = Predictor(path, use_gpu=False, batch_size=2).batches(endless())
    assert len(next(batches)) == 2
    assert len(seen) == 4
    batches.close()


@pytest.mark.parametrize(
    'image, words',
    [
        (np.zeros((4, 4), np.uint8), r'shape \(4, 4\) and type uint8 is no image'),
        (np.zeros((4, 4, 3)), 'type float64 is no image'),
        ('none.jpg', 'image "none.jpg" is missing'),
    ],
)
def test_no_images(trained, image, words):
    predict = Predictor(trained[0], use_gpu=False)
    with pytest.raises(InputError, match=words):
        predict(image)
    with pytest.raises(InputError, match='no images to predict'):
        predict([])


def test_pairs(trained):
    """Shares sum to the cosine of the descriptors; images may be given as the model sees them."""
    path, images = trained
    predict = Predictor(path, use_gpu=False, precision='fp32')
    a, b = predict(images[:2]).descriptors
    expected = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    for pair in (images[:2], [predict.read(image) for image in images[:2]]):
        found = predict.explain_pair(*pair)
        for maps, rest in (
            (found.query_map, found.query_rest),
            (found.gallery_map, found.gallery_rest),
        ):
            assert abs(float(maps.sum() + rest) - expected) < 1e-5
    with pytest.raises(InputError, match='image "none.jpg" is missing'):
        predict.explain_pair(images[0], 'none.jpg')


def test_answers_that_are_not_finite(trained, tmp_path):
    path, images = trained
    content = torch.load(path, weights_only=True)
    next(iter(content['state_dict'].values()))[:] = float('nan')
    torch.save(content, tmp_path / 'broken.pth')
    predict = Predictor(tmp_path / 'broken.pth', use_gpu=False, precision='fp32')
    with pytest.raises(InputError, match='broken.pth" are not finite in fp32; set the precision'):
        predict(images)


class Viewing(nn.Module):
    """A model of torchreid that views its maps, which only the usual layout of them allows."""

    def __init__(self, num_classes, **options):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=4)

    def forward(self, x):
        maps = self.conv(x)
        return maps.view(len(maps), -1)


def test_model_of_torchreid(tmp_path, monkeypatch):
    monkeypatch.setitem(torchreid_compat._model_factory, 'viewing', Viewing)
    facts = {'name': 'viewing', 'backbone': '', 'options': {}, 'schema': None, 'loss': 'softmax'}
    path = write_checkpoint(tmp_path / 'm.pth', **facts)
    image = np.full((20, 10, 3), 7, np.uint8)
    prediction = Predictor(path, use_gpu=False, precision='fp32')(image)
    model = load_model(path)
    with torch.no_grad():
        expected = model(model.preprocess(Image.fromarray(image))[None])
    assert np.allclose(prediction.descriptors, expected, atol=1e-5)
    assert prediction.attributes == [{}]


def test_with_mirror_images(trained):
    """The same answers for an image and its mirror image, and the means of both of them."""
    path, images = trained
    predict = Predictor(path, use_gpu=False, precision='fp32', flip=True)
    tensors = torch.stack([predict.read(image) for image in images])
    with torch.no_grad():
        expected = network_output(predict.model, tensors, Precision('fp32', 'cpu'), flip=True)
    prediction = predict(images)
    np.testing.assert_allclose(prediction.descriptors, expected['descriptor'], atol=1e-6)
    for name, logits in expected['attribute_logits'].items():
        np.testing.assert_allclose(prediction.probabilities[name], logits.softmax(1), atol=1e-6)
    array = np.asarray(Image.open(images[0]).convert('RGB').resize((16, 32)))
    one, other = predict(array), predict(np.ascontiguousarray(array[:, ::-1]))
    np.testing.assert_array_equal(one.descriptors, other.descriptors)
    plain = Predictor(path, use_gpu=False, precision='fp32')(images)
    assert not np.allclose(plain.descriptors, prediction.descriptors)


def test_a_model_of_torchreid_with_mirror_images(tmp_path):
    path = write_checkpoint(
        tmp_path / 'x', name='osnet_x0_25', loss='softmax', backbone=None, options={}, schema=None
    )
    predict = Predictor(path, use_gpu=False, precision='fp32', flip=True)
    image = np.random.default_rng(0).integers(0, 256, (64, 32, 3), np.uint8)
    tensor = predict.read(image)[None]
    with torch.no_grad():
        expected = (predict.model(tensor) + predict.model(tensor.flip(3))) / 2
    np.testing.assert_allclose(predict(image).descriptors, expected, atol=1e-5)
