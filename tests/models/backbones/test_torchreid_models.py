"""torchreid's networks as backbones: their weights arrive whole; no network is used."""

import sys
import types

import pytest
import torch

from midattr_plugin import build, torchreid_compat
from midattr_plugin.config import load_config
from midattr_plugin.errors import InputError
from midattr_plugin.models import BACKBONES, MODELS
from midattr_plugin.models.complexity import multiply_adds

OSNET = BACKBONES['osnet_x0_25']


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The folder of PyTorch's files, empty, and no way to fill it."""

    def refuse(*args, **kwargs):
        raise ConnectionError('no route to host')

    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    monkeypatch.setattr(torch.hub, '_hub_dir', None)
    module = types.ModuleType('gdown')
    module.download = refuse
    monkeypatch.setitem(sys.modules, 'gdown', module)
    return tmp_path


@pytest.fixture
def state():
    torch.manual_seed(7)
    network = torchreid_compat.models.build_model('osnet_x0_25', 9, pretrained=False, use_gpu=False)
    return network.state_dict()


def own_weights(model, branch=''):
    """Weights of a model under torchreid's names: conv2_0 stands for conv2.0."""
    weights = {}
    for child in ('s8', f's16{branch}'):
        for name, value in getattr(model, child).state_dict().items():
            module, _, rest = name.partition('.')
            weights[f'{module.replace("_", ".")}.{rest}'] = value
    return weights


@pytest.mark.parametrize('prefix', ['', 'module.'])
@pytest.mark.parametrize('wrapped', [False, True])
def test_weights_of_a_file_reach_trunk_and_both_tails(tmp_path, state, prefix, wrapped):
    content = {f'{prefix}{name}': value for name, value in state.items()}
    torch.save({'state_dict': content, 'epoch': 3} if wrapped else content, tmp_path / 'o.pth')
    model = MODELS['midattr_osnet_x0_25_market'](
        3, weights_file=str(tmp_path / 'o.pth'), attribute_layer='s8'
    )
    expected = {
        name: value
        for name, value in state.items()
        if name.split('.')[0] not in ('fc', 'classifier')
    }
    for branch in ('', '_part'):
        weights = own_weights(model, branch)
        assert weights.keys() == expected.keys()
        for name, value in expected.items():
            assert torch.equal(weights[name], value), name


def test_weights_where_torchreid_puts_them(home, state):
    path = home / 'checkpoints/osnet_x0_25_imagenet.pth'
    path.parent.mkdir()
    torch.save(state, path)
    cfg = load_config(
        opts=['model.name', 'midattr_osnet_x0_25', 'use_gpu', False, 'data.height', 64]
    )
    before = torch.get_rng_state()
    OSNET.pretrained_state()
    assert torch.equal(torch.get_rng_state(), before)
    model = build.build_model(cfg, 3)
    assert model.started_from == 'pretrained'
    for name, value in own_weights(model).items():
        assert torch.equal(value, state[name]), name


@pytest.mark.parametrize('mean, notes', [('[0.485, 0.456, 0.406]', 1), ('[0.5, 0.5, 0.5]', 0)])
def test_another_normalization_is_said(state, tmp_path, monkeypatch, capsys, mean, notes):
    torch.save(state, tmp_path / 'o.pth')
    own = (0.5, 0.5, 0.5), (0.229, 0.224, 0.225)
    monkeypatch.setattr(OSNET, 'normalization', lambda: own)
    pairs = ['midattr.weights_file', str(tmp_path / 'o.pth'), 'data.norm_mean', mean]
    cfg = load_config(opts=['model.name', 'midattr_osnet_x0_25', 'use_gpu', False, *pairs])
    build.build_model(cfg, 3)
    printed = capsys.readouterr().out
    assert printed.count('are of images with data.norm_mean [0.5, 0.5, 0.5] and data.norm') == notes


def test_weights_without_a_network(home):
    with pytest.raises(InputError) as error:
        OSNET.pretrained_state()
    text = str(error.value)
    assert '\n' not in text
    assert text.startswith('model.pretrained: the weights of "osnet_x0_25" could not be downloaded')
    assert 'no route to host' in text and text.endswith('set model.pretrained False')


def test_there_is_one_kind_of_weights():
    with pytest.raises(InputError, match='midattr.weights: torchreid has weights of one kind'):
        OSNET.pretrained_state('IMAGENET1K_V1')


def test_weights_of_another_network(state):
    with pytest.raises(InputError, match="not of torchreid's osnet_x0_5: .* of the same network"):
        BACKBONES['osnet_x0_5'](state)


def test_what_attributes_and_a_second_branch_cost():
    """OSNet x1_0 with both over plain OSNet x1_0 at 256 x 128."""
    with torch.device('meta'):
        plain = torchreid_compat.models.build_model('osnet_x1_0', 751, pretrained=False)
        ours = MODELS['midattr_osnet_x1_0_market'](751, pretrained=False, attribute_layer='s8')
    ratio = multiply_adds(ours, 256, 128) / multiply_adds(plain, 256, 128)
    print(ratio)
    assert 1 < ratio < 1.3
