"""Tables of a report: gains of fusion and learned weights, by hand."""

import pytest

from helpers.fake_runs import TARGET, change_results, write_runs
from midattr_plugin.compare.report_tables import floor_tables, fusion_gains, learned_tables
from midattr_plugin.compare.summary import summarize


def test_fusion_gains_by_hand(tmp_path):
    suite, runs, _ = write_runs(tmp_path)
    for run in runs:
        scores = {
            'fused': {'rank-1': 0.9, 'mAP': 0.5 + 0.01 * run.seed},
            'local': {'rank-1': 0.8, 'mAP': 0.4},
        }
        change_results(run, lambda results, scores=scores: results.reid[TARGET].update(scores))
    gains = {
        (fused.row.name, branch.descriptor): by_score
        for fused, branch, by_score in fusion_gains(summarize(suite, runs))
    }
    assert list(gains) == [
        (row, descriptor) for row in ('plain', 'more') for descriptor in ('global', 'local')
    ]
    local = gains['more', 'local']
    assert local['rank-1'].mean == pytest.approx(10)
    assert local['mAP'].mean == pytest.approx(11.5)  # 11 and 12
    assert local['mAP'].low == pytest.approx(11.5 - 12.706 * 0.5, abs=1e-2)


def test_single_branches_have_no_fusion_gain(tmp_path):
    suite, runs, _ = write_runs(tmp_path)
    for run in runs:
        change_results(run, lambda results: results.reid[TARGET].pop('fused'))
    assert not list(fusion_gains(summarize(suite, runs)))
    assert not list(fusion_gains([]))


def test_learned_weights_are_averaged(tmp_path):
    _, runs, _ = write_runs(tmp_path)
    for run in runs:
        if run.row.name == 'more':
            extra = {
                'layer_weights': {'hat': {'res3d': 0.5 + 0.1 * run.seed, 'res4f': 0.25}},
                'task_weights': {'global': 1.0 * run.seed, 'hat': 4.0},
            }
            change_results(run, lambda results, extra=extra: results.extra.update(extra))
    layers, factors = learned_tables(runs)
    assert layers.title == 'Learned mixture of layers: more'
    assert [layers.head, *layers.rows] == [
        ['attribute', 'res3d', 'res4f'],
        ['hat', '0.650', '0.250'],
    ]
    assert [factors.head, *factors.rows] == [
        ['loss', 'more'],
        ['global', '1.500'],
        ['hat', '4.000'],
    ]


def test_nothing_learned(tmp_path):
    assert not list(learned_tables(write_runs(tmp_path)[1]))


def test_attributes_at_their_floor(tmp_path):
    _, runs, _ = write_runs(tmp_path)
    for run in runs:
        reasons = (
            {'hat': 'balanced accuracy at chance'}
            if run.row.name == 'more' or run.seed == 2
            else {}
        )
        change_results(run, lambda results, reasons=reasons: results.at_floor.update(a=reasons))
    [table] = floor_tables(runs)
    assert table.head == ['row', 'target', 'attribute', 'reason', 'seeds']
    assert table.rows == [
        ['more', 'a', 'hat', 'balanced accuracy at chance', '1 2'],
        ['plain', 'a', 'hat', 'balanced accuracy at chance', '2'],
    ]


def test_no_attribute_at_its_floor(tmp_path):
    assert not list(floor_tables(write_runs(tmp_path)[1]))
