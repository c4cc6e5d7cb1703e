"""The command line of the comparison, with trainings of seconds."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time

import pytest
import yaml

from helpers.fake_market import write_market_tree
from helpers.fake_runs import finish, made_up_results
from helpers.paths import PROJECT
from helpers.tiny_run import SETTINGS
from midattr_plugin import build
from midattr_plugin.compare import cli, main
from midattr_plugin.compare.curves import IDENTITY_LOSSES, read_curves
from midattr_plugin.compare.folder import claim_folder
from midattr_plugin.compare.plan import plan_runs
from midattr_plugin.compare.suite import load_suite

PLAIN = {
    'model.name': 'midattr_tiny',
    'midattr.branches': ['global'],
    'midattr.descriptor': 'global',
}
ROWS = [{'name': 'plain', 'set': PLAIN}, {'name': 'more', 'baseline': 'plain'}]


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv('OMP_WAIT_POLICY', 'passive')  # no spinning where CPUs are busy
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    (tmp_path / 'base.yaml').write_text(yaml.safe_dump(SETTINGS))
    return tmp_path


def write_suite(root, rows=ROWS, **content):
    path = root / 'suite.yaml'
    path.write_text(
        yaml.safe_dump(
            {
                'title': 'Tiny',
                'config': 'base.yaml',
                'set': {'midattr.evaluate_first': False},
                'rows': rows,
                **content,
            }
        )
    )


def arguments(root, out, *options):
    return [
        '--suite',
        str(root / 'suite.yaml'),
        '--root',
        str(root),
        '--out',
        str(root / out),
        '--seeds',
        '1',
        *options,
    ]


def start(root, out):
    """Start tools/compare.py as its user does."""
    program = [sys.executable, str(PROJECT / 'tools/compare.py'), *arguments(root, out)]
    environment = os.environ | {'PYTHONPATH': str(PROJECT)}
    with (root / 'log.txt').open('a') as log:
        return subprocess.Popen(program, env=environment, stdout=log, stderr=log)


def test_stopped_and_started_again(root, kills):
    """Killed once, interrupted once, then stopped at random moments: same results as in one go.

    ``pytest tests/compare/test_compare.py --kills 5`` stops it five times.
    """
    write_suite(root)
    began = time.monotonic()
    assert main(arguments(root, 'whole')) == 0
    duration = time.monotonic() - began
    for end, sign in (
        ('kill', 'plain/seed1/model/model.pth.tar-last'),
        ('terminate', 'more/seed1/output.log'),
    ):
        process = start(root, 'pieces')
        while not (root / 'pieces/runs' / sign).exists():
            assert process.poll() is None, (root / 'log.txt').read_text()
            time.sleep(0.05)
        getattr(process, end)()
        assert process.wait(60) == {'kill': -9, 'terminate': 130}[end]
    moments = random.Random(0)
    for _ in range(kills - 2):
        process = start(root, 'pieces')
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moments.uniform(0, 0.6) * duration)
        process.send_signal(moments.choice((signal.SIGKILL, signal.SIGTERM)))
        process.wait(60)
    assert main(arguments(root, 'pieces')) == 0
    whole, pieces = ((root / out / 'results.csv').read_text() for out in ('whole', 'pieces'))
    assert whole == pieces and whole.count('\n') == 1 + 1 + 3
    assert 'interrupted; the same command resumes from here' in (root / 'log.txt').read_text()
    assert {path.name for path in (root / 'whole').iterdir()} - {'suite.lock'} == {
        'suite.json',
        'runs',
        'results.csv',
        'report.md',
        'report.html',
    }


def test_failed_row_is_reported(root, capsys):
    bad = {'name': 'bad', 'set': {**PLAIN, 'train.lr': 1e30, 'train.max_epoch': 1}}
    write_suite(root, [bad, {'name': 'good'}])
    opts = ['midattr.cache', 'ram']
    suite, out = load_suite(root / 'suite.yaml'), root / 'out'
    runs = plan_runs(suite, [1], out, str(root), opts)
    claim_folder(suite, runs, out)
    finish(runs[1], made_up_results(0.5))
    assert main(arguments(root, 'out', '--jobs', '2', *opts)) == 1
    page = (root / 'out/report.md').read_text()
    assert 'FAILED: row bad, seed 1: error: the loss is not finite' in page
    assert '| good |' in page and '1 of 2 runs are done' in page
    assert 'cache: ram' in (root / 'out/runs/bad/seed1/config.yaml').read_text()  # of the training
    assert main(arguments(root, 'out', '--report-only', *opts)) == 0
    assert 'results.csv' in capsys.readouterr().out


def test_rows_start_from_the_weights_of_one_training(root, capsys):
    """Seeds that are added later, too."""
    row = {'name': 'frozen', 'set': PLAIN | {'midattr.freeze_bn': True, 'train.max_epoch': 1}}
    write_suite(root, [row], start={'label': 'of two epochs', 'set': {'train.max_epoch': 2}})
    weights = root / 'out/runs/start/seed1/model/model.pth.tar-last'
    written = set()
    for seed in ('1', '2'):
        assert main([*arguments(root, 'out'), '--seeds', seed]) == 0
        folder = root / 'out/runs/frozen' / f'seed{seed}'
        assert f'Weights from "{weights}"' in (folder / 'output.log').read_text()
        assert not (folder / 'model').exists()
        assert read_curves(folder, IDENTITY_LOSSES)['Train/loss_global']  # as the engine names it
        written.add(weights.stat().st_mtime_ns)
    assert len(written) == 1
    report = (root / 'out/report.md').read_text()
    assert 'All rows start from the weights of one training (of two epochs): 2 epochs' in report
    weights.unlink()
    assert main([*arguments(root, 'out'), '--seeds', '1', '2']) == 0  # nothing is left to train
    capsys.readouterr()
    assert main([*arguments(root, 'out'), '--seeds', '3']) == 1
    assert 'from whose weights rows start, is missing' in capsys.readouterr().err


def test_no_row_runs_if_what_it_starts_from_fails(root, capsys, monkeypatch):
    executed = []

    def fail(runs, devices, keep_checkpoints=False):
        executed.extend(run.row.name for run in runs)
        return {run: 'out of memory (log)' for run in runs}

    monkeypatch.setattr(cli, 'execute', fail)
    write_suite(root, start={})
    assert main(arguments(root, 'out')) == 1
    assert (
        'no row was run, because the training that rows start from, "start", failed: out of memory '
        '(log)'
    ) in capsys.readouterr().err
    assert executed == ['start'] and not (root / 'out/report.md').exists()


@pytest.mark.parametrize(
    ('rows', 'words'),
    [
        ([{'name': 'a', 'set': {'midattr.nothing': 1}}], 'row "a": midattr.nothing is not'),
        ([{'name': 'a'}, {'name': 'a'}], 'two rows are named "a"'),
        (
            [
                {
                    'name': 'a',
                    'set': {
                        'data.sources': ['market1501'],
                        'data.targets': ['cuhk03'],
                        'model.name': 'midattr_tiny',
                    },
                }
            ],
            'row "a": data.root "',
        ),
        (
            [{'name': 'a'}, {'name': 'b', 'set': {'train.batch_size': 5000}}],
            'row "b": train.batch_size: 5000 is more than the',
        ),
        (
            [{'name': 'a'}, {'name': 'b', 'set': {'midattr.validation_identities': 3}}],
            'row "b": midattr.validation_identities: 3 of 4 training identities cannot be held out',
        ),
    ],
)
def test_refused_before_anything_runs(root, capsys, rows, words):
    write_suite(root, rows)
    assert main(arguments(root, 'out')) == 1
    assert words in capsys.readouterr().err
    assert not (root / 'out').exists()


def test_runs_of_an_earlier_version_are_not_compared_with_new_ones(root, capsys):
    write_suite(root)
    suite, out = load_suite(root / 'suite.yaml'), root / 'out'
    runs = plan_runs(suite, [1], out, str(root))
    claim_folder(suite, runs, out)
    results = made_up_results(0.5)
    results.query_scores_sha256 = None
    finish(runs[0], results)
    assert main(arguments(root, 'out')) == 1
    assert 'row "plain": ' in (message := capsys.readouterr().err)
    assert 'was run with version 0.3 or before' in message and not (out / 'report.md').exists()
    assert main(arguments(root, 'out', '--report-only')) == 0
    finish(runs[1], results)
    assert main(arguments(root, 'out')) == 0  # nothing is left to train


def test_folder_without_results(root, capsys):
    write_suite(root)
    assert main(arguments(root, 'out', '--report-only')) == 1
    assert 'out" holds no results to report' in capsys.readouterr().err
    assert not (root / 'out').exists()


def test_too_few_jobs(root, capsys):
    write_suite(root)
    assert main(arguments(root, 'out', '--jobs', '0')) == 1
    assert '--jobs: 0 is too small; give 1 or more' in capsys.readouterr().err


def test_folder_of_another_root_is_refused_before_data_is_made(root, capsys, monkeypatch):
    write_suite(root)
    (root / 'out').mkdir()
    (root / 'out/suite.json').write_text('{"suite": "suite", "root": "elsewhere"}')
    monkeypatch.setattr(build, 'build_datamanager', None)
    assert main(arguments(root, 'out')) == 1
    assert 'holds results of the data root "elsewhere"' in capsys.readouterr().err


def test_unknown_suite(root, capsys):
    assert main(arguments(root, 'out')) == 1
    message = capsys.readouterr().err
    assert 'suite.yaml" is neither a file nor comes with the package' in message
    assert 'paper_market.yaml' in message


def test_seeds_that_are_not_numbers(root, capsys):
    write_suite(root)
    assert main([*arguments(root, 'out'), '--seeds', '1', 'two']) == 1
    assert '--seeds: "two" is not a whole number' in capsys.readouterr().err
    assert main([*arguments(root, 'out'), '--seeds', 'midattr.cache', 'ram']) == 1
    assert '--seeds: there is no seed before "midattr.cache"' in capsys.readouterr().err


def test_a_report_of_seeds_that_have_not_been_run(root, capsys):
    """It would replace the report of those that have been."""
    write_suite(root)
    suite, out = load_suite(root / 'suite.yaml'), root / 'out'
    runs = plan_runs(suite, [1], out, str(root))
    claim_folder(suite, runs, out)
    finish(runs[0], made_up_results(0.5))
    (out / 'report.md').write_text('of seed 1')
    command = [*arguments(root, 'out', '--report-only'), '--seeds', '9']
    assert main(command) == 1
    assert 'holds no results to report of seeds 9' in capsys.readouterr().err
    assert (out / 'report.md').read_text() == 'of seed 1'
