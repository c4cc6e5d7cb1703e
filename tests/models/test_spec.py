"""A model described by plain values, and built again from them."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.tiny_model import images
from midattr_plugin import torchreid_compat
from midattr_plugin.datasets import DUKEMTMCREID, MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.models import ModelSpec, midattr_model
from midattr_plugin.models.spec import FORMAT_VERSION

OPTIONS = {
    'defaults': {},
    'global branch': {'branches': ('global',)},
    'part branch': {'branches': ('local',), 'part_dim': 16},
    'part rows': {'part_rows': 3},
    'BNNeck': {'bnneck': True},
    'cosines': {'classifier': 'cosine', 'loss': 'midattr'},
    'non-local blocks': {'non_local': ('res3d', 'res4f')},
    'generalized mean': {'pooling': 'gem'},
    'last stride 1': {'last_stride': 1},
    'mixture': {'schema': MARKET1501, 'attribute_layer': 'mixture'},
    'layers': {
        'schema': MARKET1501.union(DUKEMTMCREID),
        'attribute_layer': 'res4f',
        'layer_overrides': ('age=res5c', 'hat=pool5', 'boots=mixture'),
    },
    'image size': {'image_size': (100, 50), 'descriptor': 'local'},
    'image size and last stride 1': {'image_size': (224, 112), 'last_stride': 1},
    'loss': {'loss': 'triplet', 'dropout': 0.25, 'descriptor': 'global'},
    'everything': {
        'loss': 'midattr',
        'last_stride': 1,
        'schema': DUKEMTMCREID,
        'attribute_layer': 'mixture',
        'bnneck': True,
        'part_dim': 8,
        'image_size': [64, 32],
    },
}
each_option = pytest.mark.parametrize('options', OPTIONS.values(), ids=OPTIONS)


def build(**options):
    return midattr_model(7, pretrained=False, backbone='resnet18', **options)


def save_and_read(spec, path):
    """The spec from a checkpoint, which is read without running code of it."""
    torch.save({'model': spec.as_dict()}, path)
    return ModelSpec.from_dict(torch.load(path, weights_only=True)['model'])


def test_a_checkpoint_from_before_an_option():
    """It has the model of then, which is the default."""
    content = build().spec.as_dict()
    for name in ('pooling', 'non_local', 'classifier'):
        del content['options'][name]
    model = ModelSpec.from_dict(content).build()
    assert shapes(model) == shapes(build())
    assert (model.pooling, model.non_local, model.has_cosines) == (None, None, False)


def shapes(model):
    return {key: tuple(value.shape) for key, value in model.state_dict().items()}


def is_plain(value):
    if isinstance(value, dict):
        return all(type(key) is str and is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(is_plain, value))
    return value is None or type(value) in (str, int, float, bool)


@each_option
def test_round_trip_through_a_checkpoint(options, tmp_path):
    with torch.device('meta'):
        spec = build(**options).spec
    assert is_plain(spec.as_dict())
    again = save_and_read(spec, tmp_path / 'model.pth')
    assert again.as_dict() == spec.as_dict()
    assert (again.name, again.num_classes, again.backbone) == ('midattr_resnet18', 7, 'resnet18')
    assert again.loss == options.get('loss', 'softmax')
    assert again.last_stride == options.get('last_stride', 2)
    assert tuple(again.image_size) == tuple(options.get('image_size', (256, 128)))


@each_option
def test_the_model_that_is_built_has_the_same_weights(options, tmp_path):
    """The same names and shapes, in the same order, and the same settings."""
    with torch.device('meta'):
        model = build(**options)
        again = save_and_read(model.spec, tmp_path / 'model.pth').build()
    assert list(shapes(again).items()) == list(shapes(model).items())
    for name in ('branches', 'loss', 'dropout', 'part_rows', 'feature_dim', 'descriptor_slices'):
        assert getattr(again, name) == getattr(model, name), name


@torch.no_grad()
@pytest.mark.parametrize('options', ['layers', 'loss', 'everything'])
def test_the_model_that_is_built_computes_the_same(options, tmp_path):
    model = build(**OPTIONS[options])
    model(images())  # statistics of its own
    again = save_and_read(model.spec, tmp_path / 'model.pth').build()
    again.load_state_dict(model.state_dict())
    expected, output = (m.eval()(images(), return_dict=True) for m in (model, again))
    assert torch.equal(output['descriptor'], expected['descriptor'])
    assert list(output['attribute_logits']) == list(expected['attribute_logits'])
    for name, logits in expected['attribute_logits'].items():
        assert torch.equal(output['attribute_logits'][name], logits), name


def test_attributes_keep_their_classes_and_parts(tmp_path):
    spec = ModelSpec('midattr_resnet18_duke', 3, backbone='resnet18', schema=DUKEMTMCREID)
    schema = save_and_read(spec, tmp_path / 'model.pth').schema
    assert schema.name == DUKEMTMCREID.name
    assert [(a.name, a.classes, a.parts) for a in schema] == [
        (a.name, a.classes, a.parts) for a in DUKEMTMCREID
    ]


def test_a_spec_of_a_built_model_builds_it_again():
    """As often as one likes: the spec goes with the model."""
    with torch.device('meta'):
        model = build(schema=MARKET1501, image_size=(224, 112))
        assert shapes(model.spec.build().spec.build()) == shapes(model)


@pytest.mark.parametrize('height, last_stride', [(256, 2), (224, 2), (100, 1)])
def test_rows_that_were_not_given_follow_the_image_size(height, last_stride):
    spec = ModelSpec(
        'own', 3, backbone='resnet18', last_stride=last_stride, image_size=(height, height // 2)
    )
    with torch.device('meta'):
        given = build(last_stride=last_stride, image_size=(height, height // 2))
        assert spec.build().part_rows == given.part_rows


def test_numbers_of_numpy(tmp_path):
    options = {'part_dim': np.int64(8), 'bnneck': np.bool_(True), 'image_size': np.array([64, 32])}
    spec = build(**options).spec
    read = save_and_read(spec, tmp_path / 'spec')
    assert read.options['part_dim'] == 8 and read.options['bnneck'] is True
    assert list(read.image_size) == [64, 32]
    assert shapes(read.build()) == shapes(build(**options))


def test_a_model_of_torchreid(tmp_path):
    spec = ModelSpec('osnet_x0_25', 7, loss='triplet', image_size=(64, 32))
    again = save_and_read(spec, tmp_path / 'model.pth')
    with torch.device('meta'):
        expected = torchreid_compat.models.build_model(
            'osnet_x0_25', 7, loss='triplet', pretrained=False
        )
        model = again.build()
    assert type(model) is type(expected) and model.loss == 'triplet'
    assert list(shapes(model).items()) == list(shapes(expected).items())


@pytest.mark.parametrize(
    'spec, words',
    [
        (ModelSpec('osnet_x9', 7), 'model "osnet_x9" is unknown to this torchreid; import'),
        (
            ModelSpec('midattr_vit', 7, backbone='vit'),
            'backbone "vit" of model "midattr_vit" is not registered; import .*--models lists',
        ),
    ],
)
def test_models_that_are_not_registered(spec, words):
    with pytest.raises(InputError, match=words) as error:
        spec.build()
    assert '\n' not in str(error.value)


def test_a_newer_format_is_refused():
    content = ModelSpec('resnet18', 7).as_dict()
    assert content['format_version'] == FORMAT_VERSION
    newer = content | {'format_version': FORMAT_VERSION + 1, 'unheard_of': 1}
    with pytest.raises(InputError) as error:
        ModelSpec.from_dict(newer)
    assert str(error.value) == (
        f'the model has the format version {FORMAT_VERSION + 1}, but this version of '
        f'midattr_plugin reads up to {FORMAT_VERSION}; update it'
    )


def test_reading_leaves_the_content_as_it_is():
    content = ModelSpec('resnet18', 7, schema=MARKET1501).as_dict()
    copied = ModelSpec('resnet18', 7, schema=MARKET1501).as_dict()
    ModelSpec.from_dict(content)
    assert content == copied


@pytest.mark.parametrize('size', [(128, 256), (61, 40), (16, 32)])
def test_preprocessing_is_torchreids(size):
    spec = ModelSpec(
        'resnet18', 7, image_size=(64, 32), norm_mean=[0.1, 0.2, 0.3], norm_std=(0.9, 0.8, 0.7)
    )
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    image = Image.fromarray(pixels)
    _, expected = torchreid_compat.data.transforms.build_transforms(
        64, 32, 'random_flip', [0.1, 0.2, 0.3], [0.9, 0.8, 0.7]
    )
    tensor = spec.preprocess()(image)
    assert tensor.shape == (3, 64, 32) and tensor.dtype == torch.float32
    assert torch.equal(tensor, expected(image))


def test_normalization_is_that_of_imagenet_unless_given():
    """Mean and deviation of R, G, B, by hand on an image of one color."""
    tensor = ModelSpec('resnet18', 7, image_size=(8, 4)).preprocess()(
        Image.new('RGB', (4, 8), (255, 0, 51))
    )
    expected = [(1 - 0.485) / 0.229, (0 - 0.456) / 0.224, (0.2 - 0.406) / 0.225]
    torch.testing.assert_close(tensor, torch.tensor(expected)[:, None, None].expand(3, 8, 4))


def test_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ModelSpec('resnet18', 7).num_classes = 8


@pytest.mark.parametrize('content', [{'name': 'x'}, {'name': 'x', 'schema': None, 'colour': 1}])
def test_an_incomplete_description_is_refused(content):
    with pytest.raises(InputError, match='incomplete or damaged .*schema|incomplete .*colour'):
        ModelSpec.from_dict(content)
