"""Paths as users write them."""

import argparse
import os
import subprocess
import sys

import pytest

from helpers.paths import PROJECT
from midattr_plugin.config import dump_config, load_config
from midattr_plugin.config.keys import all_keys
from midattr_plugin.errors import InputError
from midattr_plugin.user_path import path_option, user_path


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    return str(tmp_path)


def test_home_folder(home):
    assert user_path('~/a', 'x') == f'{home}/a'
    assert user_path('~', 'x') == home
    assert path_option('~/a').parts[-1] == 'a' and str(path_option('~/a')).startswith(home)
    for unchanged in ('', 'a/~b', './~a', 'my_module', 'a//b/'):
        assert user_path(unchanged, 'x') == unchanged


def test_a_path_is_the_same_when_it_is_read_again(home):
    for text in ('~/a', './~', './~a/b', 'a/~b'):
        once = str(path_option(text))
        assert os.path.abspath(user_path(once, 'x')) == os.path.abspath(user_path(text, 'x'))


@pytest.mark.parametrize(
    'text, reason',
    [
        ('~nobody-of-this-name/a', 'is unknown here; write the whole path, or "./~nobody'),
        ('a\0b', 'null'),
        ('\ud800', 'surrogates'),
        ('a' * 5000, 'too long'),
    ],
)
def test_what_cannot_be_a_path_is_a_sentence(text, reason):
    with pytest.raises(InputError, match='^data.root: .*' + reason) as caught:
        user_path(text, 'data.root')
    assert '\n' not in str(caught.value) and len(str(caught.value)) < 6000
    with pytest.raises(argparse.ArgumentTypeError, match=reason):
        path_option(text)


@pytest.mark.parametrize('unused', ['model.resume', 'model.load_weights'])
def test_every_key_of_a_path_is_expanded_and_written_so(tmp_path, home, unused):
    """A path in a configuration means the same to whoever reads it."""
    keys = [name for name, key in all_keys().items() if key.path]
    assert {
        'data.root',
        'data.save_dir',
        'model.load_weights',
        'model.resume',
        'midattr.weights_file',
        'midattr.extensions',
        'midattr.annotations.market1501',
    } <= set(keys)
    module = f'{tmp_path.name}.py'  # which no other test imports
    (tmp_path / module).write_text('')
    pairs = [
        item
        for key in keys
        if key != unused  # the two exclude each other
        for item in (key, f'~/{module}' if key.endswith('extensions') else '~/a')
    ]
    cfg = load_config(None, pairs)
    dump_config(cfg, tmp_path / 'config.yaml')
    assert '~' not in (tmp_path / 'config.yaml').read_text()
    assert cfg.data.save_dir == f'{home}/a'
    assert cfg.midattr.extensions == [f'{home}/{module}']
    assert load_config(tmp_path / 'config.yaml') == cfg


def test_a_name_of_utf8_in_a_locale_without_it(tmp_path):
    (tmp_path / 'ö中').mkdir()
    (tmp_path / 'a.yaml').write_text(f'data: {{root: {tmp_path}/ö中}}', encoding='utf-8')
    code = (
        # not the whole package, whose import takes seconds
        'import os, sys, types; package = types.ModuleType("midattr_plugin");'
        f'package.__path__ = [{str(PROJECT / "midattr_plugin")!r}];'
        'sys.modules["midattr_plugin"] = package;'
        'from midattr_plugin.user_path import user_path;'
        "text = open(sys.argv[1], encoding='utf-8').read().split('root: ')[1][:-1];"
        "assert sys.getfilesystemencoding() != 'utf-8';"
        "assert os.path.isdir(user_path(text, 'x'))"
    )
    environment = {
        **os.environ,
        **{'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0'},
    }
    subprocess.run([sys.executable, '-c', code, tmp_path / 'a.yaml'], env=environment, check=True)
