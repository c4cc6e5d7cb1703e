"""What ``tools/compare.py`` does: runs a suite and reports it."""

import argparse
import signal
import sys
from pathlib import Path

from midattr_plugin import build
from midattr_plugin.compare.devices import run_devices
from midattr_plugin.compare.folder import check_folder, claim_folder, locked
from midattr_plugin.compare.grid import choose, selection_suite
from midattr_plugin.compare.plan import Run, plan_runs
from midattr_plugin.compare.report import write_report
from midattr_plugin.compare.runner import execute
from midattr_plugin.compare.suite import Suite, load_suite
from midattr_plugin.config.arguments import split_at_key
from midattr_plugin.errors import InputError


def main(argv: list[str] | None = None) -> int:
    """Runs the command line ``argv`` (default: the process's own).

    Returns:
        Exit status: 0; 1 if the input was bad, with one sentence on stderr, or a row failed; 130
        after an interrupt.
    """
    options = _parser().parse_intermixed_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C
    try:
        return run(options)
    except InputError as error:
        print(f'error: {error.sentence}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('interrupted; the same command goes on from here', file=sys.stderr)
        return 130


def run(options: argparse.Namespace) -> int:
    """Does what the parsed ``options`` ask for; returns the exit status.

    Raises:
        InputError: something that they name cannot be used. Nothing has been run then.
    """
    if options.jobs is not None and options.jobs < 1:
        raise InputError(f'--jobs: {options.jobs} is too small; give 1 or more')
    words, swallowed = split_at_key(options.seeds)  # an option that takes many takes all words
    seeds = list(dict.fromkeys(map(_seed, words)))
    if not seeds:
        raise InputError(
            f'--seeds: there is no seed before "{swallowed[0]}"; give some, as in --seeds 1 2 3'
        )
    opts = [*swallowed, *options.opts]
    suite = load_suite(options.suite)
    if options.select:
        suite = selection_suite(suite, opts)
    out = options.out.expanduser() if options.out else Path('log/compare') / suite.name
    runs = plan_runs(suite, seeds, out, options.root, opts)
    is_known = check_folder(suite, runs, out)
    failed = {}
    if not options.report_only:
        _make_data(suite, runs)
        devices = run_devices(options.jobs, any(run.cfg.use_gpu for run in runs))
        with locked(out):
            claim_folder(suite, runs, out)
            failed = execute(runs, devices, options.keep_checkpoints)
    elif not is_known:
        raise InputError(
            f'--out: "{out}" holds no results to report; name the folder of a suite '
            'that has been run'
        )
    table, best = choose(runs) if options.select else (None, '')
    if table:
        print(
            *(
                f'{point:<24} identity accuracy {accuracy}, loss {loss}, seeds {seeds}'
                for point, accuracy, loss, seeds, _ in table.rows
            ),
            best,
            sep='\n',
        )
    print(*write_report(suite, runs, failed, out, [table] if table else []), sep='\n')
    return 1 if failed else 0


def _seed(word: str) -> int:
    if not word.isdecimal():
        raise InputError(f'--seeds: "{word}" is not a whole number; give some, as in --seeds 1 2 3')
    return int(word)


def _make_data(suite: Suite, runs: list[Run]) -> None:
    """Once, before many processes want it; what is missing is told before anything runs."""
    seen = []
    for run in runs:
        cfg = run.cfg.clone()
        cfg.defrost()
        cfg.midattr.cache = 'none'  # found, not decoded
        cfg.data.save_dir = ''
        data = (
            cfg.data,
            cfg.sampler,
            cfg.train.batch_size,
            cfg.midattr.annotations,
            cfg.midattr.validation_images,
        )
        if data not in seen:
            seen.append(data)
            try:
                build.build_datamanager(cfg)
            except InputError as error:
                raise InputError(
                    f'suite "{suite.name}", row "{run.row.name}": {error.sentence}'
                ) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='compare.py',
        description='Runs the rows of a suite over several seeds and writes report.html, report.md '
        'and results.csv. What is finished is skipped, what was cut off goes on: stop '
        'it and start it again at any time.',
    )
    parser.add_argument(
        '--suite', required=True, metavar='FILE', help='as configs/compare/demo.yaml'
    )
    parser.add_argument(
        '--root',
        default='',
        metavar='DIR',
        help='folder of the datasets (default: as the configurations say)',
    )
    parser.add_argument(
        '--seeds', nargs='+', default=['1', '2', '3'], metavar='N', help='default: 1 2 3'
    )
    parser.add_argument(
        '--out',
        type=Path,
        metavar='DIR',
        help='folder of the results (default: log/compare/<suite>)',
    )
    parser.add_argument(
        '--jobs', type=int, metavar='N', help='runs side by side (default: one per GPU, or one)'
    )
    parser.add_argument(
        '--select',
        action='store_true',
        help='instead of the rows, try the grid of the suite on validation images '
        'that are held out of the training set, and print the best',
    )
    parser.add_argument(
        '--report-only', action='store_true', help='report what is done; run nothing'
    )
    parser.add_argument(
        '--keep-checkpoints', action='store_true', help='do not delete those of finished runs'
    )
    parser.add_argument(
        'opts',
        nargs='*',
        metavar='key value',
        help='configuration keys and values for all rows, as midattr.cache ram',
    )
    return parser
