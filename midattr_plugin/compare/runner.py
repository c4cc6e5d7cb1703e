"""Trains the runs of a suite, several side by side, with one progress bar."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tqdm import tqdm

from midattr_plugin.compare.plan import Run
from midattr_plugin.files import atomic_path

COMMAND = [sys.executable, '-m', 'midattr_plugin.compare.worker']

_EPOCH = re.compile(r'^epoch: \[(\d+)/', re.MULTILINE)
_POLL = 0.2  # seconds
_TAIL = 4096  # bytes of a log


def execute(
    runs: Sequence[Run], devices: Sequence[str], keep_checkpoints: bool = False
) -> dict[Run, str]:
    """Trains what is not done yet; goes on where a run was cut off.

    An exception, as from the keyboard, ends what is running; it can be gone on with.

    Args:
        devices: one run at a time is trained on each, see
            :func:`~midattr_plugin.compare.devices.run_devices`.
        keep_checkpoints: otherwise those of a run are deleted once it is done.

    Returns:
        The runs that failed, and why: the last line that each wrote.
    """
    failed: dict[Run, str] = {}
    waiting = [run for run in runs if not run.is_done]
    free, active, shown = list(devices), [], ''
    threads = max(1, (os.cpu_count() or 1) // len(devices))
    with tqdm(
        total=sum(_epochs(run) for run in runs),
        unit='epoch',
        desc='suite',
        initial=sum(_epochs(run) for run in runs if run.is_done),
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
                    bar.update(_epochs(job.run) - job.epochs)
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
    log: IO = field(init=False)

    def __post_init__(self):
        arguments = [
            '--config-file',
            str(self.run.folder / 'run.yaml'),
            'data.save_dir',
            str(self.run.folder),
        ]
        if self.run.checkpoint.exists():
            arguments += ['model.resume', str(self.run.checkpoint)]
        environment = os.environ | {'OMP_NUM_THREADS': str(self.threads)}
        if self.device:
            environment['CUDA_VISIBLE_DEVICES'] = self.device
        self.log = (self.run.folder / 'output.log').open('a')
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=subprocess.PIPE,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env=environment,
        )

    def new_epochs(self) -> int:
        """Epochs that have been finished since this was last asked."""
        begun = _EPOCH.findall(_tail(self.run.folder / 'output.log'))
        finished = max(self.epochs, int(begun[-1]) - 1) if begun else self.epochs
        new, self.epochs = finished - self.epochs, finished
        return new

    def finish(self, keep_checkpoints: bool) -> str:
        """Notes that the run is done; or returns why it failed."""
        self._close()
        metrics = self.run.folder / 'metrics.json'
        if self.process.returncode or not metrics.exists():
            lines = _tail(self.run.folder / 'output.log').split('\n')
            last = [line.strip() for line in lines if line.strip()][-1:] or ['it printed nothing']
            if self.process.returncode < 0:  # from outside, as where memory has run out
                number = -self.process.returncode
                last = [f'ended by signal {number} ({signal.strsignal(number)}), after: {last[0]}']
            return f'{last[0]} ({self.run.folder / "output.log"})'
        with atomic_path(self.run.folder / 'done.json') as temporary:
            shutil.copyfile(metrics, temporary)
        if not keep_checkpoints:
            shutil.rmtree(self.run.folder / 'model', ignore_errors=True)
        return ''

    def stop(self) -> None:
        self.process.kill()  # which loses no more than the epoch that it is in
        self.process.wait()
        self._close()

    def _close(self) -> None:
        self.process.stdin.close()
        self.log.close()


def _epochs(run: Run) -> int:
    return run.cfg.train.max_epoch


def _tail(path: Path) -> str:
    with path.open('rb') as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return file.read().decode(errors='replace').replace('\r', '\n')
