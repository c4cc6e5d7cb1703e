"""Result rows of a summary, by hand."""

from dataclasses import replace

import pytest

from helpers.fake_runs import ROWS, TARGET, change_results, write_runs
from midattr_plugin.compare.summary import summarize
from midattr_plugin.errors import InputError


def by_name(result_rows):
    return {(item.row.name, item.descriptor): item for item in result_rows}


def test_result_rows(tmp_path):
    suite, runs, _ = write_runs(tmp_path)
    result_rows = by_name(summarize(suite, runs))
    assert list(result_rows) == [
        (row, descriptor)
        for row in ('plain', 'more')
        for descriptor in ('fused', 'global', 'local')
    ]
    plain, more = result_rows['plain', 'fused'], result_rows['more', 'fused']
    # mAP of plain: 42, 44; of more: 47, 54
    assert plain.scores['mAP'].mean == pytest.approx(43)
    assert more.scores['mAP'].mean == pytest.approx(50.5)
    assert more.scores['mAP'].std == pytest.approx(7 / 2**0.5)
    assert more.scores['rank-1'].mean == pytest.approx(60.5)
    assert result_rows['more', 'local'].scores['mAP'].mean == pytest.approx(49.5)
    assert (
        more.scores['balanced_accuracy'].mean == pytest.approx(70)
        and 'balanced_accuracy' not in plain.scores
    )
    assert more.differences['mAP'].mean == pytest.approx(7.5)  # 5 and 10
    assert more.differences['mAP'].low == pytest.approx(7.5 - 12.706 * 2.5, abs=1e-2)
    assert 'balanced_accuracy' not in more.differences and not plain.differences
    assert more.seeds == (1, 2) and more.parameters == 1234


def test_rendered_images_are_not_compared_with_published_scores(tmp_path):
    for rendered, expected in ((True, {}), (False, {'rank-1': -9.5, 'mAP': -1.0})):
        folder = tmp_path / str(rendered)
        folder.mkdir()
        suite, runs, _ = write_runs(folder, rendered)
        result_row = by_name(summarize(suite, runs))['more', 'global']
        assert (
            result_row.published == {'rank-1': 70.0, 'mAP': 50.5}
            and result_row.rendered == rendered
        )
        assert result_row.minus_published == pytest.approx(expected)


def test_real_images_of_another_dataset_are_not_compared_either(tmp_path):
    suite, runs, _ = write_runs(tmp_path, rendered=False)
    for dataset, expected in (('Market-1501', True), ('DukeMTMC-reID', False), ('', False)):
        result_row = by_name(summarize(replace(suite, dataset=dataset), runs))['more', 'global']
        assert result_row.is_comparable == bool(result_row.minus_published) == expected


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('data.combineall', True),
        ('data.sources', ['midattr_demo']),
        ('market1501.use_500k_distractors', True),
        ('midattr.validation_identities', 100),
    ],
)
def test_what_was_trained_or_tested_otherwise_is_not_compared(tmp_path, key, value):
    rows = [ROWS[0], ROWS[1] | {'set': {key: value}}]
    suite, runs, _ = write_runs(tmp_path, rendered=False, rows=rows)
    result_row = by_name(summarize(suite, runs))['more', 'global']
    assert result_row.published and not result_row.is_comparable and not result_row.minus_published


def test_the_baseline_has_other_descriptors_or_targets(tmp_path):
    suite, runs, _ = write_runs(tmp_path)

    def leave_local(results):
        del results.reid[TARGET]['global'], results.reid[TARGET]['fused']

    def add_target(results):
        results.reid['other'] = results.reid[TARGET]
        results.rendered['other'] = False

    for run in runs:
        change_results(run, leave_local if run.row.name == 'plain' else add_target)
    result_rows = {
        (item.row.name, item.target, item.descriptor): item for item in summarize(suite, runs)
    }
    result_row = result_rows['more', TARGET, 'global']
    assert result_row.baseline_descriptor == 'local'
    assert result_row.differences['mAP'].mean == pytest.approx(8.5)
    result_row = result_rows['more', 'other', 'global']
    assert (result_row.baseline_descriptor, result_row.differences) == ('', {})
    assert not result_row.rendered and result_row.scores['mAP'].mean == pytest.approx(50.5)


def test_only_seeds_of_both_are_paired(tmp_path):
    suite, runs, _ = write_runs(tmp_path, seeds=(1, 2, 3), unfinished=[('plain', 2), ('more', 3)])
    result_rows = by_name(summarize(suite, runs))
    assert result_rows['more', 'fused'].seeds == (1, 2) and result_rows['plain', 'fused'].seeds == (
        1,
        3,
    )
    difference = result_rows['more', 'fused'].differences['mAP']  # seed 1 alone
    assert difference.mean == pytest.approx(5) and difference.low is None


def test_without_its_baseline_a_row_has_no_differences(tmp_path):
    suite, runs, _ = write_runs(tmp_path, unfinished=[('plain', 1), ('plain', 2)])
    result_rows = summarize(suite, runs)
    assert {item.row.name for item in result_rows} == {'more'}
    assert not any(item.differences for item in result_rows)


def test_nothing_done(tmp_path):
    suite, runs, _ = write_runs(
        tmp_path, unfinished=[(row, seed) for row in ('plain', 'more') for seed in (1, 2)]
    )
    assert summarize(suite, runs) == []


def test_seeds_of_other_scores_are_refused(tmp_path):
    suite, runs, _ = write_runs(tmp_path)
    change_results(runs[-1], lambda results: next(iter(results.reid.values())).pop('local'))
    with pytest.raises(InputError, match='row "more": the results of seed 2 hold other scores'):
        summarize(suite, runs)


def test_attributes_without_labels_have_no_mean(tmp_path):
    suite, runs, _ = write_runs(tmp_path, seeds=(1,))

    def without_labels(results):
        for attributes in results.attributes.values():
            attributes['average']['balanced_accuracy'] = None

    change_results(runs[-1], without_labels)
    assert all('balanced_accuracy' not in row.scores for row in summarize(suite, runs))
