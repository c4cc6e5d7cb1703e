"""What ``tools/benchmark.py`` does: parses its arguments, measures, writes the table."""

import argparse
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from tqdm import tqdm

from midattr_plugin.benchmark.extraction import measure_extraction
from midattr_plugin.benchmark.loading import measure_loading
from midattr_plugin.benchmark.memory import in_fresh_process, training_memory
from midattr_plugin.benchmark.peak import matrix_peak
from midattr_plugin.benchmark.ranking import GALLERIES, measure_ranking
from midattr_plugin.benchmark.report import markdown, write_report
from midattr_plugin.benchmark.systems import GPU_ONLY, SYSTEMS, System
from midattr_plugin.benchmark.training import measure_training, seconds_per_iteration
from midattr_plugin.errors import InputError

PARTS = ('training', 'extraction', 'loading', 'ranking', 'schedule')
_SCHEDULE, _SCHEDULE_BATCH = 50_000, 16  # iterations (section 3.2)
_PASSES = 3  # of the network in a step: forward, and backward to inputs and to weights


def main(argv: list[str] | None = None) -> int:
    """Runs the command line ``argv`` (default: the process's own).

    Returns:
        Exit status: 0, or 1 after bad input, with one sentence on stderr.
    """
    options = _parser().parse_args(argv)
    try:
        results = run(options)
        print(markdown(results))
        print(*write_report(results, options.out), sep='\n')
    except InputError as error:
        print(f'error: {error.sentence}', file=sys.stderr)
        return 1
    return 0


def run(options: argparse.Namespace) -> dict:
    """Measures the parts that the parsed ``options`` name.

    Raises:
        InputError: an option does not fit this machine, or its value is impossible.
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
        options.workers,
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
    if 'training' in options.parts:
        rows = measure_training(systems, options.turns, options.iterations)
        for system in systems:
            row = rows[system.name]
            peak = matrix_peak(system.cfg.midattr.precision, device)
            row['share of peak'] = _PASSES * row['multiply-adds'] * row['img/s'] / peak
            row['MiB'] = in_fresh_process(training_memory, system.name, settings)
        results['training'] = rows
    if 'extraction' in options.parts:
        results['extraction'] = measure_extraction(systems, options.turns, options.batch_size)
    if 'schedule' in options.parts:
        results['schedule'] = {
            system.name: _projected(system, options.schedule_iterations) for system in systems
        }
    if 'loading' in options.parts:
        results['loading'] = measure_loading(settings, options.turns, 25 * options.batch_size)
    if 'ranking' in options.parts:
        results['ranking'] = list(_rankings(options))
    return results


def _projected(system: System, iterations: int) -> dict:
    seconds_per_iteration(system, system.warm_up)
    with tqdm(total=iterations, desc=f'schedule, {system.name}', unit='it', leave=False) as bar:
        seconds = 0.0
        while bar.n < iterations:
            count = min(system.cfg.train.print_freq, iterations - bar.n)
            seconds += seconds_per_iteration(system, count) * count
            bar.update(count)
    # a larger batch sees as many images in fewer iterations
    images = iterations * system.batch_size
    return {
        'iterations': iterations,
        'batch': system.batch_size,
        'hours': seconds / images * _SCHEDULE * _SCHEDULE_BATCH / 3600,
    }


def _rankings(options: argparse.Namespace):
    for gallery in options.galleries:
        yield {'gallery': gallery, 'by': 'ours', **measure_ranking(gallery, options.memory)}
        if gallery <= options.torchreid_up_to:
            yield {
                'gallery': gallery,
                'by': 'torchreid',
                **measure_ranking(gallery, float('inf'), fast=False),
            }


def _check_writable(stem: Path) -> None:
    try:  # not after an hour of measuring
        stem.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=stem.parent):
            pass
    except OSError as error:
        raise InputError(
            f'--out: nothing can be written to "{stem.parent}" '
            f'({error.strerror}); choose another place'
        ) from error


def _machine(device: str) -> dict[str, str]:
    processor = (
        torch.cuda.get_device_name()
        if device == 'cuda'
        else torch.backends.cpu.get_cpu_capability()
    )
    return {
        'device': f'{device} ({processor})',
        'threads': str(torch.get_num_threads()),
        'torch': torch.__version__,
        'Python': platform.python_version(),
        'system': platform.platform(),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='benchmark.py',
        description='Measures this project beside the built-in models of torchreid, on rendered '
        'images, in turns, and writes a table.',
    )
    parser.add_argument(
        '--root',
        default='reid-data',
        metavar='DIR',
        help='data root; the demo set is rendered there if it is missing',
    )
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('benchmark'),
        metavar='STEM',
        help='writes STEM.md and STEM.json (default: %(default)s)',
    )
    parser.add_argument(
        '--parts',
        nargs='+',
        choices=PARTS,
        default=list(PARTS[:4]),
        help='default: all but schedule',
    )
    parser.add_argument(
        '--systems',
        nargs='+',
        choices=SYSTEMS,
        metavar='NAME',
        help='the first is what the others are compared with (default: all that '
        f'the machine runs, of {", ".join(map(repr, SYSTEMS))})',
    )
    for name, least, default, meaning in (
        ('height', 1, 256, 'of the images, pixels'),
        ('width', 1, 128, 'of the images, pixels'),
        ('batch-size', 1, 16, 'images'),
        ('workers', 0, 2, 'processes of the loader of torchreid'),
        ('turns', 1, 5, 'of each system'),
        ('iterations', 1, 10, 'of a turn'),
        ('schedule-iterations', 1, 300, 'measured to project the whole schedule'),
        ('torchreid-up-to', 0, GALLERIES[0], 'largest gallery that torchreid ranks, too'),
    ):
        parser.add_argument(
            f'--{name}',
            type=_at_least(least),
            default=default,
            metavar='N',
            help=f'{meaning} (default: %(default)s)',
        )
    parser.add_argument(
        '--galleries',
        type=_at_least(1),
        nargs='+',
        default=list(GALLERIES),
        metavar='N',
        help='numbers of images to rank (default: %(default)s)',
    )
    parser.add_argument(
        '--memory',
        type=_at_least(0.001, float),
        default=1.0,
        metavar='GIB',
        help='for the distances, as midattr.ranking_memory',
    )
    return parser


def _at_least(least: float, kind: type = int) -> Callable[[str], float]:
    """A type for argparse."""

    def number(text: str) -> float:
        value = kind(text)
        if value < least:
            raise argparse.ArgumentTypeError(f'{text} is too small, give {least} or more')
        return value

    number.__name__ = 'number'  # in argparse's sentence on what is none
    return number
