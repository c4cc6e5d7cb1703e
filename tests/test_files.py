import errno
import os
import re
from pathlib import Path

import pytest

from midattr_plugin.errors import InputError
from midattr_plugin.files import atomic_path, write_text, write_texts


def test_appears_only_when_complete(tmp_path):
    target = tmp_path / 'new' / 'file.txt'
    with atomic_path(target) as temporary:
        temporary.write_text('half')
        assert not target.exists()
        temporary.write_text('whole')
    assert target.read_text() == 'whole'
    assert list(target.parent.iterdir()) == [target]


def test_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / 'file.txt'
    target.write_text('old')
    with pytest.raises(KeyboardInterrupt), atomic_path(target) as temporary:
        temporary.write_text('new')
        raise KeyboardInterrupt
    assert target.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [target]


def test_mode_is_that_of_an_ordinary_file(tmp_path):
    ordinary = tmp_path / 'ordinary'
    ordinary.touch()
    with atomic_path(tmp_path / 'atomic'):
        pass
    assert (tmp_path / 'atomic').stat().st_mode == ordinary.stat().st_mode


def test_texts_that_belong_together(tmp_path, monkeypatch):
    """All are written before the last one, and then the one before it, is put in place."""
    first, second = tmp_path / 'first', tmp_path / 'second'
    order = []

    def replace(source, target, replace=os.replace):
        contents = [path.read_text() for path in tmp_path.glob('.*.tmp')]
        order.append((target.name, sorted(contents)))
        replace(source, target)

    monkeypatch.setattr(os, 'replace', replace)
    write_texts({first: '1', second: '2'})
    assert order == [('second', ['1', '2']), ('first', ['1'])]
    assert (first.read_text(), second.read_text()) == ('1', '2')


@pytest.mark.parametrize('refused', ['chmod', 'fsync'])
@pytest.mark.parametrize('reason', [errno.EPERM, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS])
def test_file_systems_may_refuse_modes_and_flushes(tmp_path, monkeypatch, refused, reason):
    def refuse(*_):
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(Path if refused == 'chmod' else os, refused, refuse)
    write_text(tmp_path / 'file', 'text')
    assert (tmp_path / 'file').read_text() == 'text'
    assert list(tmp_path.iterdir()) == [tmp_path / 'file']


@pytest.mark.parametrize('reason', [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG])
def test_a_broken_disk_is_no_refusal(tmp_path, monkeypatch, reason):
    def fail(*_):
        raise OSError(reason, os.strerror(reason))

    write_text(tmp_path / 'file', 'old')
    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(InputError, match=re.escape(os.strerror(reason))) as caught:
        write_text(tmp_path / 'file', 'new' * 100_000)
    assert f'"{tmp_path / "file"}" cannot be written' in str(caught.value)
    assert 'it takes 0.3 MB' in str(caught.value)
    assert 'the file that was there before is intact' in str(caught.value)
    assert (tmp_path / 'file').read_text() == 'old'
    assert list(tmp_path.iterdir()) == [tmp_path / 'file']


def test_an_exception_that_hides_a_full_disk(tmp_path, monkeypatch):
    """torch.save says 'unexpected pos 18880 vs 18776'."""

    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(RuntimeError, match='unexpected pos'), atomic_path(tmp_path / 'a'):
        raise RuntimeError('unexpected pos 1 vs 2')  # the disk is not full
    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(InputError, match='No space left'), atomic_path(tmp_path / 'a'):
        raise RuntimeError('unexpected pos 1 vs 2')
    assert not list(tmp_path.iterdir())


def test_what_has_nothing_to_do_with_the_file_is_passed_on(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / 'a'):
        (tmp_path / 'other').read_text()
    with pytest.raises(InputError, match='^own sentence$'), atomic_path(tmp_path / 'a'):
        raise InputError('own sentence')


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(InputError, match='file/a" cannot be written .File exists.; choose'):
        write_text(tmp_path / 'file/a', '')


def test_text_is_utf8_and_odd_paths_are_escaped(tmp_path):
    write_text(tmp_path / 'file', 'ö \udcff')
    assert (tmp_path / 'file').read_bytes() == b'\xc3\xb6 \\udcff'
