"""Command line of the benchmark: parse the arguments, measure, write the report."""

import argparse
import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from midattr_plugin.benchmark.extraction import measure_extraction
from midattr_plugin.benchmark.loading import measure_loading
from midattr_plugin.benchmark.memory import in_fresh_process, training_memory
from midattr_plugin.benchmark.peak import matrix_peak
from midattr_plugin.benchmark.ranking import GALLERIES, measure_ranking
from midattr_plugin.benchmark.report import markdown, write_report
from midattr_plugin.benchmark.systems import GPU_ONLY, SYSTEMS, System
from midattr_plugin.benchmark.training import (
    choose_workers,
    measure_training,
    seconds_per_iteration,
)
from midattr_plugin.command import run_command
from midattr_plugin.errors import InputError
from midattr_plugin.user_path import path_option

PARTS = ('training', 'extraction', 'loading', 'ranking', 'schedule')
_PAPER_ITERATIONS, _PAPER_BATCH = 50_000, 16  # section 3.2
_WORKERS = 2, 4, 8, 16
_PASSES = 3  # network passes per step: forward, gradients of inputs, gradients of weights


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark from the command line.

    Args:
        argv: the arguments; by default those of the process.

    Returns:
        Exit status: 0; 1 after bad input, with one sentence on stderr.
    """
    return run_command(lambda: _measure_and_write(_parser().parse_args(argv)))


def _measure_and_write(options: argparse.Namespace) -> None:
    for results in run(options):  # one that is stopped leaves what it has measured
        paths = write_report(results, options.out)
    print(markdown(results))
    print(*paths, sep='\n')


def run(options: argparse.Namespace) -> Iterator[dict]:
    """Measure the parts that ``options`` name.

    Args:
        options: parsed command line.

    Yields:
        'machine', 'options', and the results of each measured part under its name, whenever there
        are more of them.

    Raises:
        InputError: the value of an option cannot be used, or not on this machine.
    """
    _check_writable(options.out)
    settings = [
        'data.root',
        options.root,
        'data.height',
        options.height,
        'data.width',
        options.width,
        'data.workers',
        options.workers[0],
        'train.batch_size',
        options.batch_size,
    ]
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    results: dict = {
        'machine': _machine(device),
        'options': {
            key: str(value) if isinstance(value, Path) else value
            for key, value in vars(options).items()
        },
    }
    if {'training', 'extraction', 'schedule'} & set(options.parts):
        names = options.systems or [
            name for name in SYSTEMS if device == 'cuda' or name not in GPU_ONLY
        ]
        systems = [System(name, settings) for name in names]
    if {'training', 'schedule'} & set(options.parts):
        for system in systems:
            choose_workers(system, options.workers, options.iterations)
    if 'training' in options.parts:
        rows = measure_training(systems, options.turns, options.iterations)
        for system in systems:
            row = rows[system.name]
            peak = matrix_peak(system.cfg.midattr.precision, device)
            row['share of peak'] = _PASSES * row['multiply-adds'] * row['img/s'] / peak
        results['training'] = rows
        yield results
        for system in systems:
            rows[system.name]['MiB'] = in_fresh_process(training_memory, system.name, settings)
        yield results
    if 'extraction' in options.parts:
        results['extraction'] = measure_extraction(systems, options.turns, options.batch_size)
        yield results
    if 'schedule' in options.parts:
        results['schedule'] = {
            system.name: _projected_schedule(system, options.schedule_iterations)
            for system in systems
        }
        yield results
    if 'loading' in options.parts:
        results['loading'] = measure_loading(settings, options.turns, 25 * options.batch_size)
        yield results
    if 'ranking' in options.parts:
        results['ranking'] = list(_rankings(options))
        yield results


def _projected_schedule(system: System, iterations: int) -> dict[str, float]:
    """Project the hours of the paper's schedule from the time of some iterations."""
    seconds_per_iteration(system, system.warm_up)
    with tqdm(total=iterations, desc=f'schedule, {system.name}', unit='it', leave=False) as bar:
        seconds = 0.0
        step = system.cfg.train.print_freq
        for start in range(0, iterations, step):
            count = min(step, iterations - start)
            seconds += seconds_per_iteration(system, count) * count
            bar.update(count)
    # the schedule is projected by its number of images, whatever the batch size
    images = iterations * system.batch_size
    return {
        'iterations': iterations,
        'batch': system.batch_size,
        'hours': seconds / images * _PAPER_ITERATIONS * _PAPER_BATCH / 3600,
    }


def _rankings(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for gallery in options.galleries:
        yield {'gallery': gallery, 'by': 'ours', **measure_ranking(gallery, options.memory)}
        if gallery <= options.torchreid_up_to:
            yield {
                'gallery': gallery,
                'by': 'torchreid',
                **measure_ranking(gallery, float('inf'), fast=False),
            }


def _check_writable(stem: Path) -> None:
    try:  # now, because measuring may take an hour
        stem.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=stem.parent):
            pass
    except OSError as error:
        raise InputError(
            f'--out: "{stem.parent}" cannot be written to ({error.strerror}); choose another folder'
        ) from error


def _machine(device: str) -> dict[str, str]:
    name = (
        torch.cuda.get_device_name()
        if device == 'cuda'
        else torch.backends.cpu.get_cpu_capability()
    )
    return {
        'device': f'{device} ({name})',
        'threads': str(torch.get_num_threads()),
        'torch': torch.__version__,
        'Python': platform.python_version(),
        'system': platform.platform(),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='midattr-benchmark',
        description="Compare speed and memory of this project with torchreid's built-in models, "
        'on rendered images, and write a report.',
    )
    parser.add_argument(
        '--root',
        default='reid-data',
        metavar='DIR',
        help='data root; the demo dataset is rendered there if missing (default: %(default)s)',
    )
    parser.add_argument(
        '--out',
        type=path_option,
        default=Path('benchmark'),
        metavar='STEM',
        help='write STEM.md and STEM.json (default: %(default)s)',
    )
    parser.add_argument(
        '--parts',
        nargs='+',
        choices=PARTS,
        default=list(PARTS[:4]),
        help='what to measure (default: all but schedule)',
    )
    parser.add_argument(
        '--systems',
        nargs='+',
        choices=SYSTEMS,
        metavar='NAME',
        help='systems to measure; ratios are relative to the first (default: all that this machine '
        f'supports of {", ".join(map(repr, SYSTEMS))})',
    )
    for name, minimum, default, meaning in (
        ('height', 1, 256, 'height of the images in pixels'),
        ('width', 1, 128, 'width of the images in pixels'),
        ('batch-size', 1, 16, 'images per batch'),
        ('turns', 1, 5, 'turns of each system'),
        ('iterations', 1, 10, 'training iterations per turn'),
        ('schedule-iterations', 1, 300, "iterations from which the paper's schedule is projected"),
        ('torchreid-up-to', 0, GALLERIES[0], 'largest gallery that torchreid also ranks'),
    ):
        parser.add_argument(
            f'--{name}',
            type=_at_least(minimum),
            default=default,
            metavar='N',
            help=f'{meaning} (default: %(default)s)',
        )
    parser.add_argument(
        '--workers',
        type=_at_least(0),
        nargs='+',
        default=[n for n in _WORKERS if n <= (os.cpu_count() or 1)] or [1],
        metavar='N',
        help="worker processes of torchreid's loader; of several numbers that with which a system "
        'trains fastest (default: %(default)s)',
    )
    parser.add_argument(
        '--galleries',
        type=_at_least(1),
        nargs='+',
        default=list(GALLERIES),
        metavar='N',
        help='sizes of the galleries to rank (default: %(default)s)',
    )
    parser.add_argument(
        '--memory',
        type=_at_least(0.001, float),
        default=0.25,
        metavar='GIB',
        help='memory for the distances, see midattr.ranking_memory (default: %(default)s)',
    )
    return parser


def _at_least(minimum: float, kind: type = int) -> Callable[[str], float]:
    """Return a ``type`` for argparse that rejects numbers below ``minimum``."""

    def number(text: str) -> float:
        value = kind(text)
        if value < minimum:
            raise argparse.ArgumentTypeError(f'{text} is too small, give {minimum} or more')
        return value

    return number  # argparse prints this name: "invalid number value"
