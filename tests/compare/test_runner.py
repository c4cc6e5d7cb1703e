"""The runner with a worker that only pretends to train, and its devices."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch

from helpers.fake_runs import make_suite
from midattr_plugin.compare import runner, worker
from midattr_plugin.compare.folder import claim_folder
from midattr_plugin.compare.plan import plan_runs
from midattr_plugin.compare.runner import CPU, run_devices
from midattr_plugin.config import parse_config

# Writes its arguments and its progress, and fails where the row says so.
WORKER = """
import json, os, sys, time
from pathlib import Path
folder = Path(sys.argv[sys.argv.index('data.save_dir') + 1])
with open(folder / 'starts', 'a') as file:
    file.write(json.dumps({'arguments': sys.argv[1:], 'gpu': os.environ.get('CUDA_VISIBLE_DEVICES'),
                           'threads': os.environ['OMP_NUM_THREADS'],
                           'processes': os.environ.get('WORLD_SIZE')}) + chr(10))
(folder / 'model').mkdir(exist_ok=True)
(folder / 'model/model.pth.tar-last').write_text('')
(folder / 'progress.json').write_text(json.dumps({'epoch': 1, 'max_epoch': 2}))
print('one epoch done', flush=True)
if 'slow' in str(folder):
    time.sleep(60)
if 'waits' in str(folder):
    end = time.monotonic() + 30
    while not (folder / 'go').exists() and time.monotonic() < end:
        time.sleep(0.05)
if 'killed' in str(folder):
    os.kill(os.getpid(), 9)
if 'bad' in str(folder):
    print('error: it went wrong', file=sys.stderr)
    sys.exit(1)
(folder / 'metrics.json').write_text(json.dumps({'format_version': 2, 'reid': {}, 'epoch': 2}))
"""


@pytest.fixture
def make_runs(tmp_path, monkeypatch):
    script = tmp_path / 'worker.py'
    script.write_text(WORKER)
    monkeypatch.setattr(runner, 'COMMAND', [sys.executable, str(script)])

    def make(*names, seeds=(1,), **settings):
        suite = make_suite(tmp_path, *({'name': name, 'set': settings} for name in names))
        out = tmp_path / 'out'
        runs = plan_runs(suite, seeds, out, str(tmp_path))
        claim_folder(suite, runs, out)
        return runs

    return make


def starts(run):
    path = run.folder / 'starts'
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_each_run_once(make_runs, capfd):
    runs = make_runs('a', 'b', seeds=(1, 2))
    assert runner.execute(runs, [CPU]) == {}
    for run in runs:
        assert run.is_done and run.results.epoch == 2
        assert not (run.folder / 'model').exists()
        [start] = starts(run)
        assert start['arguments'] == [
            '--config-file',
            str(run.folder / 'run.yaml'),
            'data.save_dir',
            str(run.folder),
        ]
        assert start['gpu'] == os.environ.get('CUDA_VISIBLE_DEVICES')
    assert '8/8' in capfd.readouterr().err  # epochs
    assert runner.execute(runs, [CPU]) == {}
    assert all(len(starts(run)) == 1 for run in runs)


def test_a_run_is_no_process_of_a_group(make_runs, monkeypatch):
    """Though the comparison may be one of several tasks of a cluster."""
    monkeypatch.setenv('WORLD_SIZE', '4')
    [run] = make_runs('a')
    assert runner.execute([run], [CPU]) == {}
    assert [start['processes'] for start in starts(run)] == [None]


def test_epochs_are_counted_while_a_run_goes_on(make_runs, monkeypatch):
    [run] = make_runs('waits')
    counts = []

    class Bar(runner.tqdm):
        def update(self, n=1):
            counts.append(n)
            (run.folder / 'go').touch()
            return super().update(n)

    monkeypatch.setattr(runner, 'tqdm', Bar)
    assert runner.execute([run], [CPU]) == {}
    assert counts == [1, 1]  # one by progress.json, the other at the end


def test_failed_run_does_not_stop_the_others(make_runs, capfd):
    runs = make_runs('bad', 'good')
    failed = runner.execute(runs, [CPU], keep_checkpoints=True)
    assert list(failed) == [runs[0]]
    assert failed[runs[0]].startswith('error: it went wrong (')
    assert 'row "bad", seed 1 failed: error: it went wrong' in capfd.readouterr().err
    assert runs[1].is_done and not runs[0].is_done
    assert runs[1].checkpoint.exists()
    runner.execute(runs, [CPU])
    again = starts(runs[0])[1]['arguments']  # from where it was
    assert again[-2:] == ['model.resume', str(runs[0].checkpoint)]


def test_a_row_that_starts_from_weights_is_resumed(make_runs):
    [run] = make_runs('bad', **{'model.load_weights': 'x.pth'})
    for _ in range(2):
        runner.execute([run], [CPU])
    first, again = (parse_config(start['arguments']).model for start in starts(run))
    assert (Path(first.load_weights).name, first.resume) == ('x.pth', '')
    assert (again.load_weights, again.resume) == ('', str(run.checkpoint))


def test_run_killed_from_outside(make_runs):
    runs = make_runs('killed')
    [reason] = runner.execute(runs, [CPU]).values()
    assert reason.startswith('ended by signal 9 (Killed), after: one epoch done (')


def test_runs_are_spread_over_the_devices(make_runs, monkeypatch):
    monkeypatch.setattr(runner.os, 'cpu_count', lambda: 8)
    runs = make_runs('a', 'b', 'c', 'd')
    runner.execute(runs, ['0', '1'])
    used = [starts(run)[0] for run in runs]
    assert {start['gpu'] for start in used} == {'0', '1'}
    assert {start['threads'] for start in used} == {'4'}


def test_interrupt_ends_what_is_running(make_runs, monkeypatch):
    runs = make_runs('slow')
    monkeypatch.setattr(
        runner.time,
        'sleep',
        lambda seconds: (_ for _ in ()).throw(KeyboardInterrupt) if starts(runs[0]) else None,
    )
    with pytest.raises(KeyboardInterrupt):
        runner.execute(runs, [CPU])
    assert not runs[0].is_done
    assert not any(str(runs[0].folder) in command for command in commands())


def commands():
    for process in psutil.process_iter(['cmdline']):
        yield ' '.join(process.info['cmdline'] or ())


def test_worker_ends_when_its_parent_is_killed():
    child_code = (
        'import runpy, threading, time\n'
        f'end_with_parent = runpy.run_path({worker.__file__!r})["end_with_parent"]\n'
        'threading.Thread(target=end_with_parent, daemon=True).start()\n'
        'print("started", flush=True)\n'
        'time.sleep(60)\n'
    )
    parent_code = (
        'import subprocess, sys, time\n'
        f'child = subprocess.Popen([sys.executable, "-c", {child_code!r}],\n'
        '                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n'
        'child.stdout.readline()\n'
        'print(child.pid, flush=True)\n'
        'time.sleep(60)\n'
    )
    process = subprocess.Popen(
        [sys.executable, '-c', parent_code], stdout=subprocess.PIPE, text=True
    )
    child = psutil.Process(int(process.stdout.readline()))
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs([child], timeout=50)
    assert not alive


@pytest.fixture
def gpus(monkeypatch):
    def pretend(count, visible=None):
        monkeypatch.setattr(torch.cuda, 'device_count', lambda: count)
        monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
        if visible is not None:
            monkeypatch.setenv('CUDA_VISIBLE_DEVICES', visible)

    return pretend


@pytest.mark.parametrize(
    ('count', 'jobs', 'expected'),
    [
        (0, None, [CPU]),
        (0, 2, [CPU, CPU]),
        (2, None, ['0', '1']),
        (2, 1, ['0']),
        (2, 5, ['0', '1', '0', '1', '0']),
    ],
)
def test_all_gpus_are_used(gpus, count, jobs, expected):
    gpus(count)
    assert run_devices(jobs) == expected


@pytest.mark.parametrize(
    ('count', 'visible', 'expected'),
    [(2, '2,3', ['2', '3']), (1, 'GPU-1a, GPU-2b', ['GPU-1a']), (0, '', [CPU]), (0, '-1', [CPU])],
)
def test_only_visible_gpus_are_used(gpus, count, visible, expected):
    gpus(count, visible)
    assert run_devices() == expected


def test_no_gpu_where_none_is_used(gpus):
    gpus(2)
    assert run_devices(3, use_gpu=False) == [CPU] * 3
