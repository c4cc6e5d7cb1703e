"""mAP over the epochs, by hand."""

import re
import shutil
from dataclasses import replace

import pytest
from torch.utils.tensorboard import SummaryWriter

from helpers.fake_runs import make_suite, write_runs
from midattr_plugin.compare import cli
from midattr_plugin.compare.convergence import (
    CurvePair,
    convergence_facts,
    curve_pairs,
    mean_curve,
    unlearned_facts,
)
from midattr_plugin.compare.curves import LOSS, MAP
from midattr_plugin.compare.report import write_report


def test_gains_are_paired_by_seed_and_epoch():
    pair = CurvePair(
        'a', 'b', {1: {1: 20, 2: 30}, 2: {1: 22, 2: 31}}, {1: {2: 25, 3: 40}, 3: {1: 9}}
    )
    assert pair.gains == {1: {2: 5}}


def test_mean_over_the_seeds():
    assert mean_curve({1: {1: 10, 2: 20, 3: 90}, 2: {1: 20, 2: 40}}) == {1: 15, 2: 30}
    assert mean_curve({}) == {}


@pytest.fixture
def tested(tmp_path):
    """Runs of which the row "plain" still rises by 4 points, and "more" by half a point."""
    suite, runs, _ = write_runs(tmp_path)
    curves = {
        run: {
            MAP: {1: 40, 2: 60 + run.seed, 4: 64 + run.seed}
            if run.row.name == 'plain'
            else {1: 50, 2: 70, 4: 70.5}
        }
        for run in runs
    }
    return suite, runs, curves


def test_rows_that_still_rise_are_named(tested):
    _, runs, curves = tested
    [fact] = convergence_facts(runs, curves)
    assert fact.startswith(
        'NOT CONVERGED: mAP still rose between the last two tests (epochs 2 and 4), in points: '
        'plain by 4.0. A difference'
    )


def test_rows_that_rise_share_a_sentence_for_the_same_tests(tested):
    _, runs, curves = tested
    for run in runs:
        if run.row.name == 'more':
            curves[run] = {MAP: {2: 70, 4: 71.5}}
    [fact] = convergence_facts(runs, curves)
    assert '(epochs 2 and 4), in points: plain by 4.0, more by 1.5.' in fact
    for run in runs:
        if run.row.name == 'more':
            curves[run] = {MAP: {1: 70, 4: 71.5}}
    other, fact = convergence_facts(runs, curves)
    assert '(epochs 2 and 4), in points: plain by 4.0.' in other
    assert '(epochs 1 and 4), in points: more by 1.5.' in fact


def test_rows_that_were_tested_once(tested):
    _, runs, curves = tested
    for run in runs:
        curves[run] = {MAP: {4: 50.0}} if run.row.name == 'more' else curves[run]
    facts = convergence_facts(runs, curves)
    assert len(facts) == 2 and 'tested only once: more.' in facts[1]
    assert convergence_facts(runs, {}) == []


def test_rows_that_have_not_learned_identities_are_named(tested):
    """One branch whose classifier still guesses is enough; no curve says nothing."""
    _, runs, curves = tested
    for run in runs:
        ends_at = 5.2 if run.row.name == 'plain' and run.seed == 2 else 4.3
        ends_at = 6.1 if run.row.name == 'more' and run.seed == 1 else ends_at
        curves[run] = {
            'Train/loss_global': {0: 5.5, 9: 1.0},
            'Train/loss_local': {0: 5.5, 4: 6.0, 9: ends_at},
        }
    [fact] = unlearned_facts(curves)
    head, rows, _ = re.split('hardly fell, on average over the seeds: |[.] Such', fact)
    assert head == 'NOT LEARNED: the identity loss '
    assert set(rows.split(', ')) == {
        'plain (seeds 2) from 5.50 to 5.20',
        'more (seeds 1) from 5.50 to 6.10',
    }
    assert unlearned_facts({run: {MAP: {1: 40.0}} for run in runs}) == []
    known = {run: {'Train/loss_global': {0: 0.5, 9: 0.45}} for run in runs}  # from the start
    assert unlearned_facts(known) == []


@pytest.fixture
def guessing_start(tmp_path):
    """A finished start whose identity loss has not fallen, beside runs of its suite."""
    suite, runs, out = write_runs(tmp_path)
    row = replace(runs[0].row, name='start-osnet_x0_25')
    start = replace(runs[0], row=row, folder=tmp_path / 'start')
    start.folder.mkdir()
    shutil.copyfile(runs[0].done_file, start.done_file)
    with SummaryWriter(str(start.folder)) as writer:
        for step, loss in enumerate((6.9, 6.8)):
            writer.add_scalar('Train/loss_global', loss, step)
    return suite, runs, out, start


def test_start_that_has_not_learned_is_told_from_a_row(guessing_start):
    """Rows that start from it start from next to nothing, however well they are compared."""
    suite, runs, out, start = guessing_start
    text = write_report(suite, runs, {}, out, start_runs=[start])[1].read_text()
    assert 'seeds: start-osnet_x0_25 (seeds 1) from 6.90 to 6.80. Such' in text
    assert 'its scores say nothing about the rows that start from it.' in text
    # a suite with a single start may have a row of such a name
    [fact] = unlearned_facts({start: {'Train/loss_global': {0: 6.9, 1: 6.8}}})
    assert 'its scores say nothing about the row.' in fact


def test_start_that_has_not_learned_is_told_before_the_rows_are_trained(
    guessing_start, monkeypatch, capsys
):
    *_, start = guessing_start
    monkeypatch.setattr(cli, 'execute', lambda *args, **options: {})
    cli._train_starts([start], [''])
    text = capsys.readouterr().out
    assert 'Note: NOT LEARNED: ' in text and 'start-osnet_x0_25 (seeds 1) from' in text


def test_whole_loss_is_that_of_identities_in_the_softmax_engine_alone(tested):
    _, runs, _ = tested
    curves = {run: {LOSS: {0: 6.0, 9: 5.5 + 0.1 * run.seed}} for run in runs}
    for run in runs:
        run.cfg.defrost()
        run.cfg.loss.name = 'softmax' if run.row.name == 'more' else 'midattr'
    [fact] = unlearned_facts(curves)
    assert 'more (seeds 1 2) from 6.00 to 5.65. Such' in fact


def test_pairs_are_baselines_and_claims(tested, tmp_path):
    suite, _, curves = tested
    [pair] = curve_pairs(suite, curves)
    assert (pair.row, pair.over) == ('more', 'plain')
    assert pair.gains == {1: {1: 10, 2: 9, 4: 5.5}, 2: {1: 10, 2: 8, 4: 4.5}}
    claimed = make_suite(
        tmp_path,
        {'name': 'plain'},
        {'name': 'more'},
        claims=[
            {
                'claim': 'It',
                'comparisons': [
                    {'row': 'plain', 'over': 'more'},
                    {
                        'row': 'more',
                        'over': 'more',
                        'descriptor': 'fused',
                        'over_descriptor': 'local',
                    },
                ],
            }
        ],
    )
    assert [(pair.row, pair.over) for pair in curve_pairs(claimed, curves)] == [('plain', 'more')]
    assert not list(curve_pairs(suite, {}))
