"""What ``tools/benchmark.py`` does: parses its arguments, measures, writes the table."""

import argparse
import platform
import sys
from pathlib import Path

import torch

from midattr_plugin.benchmark.extraction import measure_extraction
from midattr_plugin.benchmark.loading import measure_loading
from midattr_plugin.benchmark.memory import in_fresh_process, training_memory
from midattr_plugin.benchmark.peak import matrix_peak
from midattr_plugin.benchmark.ranking import GALLERIES, measure_ranking
from midattr_plugin.benchmark.report import markdown, write_report
from midattr_plugin.benchmark.systems import SYSTEMS, System
from midattr_plugin.benchmark.training import StepClock, measure_training
from midattr_plugin.errors import InputError

PARTS = ('training', 'extraction', 'loading', 'ranking', 'schedule')
_SCHEDULE = 50_000  # iterations (section 3.2)
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
        InputError: an option does not fit this machine.
    """
    settings = ['data.root', options.root, 'data.height', options.height, 'data.width',
                options.width, 'data.workers', options.workers, 'train.batch_size',
                options.batch_size]
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    results: dict = {'machine': _machine(device), 'options': {
        key: str(value) if isinstance(value, Path) else value
        for key, value in vars(options).items()}}
    names = options.systems
    if {'training', 'extraction', 'schedule'} & set(options.parts):
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
            system.name: _projected(system, options.schedule_iterations) for system in systems}
    if 'loading' in options.parts:
        results['loading'] = measure_loading(settings, options.turns, 25 * options.batch_size)
    if 'ranking' in options.parts:
        results['ranking'] = list(_rankings(options))
    return results


def _projected(system: System, iterations: int) -> dict:
    seconds = StepClock(system).run(iterations)['total'] * 16 / system.batch_size
    return {'iterations': iterations, 'hours': seconds * _SCHEDULE / 3600}


def _rankings(options: argparse.Namespace):
    for gallery in options.galleries:
        yield {'gallery': gallery, 'by': 'ours', **measure_ranking(gallery, options.memory)}
        if gallery <= options.host_up_to:
            yield {'gallery': gallery, 'by': 'host',
                   **measure_ranking(gallery, float('inf'), fast=False)}


def _machine(device: str) -> dict[str, str]:
    processor = torch.cuda.get_device_name() if device == 'cuda' else torch.backends.cpu.\
        get_cpu_capability()
    return {'device': f'{device} ({processor})', 'threads': str(torch.get_num_threads()),
            'torch': torch.__version__, 'Python': platform.python_version(),
            'system': platform.platform()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='benchmark.py',
        description='Measures this project beside the built-in models of torchreid, on rendered '
                    'images, in turns, and writes a table.')
    parser.add_argument('--root', default='reid-data', metavar='DIR',
                        help='data root; the demo set is rendered there if it is missing')
    parser.add_argument('--out', type=Path, default=Path('benchmark'), metavar='STEM',
                        help='writes STEM.md and STEM.json (default: %(default)s)')
    parser.add_argument('--parts', nargs='+', choices=PARTS, default=list(PARTS[:4]),
                        help='default: all but schedule')
    parser.add_argument('--systems', nargs='+', choices=SYSTEMS, default=list(SYSTEMS),
                        help='the first is what the others are compared with')
    for name, default, meaning in (
            ('height', 256, 'of the images, pixels'), ('width', 128, 'of the images, pixels'),
            ('batch-size', 16, 'images'), ('workers', 2, 'processes of the loader of the host'),
            ('turns', 5, 'of each system'), ('iterations', 10, 'of a turn'),
            ('schedule-iterations', 300, 'measured to project the whole schedule'),
            ('host-up-to', GALLERIES[0], 'largest gallery that the host ranks, too')):
        parser.add_argument(f'--{name}', type=int, default=default, metavar='N',
                            help=f'{meaning} (default: %(default)s)')
    parser.add_argument('--galleries', type=int, nargs='+', default=list(GALLERIES), metavar='N',
                        help='numbers of images to rank (default: %(default)s)')
    parser.add_argument('--memory', type=float, default=1., metavar='GIB',
                        help='for the distances, as midattr.ranking_memory')
    return parser
