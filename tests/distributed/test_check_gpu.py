"""The script of docs/gpu.md, on the CPU; two processes that already run take torchrun's place."""

import contextlib
import importlib.util
import io
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch.distributed.run import get_args_parser

from helpers.fake_market import write_market_tree
from helpers.paths import PROJECT
from helpers.tiny_run import arguments
from midattr_plugin.config import parse_config
from midattr_plugin.train import main

_spec = importlib.util.spec_from_file_location('check_gpu', PROJECT / 'tools/check_gpu.py')
check_gpu = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(check_gpu)


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    root = tmp_path_factory.mktemp('root')
    write_market_tree(root, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    return arguments(root)[1]


@pytest.fixture
def machine(tmp_path, config):
    pairs = ['data.root', config.removesuffix('/tiny.yaml')]
    return check_gpu.Machine(tmp_path, 2, config, pairs)


@pytest.fixture
def no_start(monkeypatch, two_processes):
    """Trainings run in processes that are there; one that fails is not among them."""

    def start(self, name, *pairs, processes=1, **environment):
        argv = ['--config-file', self.config_file, *self.pairs, *pairs]
        argv += ['data.save_dir', str(self.folder / name)]
        if name == 'failure':
            status, out = 1, f'FAILS AT {time.time()}\nerror: process 1 fails on purpose; nothing'
        elif processes == 1:
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                status = main(argv)
            out = printed.getvalue()
        else:
            [status, _], out, _ = two_processes(main, argv)
        (self.folder / f'{name}.txt').write_text(out)
        return status, out

    monkeypatch.setattr(check_gpu.Machine, 'start', start)


def test_without_a_gpu(no_start, machine, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 0)
    # noise in bf16, which CPUs with AMX have, need not end in finite losses
    monkeypatch.setattr(check_gpu, 'is_supported', lambda *_: False)
    options = ['--folder', str(tmp_path / 'out'), '--config-file', machine.config_file]
    assert check_gpu.main([*options, '--', *machine.pairs]) == 0
    lines = capsys.readouterr().out.splitlines()
    outcomes = {line.split()[1]: line.split()[0] for line in lines[1:-1]}
    assert outcomes == dict.fromkeys(check_gpu.CHECKS, 'PASS') | dict.fromkeys(
        ('waits', 'compiled'), 'SKIP'
    )
    assert 'no GPU' in lines[0] and 'weights are bit-identical' in lines[5]
    assert (tmp_path / 'out/check_gpu.txt').read_text().splitlines() == lines[:-1]


def test_a_start_by_torchrun(machine, monkeypatch):
    def run(command, stdout, **options):
        options = get_args_parser().parse_args(command[3:])
        assert command[:3] == [sys.executable, '-m', 'torch.distributed.run']
        assert options.standalone and options.nproc_per_node == '2'
        assert Path(options.training_script) == PROJECT / 'tools/train.py'
        cfg = parse_config(options.training_script_args)
        assert cfg.train.lr == 1.0 and cfg.data.save_dir == str(machine.folder / 'name')
        stdout.write('printed')
        return SimpleNamespace(returncode=1)

    monkeypatch.setattr(check_gpu.subprocess, 'run', run)
    assert machine.start('name', 'train.lr', '1', processes=2) == (1, 'printed')
    with pytest.raises(check_gpu.Failed, match='exit status 1; see .*name.txt'):
        machine.train('name', 'train.lr', '1', processes=2)


def test_a_training_that_hangs(machine, monkeypatch):
    def run(command, timeout, **options):
        raise check_gpu.subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(check_gpu.subprocess, 'run', run)
    with pytest.raises(check_gpu.Failed, match='it hangs: no end after 1200 s'):
        machine.start('name')


def test_a_check_that_fails_does_not_hide_the_others(monkeypatch, tmp_path, capsys):
    def skipped(machine):
        raise check_gpu.Skipped('no need')

    monkeypatch.setattr(check_gpu, 'CHECKS', {'bug': lambda machine: 1 / 0, 'skip': skipped})
    assert check_gpu.main(['--folder', str(tmp_path)]) == 1
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:3]] == [
        'FAIL',
        'SKIP',
    ]


@pytest.mark.parametrize(
    'output', ['', 'FAILS AT 1.0\nerror: process 1 fails', 'FAILS AT {now}\n'], ids=repr
)
def test_a_failure_that_hangs_or_says_nothing(machine, monkeypatch, output):
    output = output.format(now=time.time())
    monkeypatch.setattr(check_gpu.Machine, 'start', lambda *args, **options: (1, output))
    with pytest.raises(check_gpu.Failed):
        check_gpu.check_failure(machine)


def test_the_process_that_fails(monkeypatch):
    from midattr_plugin.engine import ImageMidAttrEngine
    from midattr_plugin.errors import InputError

    monkeypatch.setattr(ImageMidAttrEngine, 'forward_backward', lambda self, data: 'trained')
    monkeypatch.setattr('midattr_plugin.distributed.process_rank', lambda: 1)
    exec(check_gpu.FAILING, {})
    engine = object.__new__(ImageMidAttrEngine)
    engine.batch_idx = 0
    assert engine.forward_backward({}) == 'trained'
    engine.batch_idx = 1
    with pytest.raises(InputError, match='process 1 fails on purpose'):
        engine.forward_backward({})


def test_other_weights_or_losses_are_found(machine, monkeypatch):
    monkeypatch.setattr(check_gpu.Machine, 'train', lambda *args, **options: '')
    weights = {'whole': {'w': torch.zeros(2)}, 'resumed': {'w': torch.ones(2)}}
    monkeypatch.setattr(check_gpu.Machine, 'weights', lambda self, name: weights[name])
    with pytest.raises(check_gpu.Failed, match='1 of 1 weights differ .first: w'):
        check_gpu.check_resume(machine)
    for name, loss in (('train', 1.0), ('processes', 1.1)):
        (machine.folder / f'{name}.txt').write_text(f'epoch: [1/1][2/2]  time 1  loss {loss}\n')
    with pytest.raises(check_gpu.Failed, match='loss 1.1 instead of 1'):
        check_gpu.check_processes(machine)


def test_waits_and_breaks_are_found(machine, monkeypatch):
    """On a stand-in for a GPU whose every step waits."""
    machine.has_gpu = True
    monkeypatch.setattr(machine, 'fastest', lambda: ['midattr.cache', 'ram'])
    modes = []
    monkeypatch.setattr(torch.cuda, 'set_sync_debug_mode', modes.append)
    assert check_gpu.check_waits(machine) == 'none in 10 steps and batches'
    assert modes == ['error', 'default']
    output = 'Graph break in x\nepoch: [1/1][2/2]  time 1  loss 2\n'
    monkeypatch.setattr(machine, 'train', lambda *args, **options: output)
    with pytest.raises(check_gpu.Failed, match='1 x graph break'):
        check_gpu.check_compiled(machine)
    output = output.removeprefix('Graph break in x\n')
    assert check_gpu.check_compiled(machine).startswith('no graph break and no skipping cudagraphs')
