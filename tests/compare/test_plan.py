"""Runs of a suite."""

import pytest

from helpers.fake_queries import add_queries, made_up_queries
from helpers.fake_runs import TARGET, finish, made_up_results, make_suite
from helpers.fake_table import write_table
from midattr_plugin.compare.plan import plan_runs
from midattr_plugin.errors import InputError


def test_run_per_row_and_seed(tmp_path):
    suite = make_suite(tmp_path, {'name': 'a'}, {'name': 'b', 'set': {'train.lr': 0.5}})
    runs = plan_runs(suite, [3, 1], tmp_path / 'out', str(tmp_path), ['midattr.cache', 'ram'])
    assert [(run.row.name, run.seed) for run in runs] == [('a', 3), ('b', 3), ('a', 1), ('b', 1)]
    run = runs[3]
    assert run.folder == tmp_path / 'out/runs/b/seed1'
    assert (run.cfg.train.seed, run.cfg.train.lr, run.cfg.midattr.cache) == (1, 0.5, 'ram')
    assert run.cfg.data.root == str(tmp_path) and run.cfg.data.save_dir == str(run.folder)
    assert not run.is_done


@pytest.mark.parametrize(
    ('settings', 'words'),
    [
        ({'midattr.atribute_layer': 'res3d'}, 'midattr.atribute_layer is not a configuration key'),
        ({'midattr.attribute_layer': 'res9'}, 'midattr.attribute_layer is .res9.'),
        (
            {'model.name': 'resnet18', 'loss.name': 'triplet'},
            'loss.triplet.weight_t needs several images .* sampler.train_sampler is RandomSampler: '
            'set it to RandomIdentitySampler',
        ),
        (
            {'test.evaluate': True, 'midattr.untrained': True},
            'test.evaluate is True, but the rows of a suite are trained',
        ),
        (
            {'model.name': 'midattr_tiny', 'midattr.attribute_loss': 'focal'},
            'midattr.attribute_loss is .focal., but has no effect .* learns attributes; leave it',
        ),
        (
            {'model.pretrained': False, 'midattr.backbone_weights': 'x.pth'},
            'midattr.weights_file is .x.pth., but has no effect',
        ),
        ({'model.resume': 'x'}, 'model.resume is x, but the rows of a suite are trained'),
    ],
)
def test_wrong_row_is_named(tmp_path, settings, words):
    suite = make_suite(tmp_path, {'name': 'good'}, {'name': 'bad', 'set': settings})
    with pytest.raises(InputError, match=f'row "bad": .*{words}'):
        plan_runs(suite, [1], tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_a_table_without_identities(tmp_path):
    """Its runs would have no rank-1 and no mAP, and so no line in the report."""
    path = write_table(tmp_path, [{'path': 'crops/1.png', 'hat': 'no'}])
    settings = {'data.sources': ['csv'], 'data.targets': ['csv'], 'midattr.csv.file': str(path)}
    suite = make_suite(tmp_path, {'name': 'bad', 'set': settings})
    with pytest.raises(InputError, match='row "bad": midattr.csv.file: .* has no column pid'):
        plan_runs(suite, [1], tmp_path / 'out')


def test_options_that_are_not_pairs(tmp_path):
    with pytest.raises(InputError) as error:
        plan_runs(make_suite(tmp_path, {'name': 'a'}), [1], tmp_path / 'out', '', ['midattr.cache'])
    assert 'the command line: keys and values' in str(error.value) and 'seed' not in str(
        error.value
    )


@pytest.mark.parametrize(
    'opts, words',
    [
        (['train.lrr', 0.1], 'train.lrr is not a configuration key, did you mean train.lr'),
        (['train.lr', 'fast'], "train.lr is 'fast', but must be a finite number"),
        (['train.lr', -1], 'train.lr is -1.0, but must be'),
    ],
)
def test_wrong_command_line_is_not_blamed_on_a_row(tmp_path, opts, words):
    suite = make_suite(tmp_path, {'name': 'a'}, {'name': 'b'})
    with pytest.raises(InputError, match=f'^the command line: {words}'):
        plan_runs(suite, [1], tmp_path / 'out', opts=opts)
    row = {'name': 'b', 'set': {opts[0]: opts[1]}}
    suite = make_suite(tmp_path, {'name': 'a'}, row)
    with pytest.raises(InputError, match=f'^suite "suite", row "b": {words}'):
        plan_runs(suite, [1], tmp_path / 'out')


def test_results_of_a_run(tmp_path):
    [run] = plan_runs(make_suite(tmp_path, {'name': 'a'}), [1], tmp_path / 'out')
    with pytest.raises(InputError, match=r'done.json" cannot be read'):
        _ = run.results
    results = made_up_results(0.5, 0.75)
    finish(run, results)
    assert run.is_done and run.results == results
    assert run.results is run.results  # read once


def test_what_is_set_for_all_rows_may_be_without_effect_in_some(tmp_path):
    rows = {'name': 'a'}, {'name': 'b', 'set': {'model.name': 'midattr_tiny'}}
    suite = make_suite(tmp_path, *rows, set={'midattr.focal_gamma': 3.0})
    runs = plan_runs(suite, [1], tmp_path / 'out', opts=['midattr.attribute_loss', 'focal'])
    assert [run.cfg.midattr.focal_gamma for run in runs] == [3.0, 3.0]


def test_what_no_row_reads_is_refused(tmp_path):
    suite = make_suite(tmp_path, {'name': 'a'}, {'name': 'b'})
    with pytest.raises(InputError, match='command line: midattr.focal_gamma has no effect in any'):
        plan_runs(suite, [1, 2], tmp_path / 'out', opts=['midattr.focal_gamma', 3])
    with pytest.raises(InputError, match='command line: midattr.weights_file has no effect in any'):
        plan_runs(suite, [1], tmp_path / 'out', opts=['midattr.backbone_weights', 'x.pth'])
    opts = ['midattr.attribute_loss', 'focal', 'midattr.focal_gamma', 3]
    assert len(plan_runs(suite, [1, 2], tmp_path / 'out', opts=opts)) == 4


@pytest.mark.parametrize(
    'key, value, option', [('train.seed', 5, '--seeds'), ('data.save_dir', 'x', '--out')]
)
def test_keys_of_which_each_run_has_its_own_value_are_refused(tmp_path, key, value, option):
    words = f'{key} of each run comes from {option}; leave it out'
    with pytest.raises(InputError, match=f'^the command line: {words}'):
        plan_runs(make_suite(tmp_path, {'name': 'a'}), [1], tmp_path / 'out', opts=[key, value])
    suite = make_suite(tmp_path, {'name': 'a', 'set': {key: value}})
    with pytest.raises(InputError, match=f'row "a": {words}'):
        plan_runs(suite, [1], tmp_path / 'out')


def finished_run(folder):
    run = plan_runs(make_suite(folder, {'name': 'a'}), [1], folder / 'out')[0]
    run.folder.mkdir(parents=True)
    finish(run, made_up_results(0.4))
    return run


def test_scores_of_the_queries(tmp_path):
    run = finished_run(tmp_path)
    add_queries(run, made_up_queries([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]))
    assert set(run.query_scores) == {(TARGET, name) for name in ('fused', 'global', 'local')}
    assert run.query_scores[TARGET, 'local'].average_precision[3] == 0.4


def test_earlier_runs_have_no_scores_of_queries(tmp_path):
    assert finished_run(tmp_path).query_scores == {}


def test_scores_of_the_queries_of_another_test_are_refused(tmp_path):
    run = finished_run(tmp_path)
    add_queries(run, made_up_queries([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]))
    kept = (run.folder / 'query_scores.csv').read_bytes()
    add_queries(run, made_up_queries([0.6, 0.5, 0.4, 0.3, 0.2, 0.1]))  # with the same mean
    (run.folder / 'query_scores.csv').write_bytes(kept)
    words = 'query_scores.csv" were not written together with .* remove "done.json" beside it'
    with pytest.raises(InputError, match=words):
        _ = run.query_scores


@pytest.mark.parametrize(
    ('settings', 'descriptor', 'choices'),
    [
        ({}, 'fused', None),
        ({}, 'local', None),
        ({'midattr.branches': ['global'], 'midattr.descriptor': 'global'}, 'local', 'global'),
        ({'midattr.branches': ['global'], 'midattr.descriptor': 'global'}, 'fused', 'global'),
        ({'midattr.descriptor': 'local'}, 'fused', 'local'),
        ({'model.name': 'resnet18', 'loss.name': 'softmax'}, 'fused', None),
    ],
)
def test_claims_about_descriptors_that_a_row_does_not_have(tmp_path, settings, descriptor, choices):
    comparison = {'row': 'a', 'over': 'b', 'over_descriptor': descriptor}
    suite = make_suite(
        tmp_path,
        {'name': 'a'},
        {'name': 'b', 'set': settings},
        claims=[{'claim': 'It', 'comparisons': [comparison]}],
    )
    if choices is None:
        assert len(plan_runs(suite, [1], tmp_path / 'out')) == 2
        return
    words = f'claim "It": row "b" has no descriptor "{descriptor}"; choose from {choices}$'
    with pytest.raises(InputError, match=words):
        plan_runs(suite, [1], tmp_path / 'out')
