"""The gain of fusion, by hand."""

import json

import pytest

from helpers.fake_runs import write_runs
from midattr_plugin.compare.fusion import fusion_gains
from midattr_plugin.compare.summary import summarize


def test_by_hand(tmp_path):
    suite, runs, _ = write_runs(tmp_path)
    for run in runs:
        results = run.results
        [of] = results['reid'].values()
        of['fused'] = {'rank-1': 0.9, 'mAP': 0.5 + 0.01 * run.seed}
        of['local'] = {'rank-1': 0.8, 'mAP': 0.4}
        (run.folder / 'done.json').write_text(json.dumps(results))
    gains = {
        (line.row.name, single.descriptor): of
        for line, single, of in fusion_gains(summarize(suite, runs))
    }
    assert list(gains) == [
        (row, descriptor) for row in ('plain', 'more') for descriptor in ('global', 'local')
    ]
    local = gains['more', 'local']
    assert local['rank-1'].mean == pytest.approx(10)
    assert local['mAP'].mean == pytest.approx(11.5)  # 11 and 12
    assert local['mAP'].low == pytest.approx(11.5 - 12.706 * 0.5, abs=1e-2)


def test_a_single_feature_gains_nothing(tmp_path):
    suite, runs, _ = write_runs(tmp_path)
    for run in runs:
        results = run.results
        [of] = results['reid'].values()
        of.pop('fused')
        (run.folder / 'done.json').write_text(json.dumps(results))
    assert not list(fusion_gains(summarize(suite, runs)))
    assert not list(fusion_gains([]))
