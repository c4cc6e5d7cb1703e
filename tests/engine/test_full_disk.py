"""Checkpoints on a disk that is full: the one before stays, the user reads a sentence.

``pytest tests/engine/test_full_disk.py --kills 40`` kills more often. With the right to mount, a
file system of 2 MB is filled; without it, files may not become larger than 1 MB.
"""

import errno
import os
import random
import resource
import signal
import subprocess
import time

import pytest
import torch

from helpers.fake_market import write_market_tree
from helpers.tiny_run import arguments
from midattr_plugin.engine import checkpoint_file
from midattr_plugin.engine.checkpoint_file import read_checkpoint, save_checkpoint
from midattr_plugin.errors import InputError
from midattr_plugin.train import main

SMALL, LARGE = 100_000, 800_000  # float32 numbers: 0.4 MB fit twice, 3.2 MB never


def state(epoch, size):
    return {'state_dict': {'weight': torch.full((size,), float(epoch))}, 'epoch': epoch}


@pytest.fixture(params=['tmpfs', 'limit'])
def small_disk(request, tmp_path):
    """A folder, and what a process calls in order not to be able to write 3 MB into it."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    if request.param == 'limit':
        yield folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))
        return
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip('needs the right to mount a file system')
    try:
        yield folder, lambda: None
    finally:
        subprocess.run(['umount', str(folder)], check=True)


def save_forever(path, epoch):
    """Save by turns what fits and what does not."""
    while True:
        epoch += 1
        save_checkpoint(state(epoch, SMALL), path)
        try:
            save_checkpoint(state(-1, LARGE), path)
        except InputError as error:
            assert str(path) in str(error) and '3.2 MB' in str(error)
        else:
            raise AssertionError('it fitted')


def test_killed_while_the_disk_is_full(small_disk, kills):
    folder, limit = small_disk
    path = folder / 'model.pth.tar-last'
    save_checkpoint(state(0, SMALL), path)
    moments = random.Random(0)
    for _ in range(kills):
        before = read_checkpoint(path)['epoch']
        process = os.fork()
        if process == 0:
            status = 1
            try:
                limit()
                save_forever(path, before)
            finally:
                os._exit(status)
        time.sleep(moments.uniform(0.01, 0.1))
        assert os.waitpid(process, os.WNOHANG) == (0, 0), 'it ended by itself'
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        found = read_checkpoint(path)
        assert found['epoch'] >= before
        assert torch.equal(
            found['state_dict']['weight'], torch.full((SMALL,), found['epoch'] + 0.0)
        )
        for leftover in folder.glob('.*.tmp'):  # as the next run does
            leftover.unlink()
    assert list(folder.iterdir()) == [path]


def test_failed_save_leaves_nothing_and_says_why(small_disk):
    folder, limit = small_disk
    path = folder / 'model.pth.tar-last'
    save_checkpoint(state(1, SMALL), path)
    process = os.fork()
    if process == 0:
        status = 1
        try:
            limit()
            save_checkpoint(state(2, LARGE), path)
        except InputError as error:
            words = ('cannot be written', 'it takes 3.2 MB', 'the file that was there before')
            status = 0 if all(word in str(error) for word in words) else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    assert read_checkpoint(path)['epoch'] == 1
    assert list(folder.iterdir()) == [path]


def test_training_ends_in_a_sentence(tmp_path, monkeypatch, capsys):
    write_market_tree(tmp_path, train_ids=(2, 7), test_ids=(1, 3), shots=1)
    save, calls = torch.save, []

    def save_once(content, path):
        calls.append(path)
        save(content, path)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(checkpoint_file.torch, 'save', save_once)
    assert main(arguments(tmp_path)) == 1
    sentence = capsys.readouterr().err.splitlines()[-1]
    last = tmp_path / 'log/model/model.pth.tar-last'
    assert sentence.startswith(f'error: "{last}" cannot be written (No space left on device')
    assert 'MB are free); the file that was there before is intact' in sentence
    assert read_checkpoint(last)['epoch'] == 1
    assert list(last.parent.iterdir()) == [last]
