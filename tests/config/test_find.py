import pytest

from helpers.paths import CONFIGS
from midattr_plugin.config import find_config, load_config
from midattr_plugin.config.find import shipped_configs
from midattr_plugin.errors import InputError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A working directory outside the project."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize('name', ['midattr_demo', 'midattr_demo.yaml'])
def test_by_name_from_another_folder(name):
    assert find_config(name).samefile(CONFIGS / 'midattr_demo.yaml')
    assert load_config(name) == load_config(CONFIGS / 'midattr_demo.yaml')


@pytest.mark.parametrize('name', ['demo', 'demo.yaml'])
def test_suites(name):
    assert find_config(name, folder='compare').samefile(CONFIGS / 'compare' / 'demo.yaml')
    with pytest.raises(InputError, match=f'^configuration "{name}" is neither'):
        find_config(name)


def test_an_existing_file_wins(elsewhere):
    own = elsewhere / 'midattr_demo.yaml'
    own.write_text('train: {lr: 0.5}\n')
    assert find_config('midattr_demo.yaml').samefile(own)
    assert find_config(own) == own
    assert load_config('midattr_demo.yaml').train.lr == 0.5
    assert not find_config('midattr_demo').samefile(own)  # this is not the name of the file
    assert find_config('midattr_demo.yaml', folder='compare').samefile(own)


def test_a_folder_is_not_a_file(elsewhere):
    (elsewhere / 'midattr_demo.yaml').mkdir()
    assert find_config('midattr_demo.yaml').samefile(CONFIGS / 'midattr_demo.yaml')


def test_home(elsewhere, monkeypatch):
    monkeypatch.setenv('HOME', str(elsewhere))
    (elsewhere / 'mine.yaml').touch()
    assert find_config('~/mine.yaml') == elsewhere / 'mine.yaml'


@pytest.mark.parametrize(
    'name, folder, kind, some',
    [
        ('zzz', '', 'configuration', 'baseline_resnet50_demo.yaml, '),
        ('zzz.yaml', 'compare', 'suite', 'demo.yaml, '),
        ('somewhere/midattr_demo.yaml', '', 'configuration', 'midattr_demo.yaml, '),
        ('.', '', 'configuration', 'midattr_demo.yaml, '),
    ],
)
def test_unknown(name, folder, kind, some):
    with pytest.raises(InputError) as error:
        find_config(name, folder)
    message = str(error.value)
    assert message.startswith(f'{kind} "{name}" is neither a file nor comes with the package; ')
    assert some in message and '\n' not in message
    assert (' midattr_market.yaml' in message) is (kind == 'configuration')


def test_shipped_configs():
    assert shipped_configs() == sorted(CONFIGS.glob('*.yaml'))
    assert shipped_configs('compare') == sorted((CONFIGS / 'compare').glob('*.yaml'))
