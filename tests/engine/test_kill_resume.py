"""``kill -9`` at random moments: no broken checkpoint, and the same weights in the end.

``pytest tests/engine/test_kill_resume.py --kills 20`` kills more often.
"""

import os
import random
import signal
import subprocess
import sys
import time

import torch

from helpers.fake_market import write_market_tree
from helpers.paths import PROJECT
from helpers.tiny_run import arguments

EPOCHS = 12


def start(root, save_dir, *pairs):
    command = [
        sys.executable,
        str(PROJECT / 'tools' / 'train.py'),
        *arguments(
            root, 'train.max_epoch', EPOCHS, 'test.eval_freq', 2, 'data.save_dir', save_dir, *pairs
        ),
    ]
    environment = os.environ | {'PYTHONPATH': str(PROJECT), 'OMP_NUM_THREADS': '1'}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def finish(process):
    _, stderr = process.communicate()
    assert process.returncode == 0, stderr.decode()


def logs(save_dir):
    return len(list(save_dir.glob('train.log*')))


def wait_for_log(process, save_dir, before):
    """Importing takes most of the time of a run; it is over when there is a new log."""
    while logs(save_dir) == before:
        assert process.poll() is None, process.communicate()[1].decode()
        time.sleep(0.01)


def test_killed_runs_resume_bit_for_bit(tmp_path, kills):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    process = start(tmp_path, tmp_path / 'whole')
    wait_for_log(process, tmp_path / 'whole', 0)
    began = time.monotonic()
    finish(process)
    duration = time.monotonic() - began
    expected = torch.load(tmp_path / 'whole/model/model.pth.tar-last', weights_only=True)

    moments = random.Random(0)
    resume, done = [], 0
    save_dir = tmp_path / 'killed'
    last = save_dir / 'model' / 'model.pth.tar-last'
    while done < kills:
        number = logs(save_dir)
        process = start(tmp_path, save_dir, *resume)
        wait_for_log(process, save_dir, number)
        try:
            process.wait(moments.uniform(0, 0.8) * duration)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            done += 1
        else:
            finish(process)  # it had ended before: begin again
            for path in last.parent.iterdir():
                path.unlink()
        for path in last.parent.glob('model.pth.tar-*'):
            assert torch.load(path, weights_only=True)['epoch'] <= EPOCHS
        resume = ['model.resume', last] if last.exists() else []
        time.sleep(1)  # the name of a log has the second in it
    finish(start(tmp_path, save_dir, *resume))

    for name in ('last', str(EPOCHS), 'best'):
        path = f'model/model.pth.tar-{name}'
        resumed = torch.load(save_dir / path, weights_only=True)
        whole = torch.load(tmp_path / 'whole' / path, weights_only=True)
        assert resumed['epoch'] == whole['epoch']
        for key, weight in whole['state_dict'].items():
            assert torch.equal(resumed['state_dict'][key], weight), key
    assert expected['epoch'] == EPOCHS
    assert not list(last.parent.glob('*.tmp'))
