"""Checks all that needs a GPU, or several of them; see docs/gpu.md.

Each check prints a line: PASS, FAIL or SKIP, its name, and what was measured. Without a GPU the
checks of several processes run on the CPU.
"""

import argparse
import contextlib
import itertools
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from midattr_plugin import build
from midattr_plugin.config import load_config
from midattr_plugin.engine.precision import is_supported
from midattr_plugin.optim import build_scheduler

PATIENCE = 1200  # seconds for one training
SOON = 60  # seconds from the failure of one process to the end of the others
STEPS = 10  # without a wait for the GPU
SAME_LOSS = 0.02  # relative difference between one process and several
BREAKS = ('graph break', 'skipping cudagraphs')  # what torch.compile logs, in lower case

# Random numbers differ between one process and several. The resume is checked with them.
EXACT = ('midattr.dropout', '0', 'data.transforms', '[]')
RANDOM = ('midattr.dropout', '0.5', 'data.transforms', '[random_flip,random_crop]')

FAILING = '''"""Lets process 1 fail in its second step."""

import sys
import time

from midattr_plugin.distributed import process_rank
from midattr_plugin.engine import ImageMidAttrEngine
from midattr_plugin.errors import InputError

step = ImageMidAttrEngine.forward_backward


def failing(self, data):
    if process_rank() == 1 and self.batch_idx == 1:
        print(f'FAILS AT {time.time()}', file=sys.stderr)
        raise InputError('process 1 fails on purpose; nothing is to be done')
    return step(self, data)


ImageMidAttrEngine.forward_backward = failing
'''


class Failed(Exception):
    """A check found something else than it should; the message says what."""


class Skipped(Exception):
    """A check does not apply to this machine; the message says why."""


class Machine:
    """Starts trainings, each in a folder of its own.

    Args:
        folder: of all trainings.
        processes: number of processes of those with several.
        config_file: of all trainings.
        pairs: key, value, ... of all trainings.
    """

    def __init__(self, folder: Path, processes: int, config_file: str, pairs: Sequence[str]):
        self.folder, self.processes, self.config_file = folder, processes, config_file
        self.pairs = ['midattr.evaluate_first', 'False', 'train.max_epoch', '2', *pairs]
        self.has_gpu = torch.cuda.is_available()

    def train(self, name: str, *pairs: str, processes: int = 1, **environment: str) -> str:
        """Train; return what was printed, which is also in ``<name>.txt``.

        Raises:
            Failed: the training did not end well.
        """
        status, output = self.start(name, *pairs, processes=processes, **environment)
        if status:
            raise Failed(f'exit status {status}; see {self.folder / name}.txt')
        return output

    def start(
        self, name: str, *pairs: str, processes: int = 1, **environment: str
    ) -> tuple[int, str]:
        """Train; return the exit status and what was printed."""
        torchrun = ['-m', 'torch.distributed.run', '--standalone', f'--nproc_per_node={processes}']
        command = [
            *(sys.executable, *(torchrun if processes > 1 else [])),
            *(str(Path(__file__).with_name('train.py')), '--config-file', self.config_file),
            *(*self.pairs, *pairs, 'data.save_dir', str(self.folder / name)),
        ]
        path = self.folder / f'{name}.txt'
        with path.open('w', encoding='utf-8') as file:
            try:
                status = subprocess.run(
                    command,
                    env=os.environ | environment,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    timeout=PATIENCE,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                raise Failed(f'it hangs: no end after {PATIENCE} s; see {path}') from None
        return status, path.read_text(encoding='utf-8', errors='replace')

    def weights(self, name: str) -> dict[str, torch.Tensor]:
        """Return the weights that a training has ended with."""
        path = self.folder / name / 'model' / 'model.pth.tar-last'
        return torch.load(path, map_location='cpu', weights_only=True)['state_dict']

    def config(self, *pairs: str):
        """Return the configuration of a training in this process."""
        return load_config(self.config_file, [*self.pairs, *pairs])

    def fastest(self) -> list[str]:
        """Return the settings for speed that the device has."""
        precision = 'bf16' if is_supported('bf16', 'cuda' if self.has_gpu else 'cpu') else 'fp32'
        cache = 'device' if self.has_gpu else 'ram'
        return ['midattr.precision', precision, 'midattr.cache', cache]


def check_train(machine: Machine) -> str:
    """One process trains and tests."""
    return _speed(machine, machine.train('train', *EXACT))


def check_waits(machine: Machine) -> str:
    """Neither a step nor a cached batch waits for the GPU."""
    with (
        (machine.folder / 'waits.txt').open('w', encoding='utf-8') as file,
        contextlib.redirect_stdout(file),
        contextlib.redirect_stderr(file),
    ):
        _train_without_waits(machine)
    if not machine.has_gpu:
        raise Skipped('there is no GPU to wait for')
    return f'none in {STEPS} steps and batches'


def _train_without_waits(machine: Machine) -> None:
    cfg = machine.config(*machine.fastest())
    data = build.build_datamanager(cfg)
    model = build.build_model(cfg, data.num_train_pids)
    criterion = build.build_criterion(cfg, model, data.train_loader.dataset)
    optimizer = build.build_optimizer(cfg, model, criterion)
    scheduler = build_scheduler(cfg, optimizer)
    engine = build.build_engine(cfg, data, model, optimizer, scheduler, criterion)
    engine.model.train()
    engine.print_freq = engine.num_batches = 10 * STEPS  # no line, for which it may wait
    batches = itertools.chain.from_iterable(itertools.repeat(engine.train_loader))
    for batch in itertools.islice(batches, 2):  # kernels are chosen, memory is allocated
        engine.forward_backward(batch)
    if machine.has_gpu:
        torch.cuda.set_sync_debug_mode('error')
    try:
        for batch in itertools.islice(batches, STEPS):
            engine.forward_backward(batch)
    except RuntimeError as error:
        raise Failed(f'a wait: {error}') from error
    finally:
        if machine.has_gpu:
            torch.cuda.set_sync_debug_mode('default')


def check_compiled(machine: Machine) -> str:
    """The compiled step is a single graph, replayed by the GPU."""
    if not machine.has_gpu:
        raise Skipped('there is no GPU')
    output = machine.train(
        'compiled',
        *(*machine.fastest(), 'midattr.compile', 'True'),
        TORCH_LOGS='graph_breaks,recompiles,cudagraphs',
    )
    if 'midattr.compile: compiling failed' in output:
        raise Failed('compiling failed; see compiled.txt')
    found = {phrase: output.lower().count(phrase) for phrase in BREAKS}
    if any(found.values()):
        raise Failed(', '.join(f'{n} x {phrase}' for phrase, n in found.items() if n))
    return f'no {" and no ".join(BREAKS)}; {_speed(machine, output)}'


def check_processes(machine: Machine) -> str:
    """Several processes train as one does."""
    if machine.processes == 1:
        raise Skipped('there is one GPU')
    output = machine.train('processes', *EXACT, processes=machine.processes)
    alone, together = (
        _last((machine.folder / f'{name}.txt').read_text(encoding='utf-8'), 'loss')
        for name in ('train', 'processes')
    )
    if abs(together - alone) > SAME_LOSS * alone:
        raise Failed(f'loss {together:.4g} instead of {alone:.4g}')
    return f'loss {together:.4g} and {alone:.4g} with one; {_speed(machine, output)}'


def check_resume(machine: Machine) -> str:
    """A resumed training ends with the weights of an uninterrupted one."""
    pairs = [*RANDOM, 'midattr.deterministic', 'True', 'test.eval_freq', '1']
    machine.train('whole', *pairs, processes=machine.processes)
    first = str(machine.folder / 'whole' / 'model' / 'model.pth.tar-1')
    machine.train('resumed', *pairs, 'model.resume', first, processes=machine.processes)
    whole, resumed = machine.weights('whole'), machine.weights('resumed')
    different = [name for name, value in whole.items() if not torch.equal(value, resumed[name])]
    if different:
        raise Failed(f'{len(different)} of {len(whole)} weights differ (first: {different[0]})')
    return f'{len(whole)} weights are bit-identical'


def check_failure(machine: Machine) -> str:
    """A process that fails ends the others soon, with one sentence."""
    if machine.processes == 1:
        raise Skipped('there is one process')
    extension = machine.folder / 'failing.py'
    extension.write_text(FAILING, encoding='utf-8')
    names = [*machine.config().midattr.extensions, str(extension)]
    status, output = machine.start(
        'failure', 'midattr.extensions', f'[{",".join(names)}]', processes=machine.processes
    )
    ended = time.time()
    failed = re.search(r'FAILS AT ([\d.]+)', output)
    if not failed or not status:
        raise Failed(f'exit status {status} without a failure; see failure.txt')
    sentences, seconds = output.count('\nerror: process 1 fails'), ended - float(failed[1])
    if seconds > SOON or sentences != 1:
        raise Failed(f'{seconds:.0f} s, {sentences} sentences')
    return f'the others ended after {seconds:.0f} s, with one sentence'


CHECKS: dict[str, Callable[[Machine], str]] = {
    'train': check_train,
    'waits': check_waits,
    'compiled': check_compiled,
    'processes': check_processes,
    'resume': check_resume,
    'failure': check_failure,
}


def _last(output: str, name: str) -> float:
    """Return a value of the last line of training."""
    return float(re.findall(rf'^epoch: .*? {name} ([\d.e+-]+)', output, re.M)[-1])


def _speed(machine: Machine, output: str) -> str:
    images = machine.config().train.batch_size / _last(output, 'time')
    return f'{images:,.0f} images/s, the start of the epoch included'


def _facts() -> str:
    devices = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    names = ', '.join(f'{devices.count(name)} x {name}' for name in dict.fromkeys(devices))
    nccl = '.'.join(map(str, torch.cuda.nccl.version())) if devices else 'none'
    return (
        f'{names or "no GPU"}, {os.cpu_count()} CPUs; torch {torch.__version__}, CUDA '
        f'{torch.version.cuda}, NCCL {nccl}, Python {platform.python_version()}, '
        f'{platform.platform()}'
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the checks; return 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--folder', type=Path, default=Path('log/check_gpu'), help='of all output')
    parser.add_argument('--processes', type=int, help='default: one for each GPU, or 2 without')
    parser.add_argument('--config-file', default='midattr_demo.yaml')
    parser.add_argument('--checks', nargs='+', choices=CHECKS, default=list(CHECKS))
    parser.add_argument('opts', nargs='*', help='key value ... for all trainings, after --')
    args = parser.parse_args(argv)
    args.folder.mkdir(parents=True, exist_ok=True)
    processes = args.processes or torch.cuda.device_count() or 2
    machine = Machine(args.folder.resolve(), processes, args.config_file, args.opts)
    has_failed = False
    with (args.folder / 'check_gpu.txt').open('w', encoding='utf-8') as file:

        def say(line: str) -> None:
            print(line, flush=True)
            print(line, file=file, flush=True)

        say(_facts())
        for name in args.checks:
            try:
                outcome, text = 'PASS', CHECKS[name](machine)
            except Skipped as reason:
                outcome, text = 'SKIP', str(reason)
            except Exception as error:  # the other checks go on
                outcome, text = 'FAIL', f'{type(error).__name__}: {error}'
                has_failed = True
            say(f'{outcome}  {name:<10} {text}')
    print(f'Also in {args.folder / "check_gpu.txt"}')
    return int(has_failed)


if __name__ == '__main__':
    sys.exit(main())
