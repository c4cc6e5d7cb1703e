"""torchvision's ResNets as backbones: their pretrained weights arrive unchanged.

No network is used.
"""

import pickle
import urllib.error

import pytest
import torch
import torchvision

from midattr_plugin.errors import InputError
from midattr_plugin.models import BACKBONES, ResNet
from midattr_plugin.models.backbones.resnet import NAMES

URL_FILE = 'resnet18-f37072fd.pth'  # torchvision's IMAGENET1K_V1
RESNET18 = BACKBONES['resnet18']


@pytest.fixture(scope='module')
def state():
    return torchvision.models.resnet18().state_dict()


@pytest.fixture(scope='module')
def state_file(state, tmp_path_factory):
    path = tmp_path_factory.mktemp('weights') / 'resnet18.pth'
    torch.save(state, path)
    return path


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """PyTorch's cache of downloads, empty; a download fails as it does without a network."""

    def refuse(*args, **kwargs):
        raise urllib.error.URLError(OSError('Name or service not known'))

    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', refuse)
    folder = tmp_path / 'hub' / 'checkpoints'
    folder.mkdir(parents=True)
    return folder


def state_dict(backbone):
    """Weights of a backbone under torchvision's names."""
    modules = {**backbone.trunk, backbone.tail_name: backbone.tail}
    return {
        f'{name}.{key}': value
        for name, module in modules.items()
        for key, value in module.state_dict().items()
    }


def assert_same(backbone, state):
    loaded = state_dict(backbone)
    for key in set(state) - {'fc.weight', 'fc.bias'}:
        assert torch.equal(loaded[key], state[key]), key


def message(error):
    text = str(error.value)
    assert '\n' not in text
    return text


def test_file_gives_the_same_tensors(state, state_file):
    assert_same(RESNET18(RESNET18.pretrained_state(weights_file=state_file)), state)


def test_named_weights_give_the_same_tensors(state, state_file, cache):
    (cache / URL_FILE).symlink_to(state_file)
    for arguments in ((), ('',), ('IMAGENET1K_V1',), ('DEFAULT',)):
        assert_same(RESNET18(RESNET18.pretrained_state(*arguments)), state)


def test_weights_without_fc_and_without_batch_counters(state):
    old = {
        key: value
        for key, value in state.items()
        if not key.startswith('fc.') and not key.endswith('num_batches_tracked')
    }
    assert_same(RESNET18(old), old)


def test_fc_of_other_classes_is_ignored(state):
    finetuned = state | {'fc.weight': torch.zeros(751, 512), 'fc.bias': torch.zeros(751)}
    assert_same(RESNET18(finetuned), state)


def test_random_weights_differ_between_builds():
    torch.manual_seed(0)
    first, second = (RESNET18().trunk['conv1'].weight for _ in range(2))
    assert not torch.equal(first, second)


@pytest.mark.parametrize('name', NAMES)
def test_is_torchvision_network(name):
    with torch.device('meta'):
        ours = BACKBONES[name]()
        reference = getattr(torchvision.models, name)().state_dict()
    assert isinstance(ours, ResNet)
    assert {key: value.shape for key, value in state_dict(ours).items()} == {
        key: value.shape for key, value in reference.items() if not key.startswith('fc.')
    }


def test_offline_says_which_weights_and_what_to_do(cache):
    with pytest.raises(InputError) as error:
        RESNET18.pretrained_state()
    text = message(error)
    for part in (
        'ResNet18_Weights.IMAGENET1K_V1',
        URL_FILE,
        'Name or service not known',
        'midattr.weights_file',
        'model.pretrained False',
    ):
        assert part in text
    assert error.value.__suppress_context__


def test_empty_file_in_the_cache(cache):
    (cache / URL_FILE).touch()
    with pytest.raises(InputError, match='midattr.weights_file') as error:
        RESNET18.pretrained_state()
    assert str(cache) in message(error)


def test_unknown_name_of_weights(cache):
    with pytest.raises(InputError, match='midattr.weights: .*IMAGENET1K_V1') as error:
        RESNET18.pretrained_state('IMAGENET22K')
    message(error)


def test_unknown_depth():
    with pytest.raises(InputError) as error:
        BACKBONES['resnet20']
    assert message(error).startswith(
        'model.name: unknown backbone "resnet20"; choose from resnet18, resnet34, resnet50, '
        'resnet101, resnet152, '
    )


@pytest.mark.parametrize('stride', [0, 3, 4])
def test_last_stride_that_cannot_be_used(stride):
    with pytest.raises(InputError, match=f'midattr.last_stride: {stride} .* choose 2 or 1'):
        RESNET18(last_stride=stride)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match='midattr.weights_file: there is no file') as error:
        RESNET18.pretrained_state(weights_file=tmp_path / 'none.pth')
    message(error)


def test_empty_and_truncated_file(tmp_path, state_file):
    for number, size in enumerate([0, 100, 100_000]):
        path = tmp_path / f'{number}.pth'
        path.write_bytes(state_file.read_bytes()[:size])
        with pytest.raises(InputError, match=f'midattr.weights_file: "{path}"') as error:
            RESNET18.pretrained_state(weights_file=path)
        message(error)


class Intruder:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), 'w')


def test_file_with_code_is_refused(tmp_path):
    trace = tmp_path / 'trace'
    for number, write in enumerate(
        [torch.save, lambda x, p: p.write_bytes(pickle.dumps(x, protocol=2))]
    ):
        path = tmp_path / f'{number}.pth'
        write({'conv1.weight': Intruder(trace)}, path)
        assert not trace.exists()
        with pytest.raises(InputError, match='code instead of plain weights') as error:
            RESNET18.pretrained_state(weights_file=path)
        message(error)
        assert not trace.exists()


def test_file_that_holds_no_dict(tmp_path):
    torch.save(torch.zeros(3), tmp_path / 'tensor.pth')
    with pytest.raises(InputError, match='holds a Tensor, not a dict'):
        RESNET18.pretrained_state(weights_file=tmp_path / 'tensor.pth')


@pytest.mark.parametrize('change', ['missing', 'unknown', 'shape', 'no tensor'])
def test_weights_of_another_network(state, change):
    state = dict(state)
    if change == 'missing':
        del state['layer4.1.bn2.weight']
    else:
        key = 'layer4.9.bn2.weight' if change == 'unknown' else 'layer4.1.bn2.weight'
        state[key] = 'text' if change == 'no tensor' else torch.zeros(3)
    with pytest.raises(InputError, match='1 of them .*bn2.weight.*model.name') as error:
        RESNET18(state)
    message(error)


def test_weights_of_another_depth(state):
    with pytest.raises(InputError, match="not of torchvision's resnet34"):
        BACKBONES['resnet34'](state)
