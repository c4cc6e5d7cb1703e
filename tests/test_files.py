import pytest

from midattr_plugin.files import atomic_path


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
