"""The runner with a worker that only pretends to train."""

import json
import os
import subprocess
import sys

import psutil
import pytest
import yaml

from helpers.tiny_run import write_config
from midattr_plugin.compare import runner
from midattr_plugin.compare.folder import claim_folder
from midattr_plugin.compare.plan import plan_runs
from midattr_plugin.compare.suite import load_suite

# Writes what it was told, counts its starts, and fails where the row says so.
WORKER = """
import json, os, sys, time
from pathlib import Path
folder = Path(sys.argv[sys.argv.index('data.save_dir') + 1])
with open(folder / 'starts', 'a') as file:
    file.write(json.dumps({'arguments': sys.argv[1:], 'gpu': os.environ.get('CUDA_VISIBLE_DEVICES'),
                           'threads': os.environ['OMP_NUM_THREADS']}) + chr(10))
(folder / 'model').mkdir(exist_ok=True)
(folder / 'model/model.pth.tar-last').write_text('')
print('epoch: [1/2][4/4]', flush=True)
print('epoch: [2/2][4/4]', flush=True)
if 'slow' in str(folder):
    time.sleep(60)
if 'killed' in str(folder):
    os.kill(os.getpid(), 9)
if 'bad' in str(folder):
    print('error: it went wrong', file=sys.stderr)
    sys.exit(1)
(folder / 'metrics.json').write_text(json.dumps({'reid': 1}))
"""


@pytest.fixture
def make_runs(tmp_path, monkeypatch):
    script = tmp_path / 'worker.py'
    script.write_text(WORKER)
    monkeypatch.setattr(runner, 'COMMAND', [sys.executable, str(script)])
    write_config(tmp_path / 'base.yaml')

    def make(*names, seeds=(1,)):
        path = tmp_path / 'suite.yaml'
        path.write_text(
            yaml.safe_dump({'config': 'base.yaml', 'rows': [{'name': name} for name in names]})
        )
        suite, out = load_suite(path), tmp_path / 'out'
        runs = plan_runs(suite, seeds, out, str(tmp_path))
        claim_folder(suite, runs, out)
        return runs

    return make


def starts(run):
    path = run.folder / 'starts'
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_each_run_once(make_runs, capfd):
    runs = make_runs('a', 'b', seeds=(1, 2))
    assert runner.execute(runs, ['']) == {}
    for run in runs:
        assert run.is_done and run.results == {'reid': 1}
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
    assert runner.execute(runs, ['']) == {}
    assert all(len(starts(run)) == 1 for run in runs)


def test_a_run_that_fails_does_not_stop_the_others(make_runs, capfd):
    runs = make_runs('bad', 'good')
    failed = runner.execute(runs, [''], keep_checkpoints=True)
    assert list(failed) == [runs[0]]
    assert failed[runs[0]].startswith('error: it went wrong (')
    assert 'row "bad", seed 1 failed: error: it went wrong' in capfd.readouterr().err
    assert runs[1].is_done and not runs[0].is_done
    assert runs[1].checkpoint.exists()
    runner.execute(runs, [''])
    again = starts(runs[0])[1]['arguments']  # from where it was
    assert again[-2:] == ['model.resume', str(runs[0].checkpoint)]


def test_a_run_that_is_killed_from_outside(make_runs):
    runs = make_runs('killed')
    [reason] = runner.execute(runs, ['']).values()
    assert reason.startswith('ended by signal 9 (Killed), after: epoch: [2/2]')


def test_devices_are_shared_out(make_runs, monkeypatch):
    monkeypatch.setattr(runner.os, 'cpu_count', lambda: 8)
    runs = make_runs('a', 'b', 'c', 'd')
    runner.execute(runs, ['0', '1'])
    used = [starts(run)[0] for run in runs]
    assert {start['gpu'] for start in used} == {'0', '1'}
    assert {start['threads'] for start in used} == {'4'}


def test_what_is_running_ends_with_an_interrupt(make_runs, monkeypatch):
    runs = make_runs('slow')
    monkeypatch.setattr(
        runner.time,
        'sleep',
        lambda seconds: (_ for _ in ()).throw(KeyboardInterrupt) if starts(runs[0]) else None,
    )
    with pytest.raises(KeyboardInterrupt):
        runner.execute(runs, [''])
    assert not runs[0].is_done
    assert not any(str(runs[0].folder) in command for command in commands())


def commands():
    for process in psutil.process_iter(['cmdline']):
        yield ' '.join(process.info['cmdline'] or ())


def test_a_worker_ends_when_its_parent_is_killed(tmp_path):
    parent = (
        'import subprocess, sys, time\n'
        'child = subprocess.Popen([sys.executable, "-c", "import threading, time\\n'
        'from midattr_plugin.compare.worker import end_with_parent\\n'
        'threading.Thread(target=end_with_parent, daemon=True).start()\\n'
        'print(1, flush=True)\\ntime.sleep(60)"], stdin=subprocess.PIPE, '
        'stdout=subprocess.PIPE)\n'
        'child.stdout.readline()\nprint(child.pid, flush=True)\ntime.sleep(60)\n'
    )
    process = subprocess.Popen([sys.executable, '-c', parent], stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(process.stdout.readline()))
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs([child], timeout=50)
    assert not alive
