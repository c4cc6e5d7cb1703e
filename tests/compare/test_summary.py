"""Lines of a summary, by hand."""

import csv
import io
import json
from dataclasses import replace

import pytest

from helpers.fake_runs import ROWS, write_runs
from midattr_plugin.compare.summary import results_csv, summarize


def by_name(lines):
    return {(line.row.name, line.descriptor): line for line in lines}


def test_lines(tmp_path):
    suite, runs, _ = write_runs(tmp_path)
    lines = by_name(summarize(suite, runs))
    assert list(lines) == [
        (row, descriptor)
        for row in ('plain', 'more')
        for descriptor in ('fused', 'global', 'local')
    ]
    plain, more = lines['plain', 'fused'], lines['more', 'fused']
    # mAP of plain: 42, 44; of more: 47, 54
    assert plain.figures['mAP'].mean == pytest.approx(43)
    assert more.figures['mAP'].mean == pytest.approx(50.5)
    assert more.figures['mAP'].std == pytest.approx(7 / 2**0.5)
    assert more.figures['rank-1'].mean == pytest.approx(60.5)
    assert lines['more', 'local'].figures['mAP'].mean == pytest.approx(49.5)
    assert more.figures['mA'].mean == pytest.approx(70) and 'mA' not in plain.figures
    assert more.differences['mAP'].mean == pytest.approx(7.5)  # 5 and 10
    assert more.differences['mAP'].low == pytest.approx(7.5 - 12.706 * 2.5, abs=1e-2)
    assert 'mA' not in more.differences and not plain.differences
    assert more.seeds == (1, 2) and more.parameters == 1234


def test_rendered_images_are_not_compared_with_published_figures(tmp_path):
    for rendered, expected in ((True, {}), (False, {'rank-1': -9.5, 'mAP': 0.0})):
        folder = tmp_path / str(rendered)
        folder.mkdir()
        suite, runs, _ = write_runs(folder, rendered)
        line = by_name(summarize(suite, runs))['more', 'global']
        assert line.published == {'rank-1': 70.0, 'mAP': 50.5} and line.rendered == rendered
        assert line.minus_published == pytest.approx(expected)


def test_real_images_of_another_dataset_are_not_compared_either(tmp_path):
    suite, runs, _ = write_runs(tmp_path, rendered=False)
    for dataset, expected in (('Market-1501', True), ('DukeMTMC-reID', False), ('', False)):
        line = by_name(summarize(replace(suite, dataset=dataset), runs))['more', 'global']
        assert line.is_comparable == bool(line.minus_published) == expected


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('data.combineall', True),
        ('data.sources', ['midattr_demo']),
        ('market1501.use_500k_distractors', True),
    ],
)
def test_what_was_trained_or_tested_otherwise_is_not_compared(tmp_path, key, value):
    rows = [ROWS[0], ROWS[1] | {'set': {key: value}}]
    suite, runs, _ = write_runs(tmp_path, rendered=False, rows=rows)
    line = by_name(summarize(suite, runs))['more', 'global']
    assert line.published and not line.is_comparable and not line.minus_published


def test_the_baseline_has_other_descriptors_or_targets(tmp_path):
    suite, runs, _ = write_runs(tmp_path)
    for run in runs:
        results = run.results
        if run.row.name == 'plain':
            [of] = results['reid'].values()
            of.pop('global'), of.pop('fused')
        else:
            results['reid']['other'] = results['reid']['market1501_attr']
            results['rendered']['other'] = False
        (run.folder / 'done.json').write_text(json.dumps(results))
    lines = {(line.row.name, line.target, line.descriptor): line for line in summarize(suite, runs)}
    line = lines['more', 'market1501_attr', 'global']
    assert line.baseline_descriptor == 'local'
    assert line.differences['mAP'].mean == pytest.approx(8.5)
    line = lines['more', 'other', 'global']
    assert (line.baseline_descriptor, line.differences) == ('', {})
    assert not line.rendered and line.figures['mAP'].mean == pytest.approx(50.5)


def test_only_seeds_of_both_are_paired(tmp_path):
    suite, runs, _ = write_runs(tmp_path, seeds=(1, 2, 3), unfinished=[('plain', 2), ('more', 3)])
    lines = by_name(summarize(suite, runs))
    assert lines['more', 'fused'].seeds == (1, 2) and lines['plain', 'fused'].seeds == (1, 3)
    difference = lines['more', 'fused'].differences['mAP']  # seed 1 alone
    assert difference.mean == pytest.approx(5) and difference.low is None


def test_without_its_baseline_a_row_has_no_differences(tmp_path):
    suite, runs, _ = write_runs(tmp_path, unfinished=[('plain', 1), ('plain', 2)])
    lines = summarize(suite, runs)
    assert {line.row.name for line in lines} == {'more'}
    assert not any(line.differences for line in lines)


def test_nothing_done(tmp_path):
    suite, runs, _ = write_runs(
        tmp_path, unfinished=[(row, seed) for row in ('plain', 'more') for seed in (1, 2)]
    )
    assert summarize(suite, runs) == []
    assert len(results_csv([]).splitlines()) == 1


def test_csv(tmp_path):
    suite, runs, _ = write_runs(tmp_path, rendered=False)
    rows = list(csv.DictReader(io.StringIO(results_csv(summarize(suite, runs)))))
    [row] = [row for row in rows if (row['row'], row['descriptor']) == ('more', 'global')]
    assert row['mAP mean'] == '50.5000' and row['mAP std'] == '4.9497'
    assert row['mAP of each seed'] == '47.0000 54.0000'
    assert row['images'] == 'real' and row['seeds'] == '1 2' and row['baseline'] == 'plain'
    assert row['mAP difference'] == '7.5000' and row['mAP published'] == '50.5000'
    assert row['rank-1 ours minus published'] == '-9.5000' and row['rank-5 mean'] == ''
