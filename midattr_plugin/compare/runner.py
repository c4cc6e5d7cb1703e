"""Training of the runs of a suite, several side by side, with one progress bar."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import torch
from tqdm import tqdm

from midattr_plugin.compare.plan import Run
from midattr_plugin.distributed.launch import environment_of_one
from midattr_plugin.engine.progress import read_progress
from midattr_plugin.files import atomic_path

COMMAND = [sys.executable, '-m', 'midattr_plugin.compare.worker']
CPU = ''
"""Device of a run without a GPU."""

_POLL = 0.2  # seconds
_TAIL = 4096  # bytes of a log


def run_devices(jobs: int | None = None, use_gpu: bool = True) -> list[str]:
    """Return the device of each run that is trained at the same time.

    Args:
        jobs: how many; None for one per GPU, or one without any GPU. If there are fewer GPUs than
            jobs, they are shared.
        use_gpu: whether any run uses a GPU.

    Returns:
        For each the value of ``CUDA_VISIBLE_DEVICES``, or :data:`CPU`, which leaves it alone.
    """
    gpus = _gpus() if use_gpu else []
    if jobs is None:
        return gpus or [CPU]
    return [gpus[number % len(gpus)] if gpus else CPU for number in range(jobs)]


def _gpus() -> list[str]:
    """Return the names of the visible GPUs, as another process must be told them."""
    count = torch.cuda.device_count()
    chosen = os.environ.get('CUDA_VISIBLE_DEVICES')
    names = range(count) if chosen is None else chosen.split(',')[:count]
    return [str(name).strip() for name in names]


def execute(
    runs: Sequence[Run], devices: Sequence[str], keep_checkpoints: bool = False
) -> dict[Run, str]:
    """Train the runs that are not finished, resuming those that were interrupted.

    An exception, e.g. an interrupt from the keyboard, ends the running processes. The same call
    resumes them.

    Args:
        runs: in the order in which they are started.
        devices: one run at a time is trained on each, see :func:`run_devices`.
        keep_checkpoints: otherwise those of a run are deleted once it is finished.

    Returns:
        The runs that failed, and why: the last line that each printed.
    """
    failed: dict[Run, str] = {}
    waiting = [run for run in runs if not run.is_done]
    free, active, shown = list(devices), [], ''
    threads = max(1, (os.cpu_count() or 1) // len(devices))
    with tqdm(
        total=sum(_max_epoch(run) for run in runs),
        unit='epoch',
        desc='suite',
        initial=sum(_max_epoch(run) for run in runs if run.is_done),
    ) as bar:
        try:
            while waiting or active:
                while waiting and free:
                    active.append(_Job(waiting.pop(0), free.pop(0), threads))
                for job in active:
                    if new := job.new_epochs():
                        bar.update(new)
                ended = [job for job in active if job.process.poll() is not None]
                for job in ended:
                    active.remove(job)
                    free.append(job.device)
                    reason = job.finish(keep_checkpoints)
                    bar.update(_max_epoch(job.run) - job.epochs)
                    if reason:
                        failed[job.run] = reason
                        tqdm.write(
                            f'row "{job.run.row.name}", seed {job.run.seed} failed: {reason}',
                            file=sys.stderr,
                        )
                running = ', '.join(f'{job.run.row.name}/{job.run.seed}' for job in active)
                if running != shown:
                    shown = running
                    bar.set_postfix_str(running)
                time.sleep(_POLL)
        finally:
            for job in active:
                job.stop()
    return failed


@dataclass
class _Job:
    """A run that is being trained."""

    run: Run
    device: str
    threads: int
    epochs: int = 0
    process: subprocess.Popen = field(init=False)
    log: IO[bytes] = field(init=False)

    def __post_init__(self):
        arguments = [
            '--config-file',
            str(self.run.folder / 'run.yaml'),
            'data.save_dir',
            str(self.run.folder),
        ]
        if self.run.checkpoint.exists():
            # which has in it what the row may have started from
            arguments += ['model.load_weights', '', 'model.resume', str(self.run.checkpoint)]
        environment = environment_of_one() | {'OMP_NUM_THREADS': str(self.threads)}
        if self.device != CPU:
            environment['CUDA_VISIBLE_DEVICES'] = self.device
        self.log = (self.run.folder / 'output.log').open('ab')
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=subprocess.PIPE,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env=environment,
        )

    def new_epochs(self) -> int:
        """Return the number of epochs that were finished since the last call."""
        finished = max(self.epochs, read_progress(self.run.folder)[0])
        new, self.epochs = finished - self.epochs, finished
        return new

    def finish(self, keep_checkpoints: bool) -> str:
        """Mark the run as finished, or return why it failed."""
        self._close()
        metrics = self.run.folder / 'metrics.json'
        if self.process.returncode or not metrics.exists():
            log = self.run.folder / 'output.log'
            reason = _last_line(log)
            if self.process.returncode < 0:  # killed from outside, e.g. when memory ran out
                number = -self.process.returncode
                reason = f'ended by signal {number} ({signal.strsignal(number)}), after: {reason}'
            return f'{reason} ({log})'
        with atomic_path(self.run.done_file) as temporary:
            shutil.copyfile(metrics, temporary)
        if not keep_checkpoints:
            shutil.rmtree(self.run.folder / 'model', ignore_errors=True)
        return ''

    def stop(self) -> None:
        """Kill the process, which loses no more than the current epoch."""
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self) -> None:
        self.process.stdin.close()
        self.log.close()


def _max_epoch(run: Run) -> int:
    return run.cfg.train.max_epoch


def _last_line(log: Path) -> str:
    with log.open('rb') as file:
        file.seek(max(0, log.stat().st_size - _TAIL))
        text = file.read().decode(errors='replace').replace('\r', '\n')
    lines = [line.strip() for line in text.split('\n') if line.strip()]
    return lines[-1] if lines else 'it printed nothing'
