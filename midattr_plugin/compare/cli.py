"""Command line of the comparison: runs a suite and reports it."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from midattr_plugin import build
from midattr_plugin.command import run_command
from midattr_plugin.compare.convergence import unlearned_starts
from midattr_plugin.compare.folder import check_finished, check_folder, claim_folder
from midattr_plugin.compare.grid import choose, selection_suite
from midattr_plugin.compare.plan import Run, plan_runs
from midattr_plugin.compare.report import write_report
from midattr_plugin.compare.runner import execute, run_devices
from midattr_plugin.compare.same_pictures import check_pictures_at_hand, check_same_pictures
from midattr_plugin.compare.start import must_be_trained, plan_starts
from midattr_plugin.compare.suite import Suite, load_suite
from midattr_plugin.config import arguments, find_config
from midattr_plugin.config.arguments import add_keys_option, split_at_key
from midattr_plugin.config.find import shipped_configs
from midattr_plugin.errors import InputError
from midattr_plugin.folder_lock import locked
from midattr_plugin.user_path import path_option


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (default: that of the process).

    Returns:
        Exit status: 0; 1 after bad input, with one sentence on stderr, or if a run failed; 130
        after an interrupt.
    """
    return run_command(
        lambda: run(_parser().parse_intermixed_args(argv)),
        interrupted='interrupted; the same command resumes from here',
        ends_on_sigterm=True,
    )


def run(options: argparse.Namespace) -> int:
    """Run the suite that the parsed ``options`` name, report it, and return the exit status.

    Raises:
        InputError: something that they name cannot be used. Nothing has been run then.
    """
    if options.jobs is not None and options.jobs < 1:
        raise InputError(f'--jobs: {options.jobs} is too small; give 1 or more')
    words, swallowed = split_at_key(options.seeds)  # --seeds takes the keys after it, too
    seeds = list(dict.fromkeys(map(_seed, words)))
    if not seeds:
        raise InputError(
            f'--seeds: there is no seed before "{swallowed[0]}"; give some, e.g. --seeds 1 2 3'
        )
    opts = [*swallowed, *options.opts]
    suite = load_suite(find_config(options.suite, 'compare'))
    if options.select:
        suite = selection_suite(suite, opts)
    out = options.out or Path('log/compare') / suite.name
    runs = plan_runs(suite, seeds, out, options.root, opts)
    starts = plan_starts(suite, runs, out, options.root, opts)
    planned = [*runs, *starts]
    has_results = check_folder(suite, planned, out)
    recipes = check_same_pictures(runs)
    failed = {}
    if not options.report_only:
        check_finished(planned)
        due = [start for start in starts if must_be_trained(start, runs)]
        _make_data(suite, planned, recipes)
        devices = run_devices(options.jobs, any(run.cfg.use_gpu for run in planned))
        with locked(out, 'suite'):
            claim_folder(suite, planned, out)
            _train_starts(due, devices)
            failed = execute(runs, devices, options.keep_checkpoints)
    elif not has_results or not any(run.is_done for run in runs):
        raise InputError(
            f'--out: "{out}" holds no results to report of seeds {", ".join(map(str, seeds))}; '
            'name the folder and the seeds of a suite that has been run'
        )
    table, best = choose(runs) if options.select else (None, '')
    if table:
        print(
            *(
                f'{point:<24} identity accuracy {accuracy}, loss {loss} '
                f'(± standard error), seeds {seeds}'
                for point, accuracy, loss, seeds, _ in table.rows
            ),
            best,
            sep='\n',
        )
    print(*write_report(suite, runs, failed, out, [table] if table else [], starts), sep='\n')
    return 1 if failed else 0


def _train_starts(starts: list[Run], devices: list[str]) -> None:
    """Train what the rows start from, whose checkpoints are kept."""
    if not starts:
        return
    failed = execute(starts, devices[: len(starts)], keep_checkpoints=True)
    for start, reason in failed.items():
        raise InputError(
            f'no row was run, because the training that rows start from, "{start.row.name}", '
            f'failed: {reason}; fix that, and run the suite again'
        )
    for fact in unlearned_starts(starts):  # rather than after hours of rows
        print(f'Note: {fact}')


def _seed(word: str) -> int:
    if not word.isdecimal():
        raise InputError(f'--seeds: "{word}" is not a whole number; give some, e.g. --seeds 1 2 3')
    return int(word)


def _make_data(suite: Suite, runs: list[Run], recipes: dict[str, str]) -> None:
    """Make the data of each run once, so that what is missing is reported before anything runs.

    Rendered pictures must be those of finished runs, whose ``recipes`` are given by target.
    """
    checked = []
    for run in runs:
        cfg = run.cfg.clone()
        cfg.defrost()
        cfg.midattr.cache = 'none'  # only look for the images; decode none
        cfg.data.save_dir = ''
        data = (
            arguments(cfg, 'video_data' if cfg.data.type == 'video' else 'image_data'),
            cfg.midattr.annotations,
            cfg.midattr.validation_images,
            cfg.midattr.validation_identities,
        )
        if data not in checked:
            checked.append(data)
            try:
                check_pictures_at_hand(recipes, build.build_datamanager(cfg))
            except InputError as error:
                raise InputError(
                    f'suite "{suite.name}", row "{run.row.name}": {error.sentence}'
                ) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='midattr-compare',
        description='Trains and tests the rows of a suite with several seeds and writes '
        'report.html, report.md and results.csv. It can be stopped and started again at any time: '
        'finished runs are skipped, interrupted ones are resumed.',
    )
    names = ', '.join(path.name for path in shipped_configs('compare'))
    parser.add_argument(
        '--suite',
        required=True,
        metavar='FILE',
        help='YAML file that lists the rows, or the name of one that comes with the package: '
        f'{names}',
    )
    add_keys_option(parser)
    parser.add_argument(
        '--root',
        default='',
        metavar='DIR',
        help='folder of the datasets (default: that of the configurations)',
    )
    parser.add_argument(
        '--seeds',
        nargs='+',
        default=[str(seed) for seed in range(1, 6)],
        metavar='N',
        help='default: 1 2 3 4 5; give more where trainings are short, as few seeds tell little',
    )
    parser.add_argument(
        '--out',
        type=path_option,
        metavar='DIR',
        help='folder of the results (default: log/compare/<suite>)',
    )
    parser.add_argument(
        '--jobs',
        type=int,
        metavar='N',
        help='number of runs at a time (default: one per GPU, or one)',
    )
    parser.add_argument(
        '--select',
        action='store_true',
        help='instead of the rows, try the grid of the suite on validation images '
        'held out from the training set, and print the best point',
    )
    parser.add_argument(
        '--report-only', action='store_true', help='report the finished runs; train nothing'
    )
    parser.add_argument(
        '--keep-checkpoints', action='store_true', help='keep the checkpoints of finished runs'
    )
    parser.add_argument(
        'opts',
        nargs='*',
        metavar='key value',
        help='configuration keys and values for all rows, e.g. midattr.cache ram',
    )
    return parser
