"""What a user reads if the weights of a model of torchreid cannot be had; no network is used."""

import sys
import types

import pytest
import requests
import torch

from midattr_plugin import build, torchreid_compat
from midattr_plugin.config import load_config
from midattr_plugin.errors import InputError


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The folder of PyTorch's files, empty."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    monkeypatch.setattr(torch.hub, '_hub_dir', None)
    return tmp_path


def stub_gdown(monkeypatch, download):
    module = types.ModuleType('gdown')
    module.download = download
    monkeypatch.setitem(sys.modules, 'gdown', module)


def fails_with(error):
    def download(*args, **kwargs):
        raise error.with_traceback(None)  # of an earlier test

    return download


def sentence(name):
    cfg = load_config(opts=['model.name', name, 'use_gpu', False])
    with pytest.raises(InputError) as caught:
        build.build_model(cfg, 3)
    assert '\n' not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    'download, reason',
    [
        (fails_with(requests.ConnectionError('no route to host')), 'no route to host'),
        (fails_with(requests.Timeout()), 'Timeout'),
        (
            fails_with(RuntimeError('Too many users:\n\n\thave seen it')),
            'Too many users: have seen it',
        ),
        (lambda *args, **kwargs: None, 'the download ended without a file'),
    ],
)
@pytest.mark.parametrize('name', ['osnet_x0_25', 'osnet_ain_x0_25'])
def test_osnet_offline(home, monkeypatch, download, reason, name):
    stub_gdown(monkeypatch, download)
    assert sentence(name) == (
        f'model.pretrained: the weights of "{name}" could not be downloaded ({reason}); get the '
        f'file that torchreid names for this model elsewhere and put it at '
        f'"{home}/checkpoints/{name}_imagenet.pth", or set model.pretrained False'
    )


def test_osnet_with_the_file_put_there(home, monkeypatch, capsys):
    stub_gdown(monkeypatch, fails_with(AssertionError('it is there')))
    model = torchreid_compat.models.build_model('osnet_x0_25', 9, pretrained=False, use_gpu=False)
    state = {key: torch.ones_like(value) * 0.3 for key, value in model.state_dict().items()}
    path = home / 'checkpoints/osnet_x0_25_imagenet.pth'
    path.parent.mkdir()
    torch.save(state, path)
    cfg = load_config(opts=['model.name', 'osnet_x0_25', 'use_gpu', False])
    built = build.build_model(cfg, 3)  # the classifier is of 9 identities
    assert built.started_from == 'pretrained'
    assert built.fc[0].weight.unique().tolist() == pytest.approx([0.3])
    path.write_bytes(b'broken')
    assert sentence('osnet_x0_25').startswith(
        f'model.pretrained: the weights of "osnet_x0_25" cannot be read from "{path}" ('
    )


def test_without_gdown(home, monkeypatch):
    monkeypatch.setitem(sys.modules, 'gdown', None)
    assert 'needs the package gdown, which is not installed; run pip install gdown' in sentence(
        'osnet_x0_25'
    )


@pytest.mark.parametrize(
    'error', [ConnectionResetError('reset by peer'), TimeoutError('timed out')]
)
def test_other_models_offline(home, monkeypatch, error):
    monkeypatch.setattr(torch.hub, 'download_url_to_file', fails_with(error))
    text = sentence('resnet50')
    assert f'could not be downloaded ({error})' in text
    assert f'put it at "{home}/hub/checkpoints/resnet50-19c8e357.pth"' in text


@pytest.mark.parametrize('name', ['mlfn', 'hacnn', 'shufflenet', 'shufflenet_v2_x1_5'])
@pytest.mark.filterwarnings('ignore:The imagenet', 'ignore:ImageNet')
def test_models_without_weights_are_refused(home, name):
    assert sentence(name) == (
        f'model.pretrained is True, but "{name}" has got pretrained weights for 0% of its layers, '
        'without those that are always new: set it to False to start from random weights, or give '
        'a file of weights as model.load_weights'
    )
    for pairs in (['model.pretrained', False], ['model.load_weights', 'x']):
        cfg = load_config(opts=['model.name', name, 'use_gpu', False, *pairs])
        assert build.build_model(cfg, 3).started_from == 'random'


def test_weights_that_fit_only_in_part(home, monkeypatch, capsys):
    """torchreid leaves out what does not fit; here that is all but the first layer, or only fc."""
    whole = torchreid_compat.models.build_model('resnet18', 3, pretrained=False, use_gpu=False)
    state = {key: value + 1 for key, value in whole.state_dict().items()}
    given = {'conv1.weight': state['conv1.weight']}
    resnet = sys.modules[type(whole).__module__]
    monkeypatch.setattr(resnet.model_zoo, 'load_url', lambda url: given)
    assert 'pretrained weights for 0% of its layers' in sentence('resnet18')
    given.update((key, value) for key, value in state.items() if not key.startswith('layer1'))
    cfg = load_config(opts=['model.name', 'resnet18', 'use_gpu', False])
    assert build.build_model(cfg, 3).started_from == 'pretrained'
    assert 'Pretrained weights: 99% of those of resnet18; none in layer1' in capsys.readouterr().out
