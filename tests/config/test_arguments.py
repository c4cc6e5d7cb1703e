import itertools
import sys

import pytest

from helpers.paths import PROJECT
from helpers.registries import restored_registries
from midattr_plugin.config import build_parser, extensions, get_default_config, parse_config
from midattr_plugin.config.describe import describe_keys
from midattr_plugin.errors import InputError
from midattr_plugin.train import main


@pytest.fixture
def config_file(tmp_path):
    path = tmp_path / 'a.yaml'
    path.write_text('train: {lr: 0.5}\ndata: {sources: viper, targets: grid}\n', encoding='utf-8')
    return str(path)


def test_nothing_given():
    assert parse_config([]) == get_default_config()


def test_own_command_line_by_default(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['train.py', '--root', 'here'])
    assert parse_config().data.root == 'here'


def test_torchreid_options(config_file):
    cfg = parse_config(
        [
            '--config-file',
            config_file,
            '-s',
            'market1501',
            'msmt17',
            '-t',
            'cuhk03',
            '--transforms',
            'random_flip',
            'random_erase',
            '--root',
            'data',
            'train.max_epoch',
            '3',
            'test.eval_freq',
            '-1',
            'data.save_dir',
            'log/a b',
        ]
    )
    assert cfg.train.lr == 0.5
    assert cfg.data.sources == ['market1501', 'msmt17']
    assert cfg.data.targets == ['cuhk03']
    assert cfg.data.transforms == ['random_flip', 'random_erase']
    assert cfg.data.root == 'data'
    assert (cfg.train.max_epoch, cfg.test.eval_freq, cfg.data.save_dir) == (3, -1, 'log/a b')


def test_any_order_is_the_same(config_file):
    groups = [
        ['--config-file', config_file],
        ['-s', 'market1501', 'msmt17'],
        ['--root', 'r'],
        ['train.lr', '0.25'],
        ['use_gpu', 'False'],
    ]
    expected = parse_config(list(itertools.chain(*groups)))
    assert expected.train.lr == 0.25
    assert expected.data.sources == ['market1501', 'msmt17']
    for order in itertools.permutations(groups):
        assert parse_config(list(itertools.chain(*order))) == expected


@pytest.mark.parametrize(
    'argv, message',
    [
        (['train.lr'], r'train\.lr is left over'),
        (['-s', 'market1501', 'train.lr'], r'train\.lr is left over'),
        (['train.lr=0.1'], r'`train\.lr 0\.1`'),
        (['--train.lr', '0.1'], r'--train\.lr without dashes, as in `train\.lr VALUE`'),
        (['--train.lr=0.1'], 'without dashes'),
        (['--source', 'market1501'], r'--source is not an option, did you mean --sources\?'),
        (['train.lr', '0.1', '--zzz'], r'--zzz is not an option \(they are --help'),
        (['-s'], 'expected at least one argument'),
        (['--root'], 'expected one argument'),
        (['--config-file', 'nowhere.yaml'], r'nowhere\.yaml'),
        (['train.lrr', '1'], r'^the command line: train\.lrr .* did you mean train\.lr\?'),
        (['-s', 'marke1501'], r'^the command line \(--sources\): .*\(did you mean market1501'),
    ],
)
def test_refused(argv, message, capsys):
    with pytest.raises(InputError, match=message) as caught:
        parse_config(argv)
    assert '\n' not in str(caught.value)
    assert capsys.readouterr() == ('', '')


def test_help_names_options_order_and_examples(capsys):
    with pytest.raises(SystemExit) as caught:
        parse_config(['--help'])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for part in (
        '--config-file',
        '-s',
        '--targets',
        '--transforms',
        '--root',
        'key value',
        'Later settings win',
        'examples:',
        '--config-file midattr_market.yaml',
        'baseline_resnet50_demo.yaml',  # those that come with the package
        '--keys',
    ):
        assert part in text
    for part in (str(PROJECT), 'site-packages', '.py'):
        assert part not in text


def test_keys_with_a_word(capsys, monkeypatch):
    monkeypatch.setattr(extensions, 'load_extensions', None)  # nothing asks for one
    imported = set(sys.modules)
    with pytest.raises(SystemExit) as caught:
        main(['--keys', 'layer'])
    assert caught.value.code == 0
    output = capsys.readouterr()
    assert output.out == f'{describe_keys("layer")}\n' and output.err == ''
    assert not [name for name in set(sys.modules) - imported if name.startswith('midattr_plugin')]


def test_keys_without_a_word(capsys):
    with pytest.raises(SystemExit) as caught:
        parse_config(['--root', 'here', '--keys'])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f'{describe_keys()}\n'


def test_keys_with_a_word_that_no_key_has(capsys):
    assert main(['--keys', 'zzz']) == 1
    output = capsys.readouterr()
    assert output.out == ''
    assert output.err.startswith('error: --keys: no key has "zzz"')
    assert output.err.count('\n') == 1


def test_program_name_can_be_given():
    assert build_parser('reid').format_usage().startswith('usage: reid')


@pytest.mark.parametrize('first', [True, False], ids=['before', 'after'])
def test_keys_of_extensions_are_listed(tmp_path, capsys, first):
    """Wherever the option stands."""
    path = tmp_path / 'own_keys.py'
    path.write_text(
        'from midattr_plugin.config import KEYS, Key\n'
        "KEYS.register('midattr.own_slime')(Key(1, 'of one\\'s own'))\n"
    )
    pair, option = ['midattr.extensions', f"['{path}']"], ['--keys', 'slime']
    with restored_registries(tmp_path), pytest.raises(SystemExit) as ended:
        parse_config([*option, *pair] if first else [*pair, *option])
    assert ended.value.code in (None, 0)
    assert capsys.readouterr().out.startswith('midattr.own_slime (default: 1)')
