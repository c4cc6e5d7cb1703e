"""The folder that belongs to a suite."""

import errno
import json
import multiprocessing
import os
import time

import filelock
import pytest

from helpers.fake_runs import make_suite
from midattr_plugin.compare.folder import check_folder, claim_folder
from midattr_plugin.compare.plan import plan_runs
from midattr_plugin.config import load_config
from midattr_plugin.errors import InputError
from midattr_plugin.folder_lock import locked


def claim(suite, out, root, seeds=(1,)):
    runs = plan_runs(suite, seeds, out, str(root))
    check_folder(suite, runs, out)
    claim_folder(suite, runs, out)
    assert check_folder(suite, runs, out)
    return runs


def test_folder_belongs_to_one_suite_and_root(tmp_path):
    suite, out = make_suite(tmp_path, {'name': 'a'}), tmp_path / 'out'
    [run] = claim(suite, out, tmp_path)
    assert load_config(run.folder / 'run.yaml') == run.cfg
    assert json.loads((out / 'suite.json').read_text())['suite'] == 'suite'
    before = {path: path.read_text() for path in out.rglob('*') if path.is_file()}
    other = make_suite(tmp_path, {'name': 'a'}, name='other')
    for refused, root, words in (
        (other, tmp_path, 'holds results of the suite "suite", not of "other"'),
        (suite, tmp_path / 'twin', 'holds results of the data root'),
    ):
        with pytest.raises(InputError, match=words):
            claim(refused, out, root)
    changed = make_suite(tmp_path, {'name': 'a', 'set': {'train.lr': 0.7}})
    with pytest.raises(
        InputError,
        match='row "a": .* was run with train.lr 0.01, not 0.7; append',
    ):
        claim(changed, out, tmp_path)
    assert before == {path: path.read_text() for path in out.rglob('*') if path.is_file()}


def test_another_suite_of_the_same_name(tmp_path):
    out = tmp_path / 'out'
    claim(make_suite(tmp_path, {'name': 'a'}), out, tmp_path)
    with pytest.raises(InputError, match='another suite named "suite", with the rows a;'):
        claim(make_suite(tmp_path, {'name': 'b'}), out, tmp_path)
    (out / 'suite.json').write_text('{"suite": ')
    with pytest.raises(InputError, match='suite.json" is broken'):
        claim(make_suite(tmp_path, {'name': 'a'}), out, tmp_path)


def test_row_of_another_data_root(tmp_path):
    def rows(root):
        return [{'name': 'a'}, {'name': 'b', 'set': {'data.root': str(root)}}]

    out = tmp_path / 'out'
    runs = plan_runs(make_suite(tmp_path, *rows(tmp_path / 'real')), [1], out)
    claim_folder(make_suite(tmp_path, *rows(tmp_path / 'real')), runs, out)
    with pytest.raises(InputError, match='row "b": .* was run with data.root'):
        check_folder(
            suite := make_suite(tmp_path, *rows(tmp_path / 'twin')), plan_runs(suite, [1], out), out
        )


def hold_lock(out, is_locked):
    with locked(out, 'suite'):
        is_locked.set()
        time.sleep(60)


def test_one_process_at_a_time(tmp_path):
    out = tmp_path / 'new/out'
    context = multiprocessing.get_context('fork')  # needs no second import of torch
    is_locked = context.Event()
    other = context.Process(target=hold_lock, args=(out, is_locked))
    other.start()
    assert is_locked.wait(60)
    with (
        pytest.raises(InputError, match='another process is running the suite'),
        locked(out, 'suite'),
    ):
        pass
    other.kill()
    other.join()
    with locked(out, 'suite'):
        pass


def test_rows_and_seeds_may_be_added_and_machines_differ(tmp_path):
    out = tmp_path / 'out'
    claim(make_suite(tmp_path, {'name': 'a'}), out, tmp_path)
    claim(
        make_suite(tmp_path, {'name': 'a', 'set': {'data.workers': 3}}, {'name': 'b'}),
        out,
        tmp_path,
        (1, 2),
    )
    assert len(list(out.glob('runs/*/seed*/run.yaml'))) == 4


def test_folder_that_cannot_be_written_to(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(InputError, match='--out: .* cannot be written to'):
        claim(make_suite(tmp_path, {'name': 'a'}), tmp_path / 'file/out', tmp_path)
    with (
        pytest.raises(InputError, match='--out: .* cannot be written to'),
        locked(tmp_path / 'file/out', 'suite'),
    ):
        pass


@pytest.mark.parametrize(
    'error',
    [
        OSError(errno.ENOLCK, 'No locks available'),
        OSError(errno.ENOTSUP, 'Operation not supported'),
        NotImplementedError('no flock'),
    ],
)
def test_file_system_without_locks_is_said_in_a_line(tmp_path, monkeypatch, capsys, error):
    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(filelock.FileLock, 'acquire', refuse)
    with locked(tmp_path, 'suite'):
        pass
    out = capsys.readouterr().out
    assert out.count('\n') == 1 and 'has no locks' in out and 'only once at a time' in out


def test_full_disk_is_not_a_file_system_without_locks(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(filelock.FileLock, 'acquire', fail)
    with pytest.raises(InputError, match='No space left'), locked(tmp_path, 'suite'):
        pass
