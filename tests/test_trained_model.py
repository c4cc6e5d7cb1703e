"""A trained model from nothing but its checkpoint."""

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from helpers.fake_market import write_market_tree
from helpers.tiny_model import images
from helpers.tiny_run import SETTINGS, arguments, write_config
from midattr_plugin import load_model, read_image, torchreid_compat
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.engine.checkpoint_file import read_checkpoint, restore_model, save_checkpoint
from midattr_plugin.errors import InputError
from midattr_plugin.models import MODELS, MidAttrNet, ModelSpec
from midattr_plugin.train import main

NUM_IDS = 4
OPTIONS = {
    'defaults': {},
    'one branch': {'branches': ('global',), 'attribute_layer': 'pool5'},
    'everything': {
        'last_stride': 1,
        'bnneck': True,
        'classifier': 'cosine',
        'pooling': 'gem',
        'non_local': ['res4f'],
        'attribute_layer': 'mixture',
        'layer_overrides': ['upper_color=res4f'],
        'descriptor': 'local',
    },
}


def trained(name='midattr_resnet18_market', **options):
    """A model with batch statistics and mixture weights of its own."""
    options = {'image_size': (64, 32), 'part_dim': 8} | options
    model = MODELS[name](NUM_IDS, 'midattr', pretrained=False, **options)
    with torch.no_grad():
        model(images())
        if model.schema is not None and model.attribute_heads.mixture is not None:
            torch.nn.init.normal_(model.attribute_heads.mixture.logits)
    return model


def save(model, path, spec=True):
    """A checkpoint as the engine writes it, or without the facts about the model."""
    content = {'state_dict': model.state_dict(), 'epoch': 3, 'rank1': np.float64(0.5)}
    if spec:
        content['model'] = model.spec.as_dict()
    save_checkpoint(content, path)
    return path


def in_old_names(state):
    """Names of the weights in version 0.1 of this project."""
    return {
        key.replace('attribute_heads.', 'attributes.').replace('_color', '_colour'): value
        for key, value in state.items()
    }


@torch.no_grad()
def assert_same_outputs(model, other):
    expected, output = (m(images(), return_dict=True) for m in (model.eval(), other))
    assert list(output) == list(expected) == ['features', 'descriptor', 'attribute_logits']
    assert torch.equal(output['descriptor'], expected['descriptor'])
    assert torch.equal(other(images()), expected['descriptor'])
    for group in ('features', 'attribute_logits'):
        assert list(output[group]) == list(expected[group])
        for name, value in expected[group].items():
            assert torch.equal(output[group][name], value), name


@pytest.mark.parametrize('options', OPTIONS.values(), ids=OPTIONS)
def test_outputs_are_those_of_the_trained_model(options, tmp_path):
    model = trained(**options)
    loaded = load_model(save(model, tmp_path / 'model.pth'))
    assert isinstance(loaded, MidAttrNet)
    assert not any(module.training for module in loaded.modules())
    assert {p.device.type for p in loaded.parameters()} == {'cpu'}
    assert loaded.spec.as_dict() == model.spec.as_dict()
    assert_same_outputs(model, loaded)


def test_path_may_be_a_string(tmp_path):
    model = trained('midattr_resnet18')
    assert_same_outputs(model, load_model(str(save(model, tmp_path / 'model.pth'))))


@torch.no_grad()
def test_from_an_image_file_to_attributes_and_descriptor(tmp_path):
    """As a user does it, against torchreid's transform of a test."""
    model = trained()
    pixels = np.random.default_rng(0).integers(0, 256, (50, 30, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned
    Image.fromarray(pixels).save(tmp_path / 'person.png', exif=exif)
    loaded = load_model(save(model, tmp_path / 'model.pth'))

    image = read_image(str(tmp_path / 'person.png'))
    tensor = loaded.preprocess(image)
    assert torch.equal(tensor, loaded.preprocess(Image.open(tmp_path / 'person.png')))
    _, transform = torchreid_compat.data.transforms.build_transforms(64, 32)
    assert tensor.shape == (3, 64, 32) and tensor.dtype == torch.float32
    assert torch.equal(tensor, transform(image))

    output = loaded(tensor[None], return_dict=True)
    assert output['descriptor'].shape == (1, model.feature_dim)
    (attributes,) = loaded.schema.decode(output['attribute_logits'])
    expected = model.eval()(transform(image)[None], return_dict=True)['attribute_logits']
    assert attributes == {
        attribute.name: attribute.classes[int(expected[attribute.name].argmax())]
        for attribute in MARKET1501
    }


def test_a_model_of_torchreid(tmp_path):
    model = torchreid_compat.models.build_model('osnet_x0_25', NUM_IDS, pretrained=False)
    model.spec = ModelSpec('osnet_x0_25', NUM_IDS, image_size=(64, 32))
    loaded = load_model(save(model, tmp_path / 'model.pth'))
    assert loaded.spec.as_dict() == model.spec.as_dict()
    with torch.no_grad():
        assert torch.equal(loaded(images()), model.eval()(images()))
    assert loaded.preprocess(Image.new('RGB', (9, 9))).shape == (3, 64, 32)


@pytest.mark.parametrize('facts', [{}, {'model': None}])
def test_a_checkpoint_that_does_not_describe_its_model(facts, tmp_path):
    path = tmp_path / 'old.pth'
    torch.save({'state_dict': trained().state_dict()} | facts, path)
    with pytest.raises(InputError) as error:
        load_model(path)
    text = str(error.value)
    assert text.startswith(f'checkpoint "{path}" does not say which model it is of')
    for part in (
        'number of identities',
        'attributes',
        'size of the images',
        'version 0.1',
        'give the configuration of its training: load_model(path, config_file="config.yaml")',
    ):
        assert part in text
    assert '\n' not in text


@pytest.mark.parametrize('old_names', [False, True])
@pytest.mark.parametrize('bare', [False, True])
def test_with_a_configuration_it_loads(bare, old_names, tmp_path):
    model = trained(
        'midattr_tiny_market', image_size=(32, 16), part_dim=SETTINGS['midattr']['part_dim']
    )
    state = model.state_dict()
    if old_names:
        state = in_old_names(state)
        assert 'attributes.heads.upper_colour.weight' in state
    path = tmp_path / 'old.pth'
    torch.save(state if bare else {'state_dict': state, 'epoch': 3}, path)
    loaded = load_model(path, config_file=write_config(tmp_path / 'config.yaml'))
    facts, expected = loaded.spec.as_dict(), model.spec.as_dict()
    options = facts.pop('options')
    assert options == options | expected.pop('options')  # and those left at their defaults
    assert facts == expected
    assert not any(module.training for module in loaded.modules())
    assert loaded.preprocess(Image.new('RGB', (9, 9))).shape == (3, 32, 16)
    assert_same_outputs(model, loaded)


def test_a_configuration_that_differs_is_refused(tmp_path):
    """One of them would be ignored: here the normalization of the images."""
    model = trained(
        'midattr_tiny_market', image_size=(32, 16), part_dim=SETTINGS['midattr']['part_dim']
    )
    config = tmp_path / 'config.yaml'
    config.write_text(
        yaml.safe_dump(SETTINGS | {'data': SETTINGS['data'] | {'norm_mean': [0.0, 0.0, 0.0]}})
    )
    path = save(model, tmp_path / 'model.pth')
    gray = Image.new('RGB', (9, 9), (51, 51, 51))
    tensor = load_model(path).preprocess(gray)
    torch.testing.assert_close(tensor[0, 0, 0], torch.tensor((0.2 - 0.485) / 0.229))
    with pytest.raises(InputError, match=r'differ in norm_mean\); leave config_file out'):
        load_model(path, config)


@pytest.mark.parametrize('name, value', [('descriptor', 'global'), ('freeze_bn', True)])
def test_a_configuration_with_other_options_is_refused(tmp_path, name, value):
    """Also where the weights are the same; an option that the checkpoint lacks came later."""
    model = trained('midattr_tiny_market', image_size=(32, 16), part_dim=8, **{name: value})
    path, config = tmp_path / 'model.pth', write_config(tmp_path / 'config.yaml')
    with pytest.raises(InputError, match=rf'\(they differ in {name}\); leave config_file out'):
        load_model(save(model, path), config)
    del model.spec.options[name]
    load_model(save(model, path), config)


def test_a_model_of_torchreid_with_a_configuration(tmp_path):
    model = torchreid_compat.models.build_model('osnet_x0_25', NUM_IDS, pretrained=False)
    path = tmp_path / 'osnet.pth'
    torch.save({'state_dict': model.state_dict(), 'rank1': np.float64(0.5)}, path)
    config = tmp_path / 'config.yaml'
    config.write_text(
        yaml.safe_dump(
            {
                'model': {'name': 'osnet_x0_25'},
                'data': {'height': 64, 'width': 32},
                'loss': {'name': 'triplet'},
            }
        )
    )
    loaded = load_model(path, config)
    assert loaded.spec == ModelSpec(
        'osnet_x0_25',
        NUM_IDS,
        'triplet',
        image_size=(64, 32),
        norm_mean=[0.485, 0.456, 0.406],
        norm_std=[0.229, 0.224, 0.225],
    )
    with torch.no_grad():
        assert torch.equal(loaded(images()), model.eval()(images()))


def test_a_configuration_of_another_architecture(tmp_path):
    model = trained(
        'midattr_tiny_market', image_size=(32, 16), part_dim=SETTINGS['midattr']['part_dim'] + 1
    )
    config = write_config(tmp_path / 'config.yaml')
    with pytest.raises(InputError, match='is of another architecture: .*part_reduction') as error:
        load_model(save(model, tmp_path / 'model.pth', spec=False), config)
    assert '\n' not in str(error.value)


def test_a_state_dict_without_identities(tmp_path):
    state = {key: x for key, x in trained().state_dict().items() if 'classifier' not in key}
    torch.save(state, tmp_path / 'headless.pth')
    with pytest.raises(InputError, match='has no classifier of identities') as error:
        load_model(tmp_path / 'headless.pth', write_config(tmp_path / 'config.yaml'))
    assert '\n' not in str(error.value)


def test_a_checkpoint_of_a_newer_version(tmp_path):
    model = trained('midattr_resnet18')
    path = tmp_path / 'newer.pth'
    facts = model.spec.as_dict() | {'format_version': 99}
    torch.save({'state_dict': model.state_dict(), 'model': facts}, path)
    with pytest.raises(InputError, match='format version 99'):
        load_model(path)


def test_a_missing_checkpoint(tmp_path):
    with pytest.raises(InputError, match='none.pth" does not exist'):
        load_model(tmp_path / 'none.pth')


@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_weights_in_the_old_names_are_those_of_today(prefix, tmp_path):
    model = trained(attribute_layer='mixture')
    state = model.state_dict()
    old = {prefix + key: value for key, value in in_old_names(state).items()}
    assert f'{prefix}attributes.heads.lower_colour.res3d.bias' in old
    assert f'{prefix}attributes.mixture.logits' in old
    torch.save({'state_dict': old}, tmp_path / 'old.pth')
    checkpoint = read_checkpoint(tmp_path / 'old.pth')
    assert list(checkpoint['state_dict']) == list(state)
    assert all(torch.equal(checkpoint['state_dict'][key], state[key]) for key in state)
    other = MODELS['midattr_resnet18_market'](
        NUM_IDS, pretrained=False, attribute_layer='mixture', image_size=(64, 32), part_dim=8
    )
    restore_model(other, checkpoint, tmp_path / 'old.pth')
    assert_same_outputs(model, other.eval())


def test_todays_names_are_left_as_they_are(tmp_path):
    """Also where a part of a name looks like an old one."""
    state = {name: torch.zeros(1) for name in ('stem.attributes.weight', 'head_colour.weight')}
    torch.save(state, tmp_path / 'state.pth')
    assert list(read_checkpoint(tmp_path / 'state.pth')['state_dict']) == list(state)


def test_checkpoint_of_a_training(tmp_path):
    """Its preprocessing is that of the test images of the training."""
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3))
    pairs = ['data.norm_mean', '[0.1, 0.2, 0.3]', 'train.max_epoch', 1]
    assert main(arguments(tmp_path, *pairs)) == 0
    path, config = tmp_path / 'log/model/model.pth.tar-best', tmp_path / 'log/config.yaml'
    model = load_model(path)
    assert (model.spec.name, model.spec.num_classes) == ('midattr_tiny_market', 4)
    assert (list(model.spec.image_size), list(model.spec.norm_mean)) == ([32, 16], [0.1, 0.2, 0.3])
    image = next((tmp_path / 'market1501').rglob('query/*.jpg'))
    expected = torchreid_compat.ImageDataManager(
        root=str(tmp_path),
        sources='market1501_attr',
        height=32,
        width=16,
        norm_mean=[0.1, 0.2, 0.3],
        use_gpu=False,
        norm_std=[0.229, 0.224, 0.225],
    ).transform_te(read_image(str(image)))
    assert torch.equal(model.preprocess(read_image(str(image))), expected)
    assert load_model(path, config).spec.as_dict() == model.spec.as_dict()


def test_configuration_of_another_model(tmp_path):
    path = save(trained('midattr_resnet18', image_size=(32, 16)), tmp_path / 'model.pth')
    other = write_config(tmp_path / 'config.yaml')  # of midattr_tiny_market
    with pytest.raises(InputError, match=r'describes another model .*differ in name, .*backbone'):
        load_model(path, other)
    of_torchreid = {'model': {'name': 'osnet_x0_25'}, 'data': {'height': 32, 'width': 16}}
    other.write_text(yaml.safe_dump(of_torchreid))  # which has none of the options
    with pytest.raises(InputError, match=r'differ in name, loss, backbone\)'):
        load_model(path, other)
