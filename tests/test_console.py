"""What is printed never ends a run."""

import errno
import io
import os
import subprocess
import sys

import pytest

from helpers.paths import PROJECT
from midattr_plugin.command import run_command
from midattr_plugin.console import SafeStream, copied_to_log
from midattr_plugin.errors import InputError

# not the whole package, whose import takes seconds
BARE_PACKAGE = (
    'import sys, types; package = types.ModuleType("midattr_plugin");'
    f'package.__path__ = [{str(PROJECT / "midattr_plugin")!r}];'
    'sys.modules["midattr_plugin"] = package;'
)
COMMAND = BARE_PACKAGE + 'from midattr_plugin.command import run_command as r;'
ENVIRONMENT = {**os.environ, 'PYTHONPATH': str(PROJECT)}


class FullDisk(io.TextIOBase):
    """A stream to a disk that is full for a while."""

    def __init__(self):
        self.text, self.full = '', True

    def write(self, text):
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.text += text
        return len(text)


def run(code, shell='', **environment):
    return subprocess.run(
        ['bash', '-c', f'{sys.executable} -c "$0" {shell}', COMMAND + code],
        env=ENVIRONMENT | environment,
        capture_output=True,
        text=True,
        encoding='utf-8',
    )


def test_characters_that_the_console_lacks(tmp_path):
    process = run(
        "sys.exit(r(lambda: print('\\xf6\\u4e2d \\udcff')))",
        LC_ALL='C',
        PYTHONUTF8='0',
        PYTHONCOERCECLOCALE='0',
        PYTHONIOENCODING='ascii',
    )
    assert (process.returncode, process.stderr) == (0, '')
    assert process.stdout == '\\xf6\\u4e2d \\udcff\n'


def test_reader_that_leaves():
    process = run("sys.exit(r(lambda: print('line\\n' * 100_000)))", '| head -1; exit $PIPESTATUS')
    assert (process.returncode, process.stdout, process.stderr) == (0, 'line\n', '')


@pytest.mark.parametrize('closed', ['>&-', '2>&-', '>&- 2>&-'])
def test_closed_console(closed):
    code = "sys.exit(r(lambda: print('x', flush=True) or print('y', file=sys.stderr) or 3))"
    assert run(code, closed).returncode == 3


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='needs /dev/full')
def test_full_disk_behind_the_console():
    process = run("sys.exit(r(lambda: print('x' * 100_000)))", '> /dev/full')
    assert process.returncode == 0
    assert process.stderr.startswith('the output is incomplete') and 'No space' in process.stderr
    assert process.stderr.count('\n') == 1


def test_a_full_disk_anywhere_is_a_sentence(capsys):
    def fail():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), '/x/events')

    assert run_command(fail) == 1
    assert capsys.readouterr().err.startswith('error: "/x/events" cannot be written (No space')


def test_other_os_errors_are_bugs():
    def fail():
        raise ConnectionResetError(errno.ECONNRESET, 'reset')

    with pytest.raises(ConnectionResetError):
        run_command(fail)


def test_log_is_utf8_line_by_line(tmp_path, capsys):
    path = tmp_path / 'log'
    with copied_to_log(path):
        print('ö \udcff'.encode('utf-8', 'backslashreplace').decode())
        assert path.read_text(encoding='utf-8') == 'ö \\udcff\n'
    assert capsys.readouterr().out == 'ö \\udcff\n'


def test_log_that_cannot_be_made(tmp_path):
    with pytest.raises(InputError, match='none/log" cannot be written'):
        with copied_to_log(tmp_path / 'none/log'):
            pass


def test_a_disk_that_was_full_for_a_while_costs_lines_but_not_the_run(
    tmp_path, monkeypatch, capsys
):
    disk = FullDisk()
    monkeypatch.setattr('pathlib.Path.open', lambda *_, **__: disk)
    with pytest.raises(InputError, match='log" cannot be written .No space left'):
        with copied_to_log(tmp_path / 'log'):
            print('lost')
            disk.full = False
            print('kept')
    assert disk.text == 'kept\n'
    assert capsys.readouterr().out == 'lost\nkept\n'


def test_attributes_are_those_of_the_stream():
    assert SafeStream(sys.__stderr__).fileno() == 2
