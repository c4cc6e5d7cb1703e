"""Modules named by midattr.extensions; what they register is taken back after each test."""

import json

import pytest

from helpers import tiny_run
from helpers.fake_market import write_market_tree
from helpers.registries import restored_registries
from midattr_plugin import ATTRIBUTE_LOSSES, load_model, register
from midattr_plugin.config import KEYS, arguments, dump_config, load_config, parse_config
from midattr_plugin.config.extensions import load_extensions
from midattr_plugin.errors import InputError
from midattr_plugin.train import main

LOSS = """
from midattr_plugin import ATTRIBUTE_LOSSES, AttributeLoss
from midattr_plugin.config import KEYS, Interval, Key


@ATTRIBUTE_LOSSES.register('snail')
class SnailLoss(AttributeLoss):
    def __init__(self, slime=1.0):
        super().__init__()
        self.slime = slime

    def forward(self, name, logits, labels, num_known=None):
        return self.slime * logits.sum()


KEYS.register('snail.slime')(
    Key(1.0, 'slime of the snail', Interval(0), argument='attribute_loss.snail.slime')
)
"""


@pytest.fixture(autouse=True)
def forgotten(tmp_path):
    with restored_registries(tmp_path):
        yield


@pytest.fixture
def write(tmp_path):
    def write_file(text, name='snail_extension.py'):
        path = tmp_path / name
        path.write_text(text, encoding='utf-8')
        return path

    return write_file


def test_a_path(write):
    path = write(LOSS)
    cfg = load_config(
        opts=['midattr.extensions', str(path), 'midattr.attribute_loss', 'snail', 'snail.slime', 2]
    )
    assert cfg.midattr.extensions == [str(path)]
    assert (
        ATTRIBUTE_LOSSES['snail'].build(None, **arguments(cfg, 'attribute_loss.snail')).slime == 2
    )
    load_extensions([str(path)], 'here')  # again: nothing is registered twice


def test_a_path_relative_to_the_working_directory(write, tmp_path, monkeypatch):
    write(LOSS)
    monkeypatch.chdir(tmp_path)
    load_extensions(['snail_extension.py'], 'here')
    assert 'snail' in ATTRIBUTE_LOSSES


def test_a_path_below_the_home_folder(write, tmp_path, monkeypatch):
    write(LOSS)
    monkeypatch.setenv('HOME', str(tmp_path))
    load_extensions(['~/snail_extension.py'], 'here')
    assert 'snail' in ATTRIBUTE_LOSSES


def test_the_name_of_a_module(write, monkeypatch):
    monkeypatch.syspath_prepend(write(LOSS).parent)
    load_extensions(['snail_extension'], 'here')
    assert 'snail' in ATTRIBUTE_LOSSES


def test_a_key_in_a_section_of_its_own_in_the_same_file(write, tmp_path):
    """The file is not understood before the extension is loaded."""
    extension = write(LOSS)
    path = write(
        'snail:\n  slime: 3\nmidattr:\n  attribute_loss: snail\n'
        f'  extensions: [{extension}]\nsnail.slime_of_another: 1\n',
        'snail.yaml',
    )
    with pytest.raises(InputError, match=r'snail\.yaml, line 6: .*did you mean snail\.slime\?'):
        load_config(path)
    path.write_text(path.read_text().replace('snail.slime_of_another: 1\n', ''))
    cfg = load_config(path)
    assert cfg.snail.slime == 3.0
    dump_config(cfg, tmp_path / 'dumped.yaml')
    assert load_config(tmp_path / 'dumped.yaml') == cfg
    with pytest.raises(InputError, match=r'snail\.slime is -1\.0, but must be at least 0'):
        load_config(path, ['snail.slime', -1])


def test_keys_lists_those_of_an_extension(write, capsys):
    path = write(f'midattr: {{extensions: [{write(LOSS)}]}}', 'snail.yaml')
    with pytest.raises(SystemExit) as caught:
        parse_config(['--config-file', str(path), '--keys', 'slime'])
    assert caught.value.code == 0
    assert capsys.readouterr().out == (
        'snail.slime (default: 1.0)\n    slime of the snail\n    allowed: at least 0\n'
    )


def test_the_last_setting_counts(write, tmp_path):
    """As for every key; else the dumped configuration would lack what the run had."""
    other = write("raise RuntimeError('must not be imported')", 'other_extension.py')
    path = write(f'midattr: {{extensions: [{other}]}}', 'snail.yaml')
    opts = ['midattr.extensions', str(write(LOSS)), 'snail.slime', 4]
    cfg = load_config(path, opts)
    assert cfg.snail.slime == 4
    dump_config(cfg, tmp_path / 'dumped.yaml')
    assert load_config(tmp_path / 'dumped.yaml') == cfg


def refusal(*names):
    """Return what is wrong with the last name, without the place and the name itself."""
    with pytest.raises(InputError) as error:
        load_extensions(map(str, names), 'a.yaml, line 2')
    message = str(error.value)
    assert '\n' not in message and error.value.sentence == message
    place = f'a.yaml, line 2: midattr.extensions: "{names[-1]}"'
    assert message.startswith(place)
    return message.removeprefix(place)


def test_a_missing_file(tmp_path):
    assert refusal(tmp_path / 'none.py') == ' does not exist; check the path'


@pytest.mark.parametrize(
    'name, missing',
    [
        ('zzz_none', 'zzz_none'),
        ('zzz_none.inner', 'zzz_none'),
        ('midattr_plugin.zzz', 'midattr_plugin.zzz'),
    ],
)
def test_a_missing_module(name, missing):
    assert refusal(name) == (
        f" cannot be imported (ModuleNotFoundError: No module named '{missing}'); "
        'name an installed module or the path of a .py file'
    )


@pytest.mark.parametrize(
    'text, reason',
    [
        ("raise RuntimeError('no\\nsnail')", 'RuntimeError: no snail'),
        ('import zzz_none', "ModuleNotFoundError: No module named 'zzz_none'"),
        ('def', 'SyntaxError: invalid syntax'),
    ],
)
def test_a_module_that_raises(write, text, reason):
    message = refusal(write(text))
    assert message.startswith(f' cannot be imported ({reason}') and message.endswith('); fix it')


def test_a_module_that_registers_a_name_that_is_taken(write):
    assert refusal(write(LOSS), write(LOSS, 'second_extension.py')).startswith(
        ': attribute loss "snail" is already registered; choose another name'
    )


@pytest.mark.parametrize(
    'name, other', [('pytest.py', pytest.__file__), ('sys.py', 'built into Python')]
)
def test_a_module_with_the_name_of_another(write, name, other):
    assert refusal(write(LOSS, name)) == (
        f' has the name of another module ({other}); rename the file'
    )
    assert 'snail' not in ATTRIBUTE_LOSSES


def test_two_files_of_the_same_name(write, tmp_path):
    first = write(LOSS)
    (tmp_path / 'other').mkdir()
    second = write('', 'other/snail_extension.py')
    assert refusal(first, second) == (f' has the name of another module ({first}); rename the file')


ALL = """
from torch import nn
from midattr_plugin import ATTRIBUTE_DATASETS, BACKBONES, MEASUREMENTS, Backbone, Market1501Attr
from midattr_plugin.datasets import MatFile


@BACKBONES.register('snail')
class Snail(Backbone):
    layers = {'foot': 'foot', 'shell': 'shell'}

    def __init__(self, state=None, last_stride=2):
        self.trunk = {'foot': nn.Conv2d(3, 8, 3, stride=4, padding=1)}
        self.tail = nn.Conv2d(8, 16, 3, stride=last_stride, padding=1)
        self.channels = {'foot': 8, 'shell': 16}
        self.strides = {'foot': 4, 'shell': 4 * last_stride}

    @classmethod
    def pretrained_state(cls, weights='', weights_file=''):
        return {}


@ATTRIBUTE_DATASETS.register('snails')
class Snails(Market1501Attr):
    dataset_dir = 'snails'
    model_ending = 'snails'
    annotations = MatFile('market_attribute.mat', key='snails')


@MEASUREMENTS.register('slime')
def measure_slime(engine):
    return {'slime': engine.criterion.attribute_loss.slime}
"""


def test_one_file_trains_by_configuration(write, tmp_path):
    """A dataset, backbone, loss, key and measurement that the package knows nothing of."""
    write_market_tree(tmp_path, folder='snails')
    model = ['model.name', 'midattr_snail_snails', 'midattr.attribute_layer', 'foot']
    data = ['data.sources', 'snails', 'data.targets', 'snails', 'train.max_epoch', 1]
    loss = ['midattr.attribute_loss', 'snail', 'snail.slime', 0.25]
    path = write(LOSS + ALL)
    argv = tiny_run.arguments(tmp_path, 'midattr.extensions', path, *model, *data, *loss)
    assert main(argv) == 0
    results = json.loads((tmp_path / 'log' / 'metrics.json').read_text())
    assert results['slime'] == {'slime': 0.25}
    assert set(results['attributes']) == {'snails'}
    spec = load_model(tmp_path / 'log' / 'model' / 'model.pth.tar-1').spec
    assert (spec.name, spec.backbone) == ('midattr_snail_snails', 'snail')


def test_a_sentence_on_the_console(tmp_path, capsys):
    path = tmp_path / 'none.py'
    assert main(['midattr.extensions', str(path)]) == 1
    assert capsys.readouterr().err == (
        f'error: the command line: midattr.extensions: "{path}" does not exist; check the path\n'
    )


def test_nothing_that_a_test_registers_is_left():
    register()
    assert 'snail' not in ATTRIBUTE_LOSSES and 'snail.slime' not in KEYS
