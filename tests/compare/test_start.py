"""The training from whose weights all rows of a suite start."""

import shutil

import pytest
import yaml

from helpers.fake_runs import PUBLISHED, finish, made_up_results, make_suite, write_runs
from helpers.tiny_run import SETTINGS
from midattr_plugin.compare.folder import check_folder, claim_folder
from midattr_plugin.compare.grid import selection_suite
from midattr_plugin.compare.plan import is_from_start, plan_runs
from midattr_plugin.compare.publication import deviation
from midattr_plugin.compare.report import write_report
from midattr_plugin.compare.start import must_be_trained, plan_starts, runs_from, start_facts
from midattr_plugin.compare.suite import load_suite
from midattr_plugin.compare.summary import summarize
from midattr_plugin.errors import InputError

START = {'label': 'others', 'set': {'train.max_epoch': 7, 'midattr.freeze_bn': False}}
FROZEN = {'midattr.freeze_bn': True}
ROWS = {'name': 'a'}, {'name': 'b', 'set': FROZEN}


def plan(folder, *rows, opts=(), seeds=(1,), out='out', **content):
    suite = make_suite(folder, *(rows or ROWS), **{'start': START} | content)
    runs = plan_runs(suite, seeds, folder / out, str(folder), opts)
    starts = plan_starts(suite, runs, folder / out, str(folder), opts)
    assert len(starts) < 2
    return suite, runs, starts[0] if starts else None


def weights(folder, out='out'):
    return str(folder / out / 'runs/start/seed1/model/model.pth.tar-last')


def write_weights(start):
    start.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    start.checkpoint.write_text('')
    finish(start, made_up_results(0.25))


def test_all_rows_start_from_it(tmp_path):
    _, runs, start = plan(tmp_path, seeds=(3, 4))
    assert str(start.checkpoint) == weights(tmp_path) and start.seed == 1
    assert (start.row.name, start.row.label, start.cfg.model.load_weights) == (
        'start',
        'others',
        '',
    )
    assert start.cfg.train.max_epoch == 7 and start.cfg.data.root == str(tmp_path)
    for run in runs:
        assert run.cfg.model.load_weights == weights(tmp_path) and is_from_start(run.cfg)
        assert run.cfg.train.max_epoch == 2 and not run.cfg.model.pretrained
    assert not is_from_start(start.cfg)


def test_rows_are_not_pretrained_but_for_those_that_do_without_it(tmp_path):
    settings = {**SETTINGS, 'model': {'name': 'midattr_tiny_market', 'pretrained': True}}
    (tmp_path / 'pretrained.yaml').write_text(yaml.safe_dump(settings))
    rows = [
        {'name': name, 'config': 'pretrained.yaml', 'set': keys}
        for name, keys in (('a', {}), ('b', {'model.load_weights': ''}))
    ]
    _, runs, _ = plan(tmp_path, *rows)
    assert [run.cfg.model.pretrained for run in runs] == [False, True]
    assert [is_from_start(run.cfg) for run in runs] == [True, False]


def test_its_own_keys_count_before_the_command_line(tmp_path):
    opts = ['train.max_epoch', 1, 'train.lr', 0.5, 'midattr.freeze_bn', True]
    settings = {'train.lr': 0.25, 'data.height': 64}
    _, [run, _], start = plan(tmp_path, opts=opts, set=settings)
    for cfg, epochs, frozen in ((run.cfg, 1, True), (start.cfg, 7, False)):
        assert (cfg.train.max_epoch, cfg.midattr.freeze_bn) == (epochs, frozen)
        assert (cfg.train.lr, cfg.data.height) == (0.5, 64)


def test_its_own_keys_count_before_an_older_name_of_them(tmp_path):
    row = {'name': 'a', 'set': {'model.load_weights': '', 'model.pretrained': True}}
    own = {'model.pretrained': True, 'midattr.weights_file': 'own.pth'}
    opts = ['midattr.backbone_weights', 'other.pth']
    start_set = START['set'] | own
    _, [run, _], start = plan(tmp_path, row, {'name': 'b'}, opts=opts, start={'set': start_set})
    assert run.cfg.midattr.weights_file == 'other.pth'
    assert start.cfg.midattr.weights_file == 'own.pth'


def test_other_weights_take_its_place(tmp_path):
    _, runs, start = plan(tmp_path, opts=['model.load_weights', 'x.pth'])
    assert start is None and {run.cfg.model.load_weights for run in runs} == {'x.pth'}
    _, runs, start = plan(tmp_path, set={'model.load_weights': 'x.pth'})
    assert start is None
    random = {'name': 'random', 'set': {'model.load_weights': ''}}
    _, runs, start = plan(tmp_path, *ROWS, random)
    assert start and [is_from_start(run.cfg) for run in runs] == [True, True, False]
    [fact] = start_facts([start], runs)
    assert fact == (
        'These rows start (a, b) from the weights of one training (others), which is NOT DONE.'
    )


def test_frozen_batch_normalization_needs_it(tmp_path):
    with pytest.raises(InputError, match='row "b": midattr.freeze_bn is True, but random weights'):
        plan_runs(make_suite(tmp_path, *ROWS), [1], tmp_path / 'out')


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        (
            {'start': {'name': 'x'}},
            'start: unknown key "name"; choose from label, config, set, per',
        ),
        ({'start': ['x']}, 'start must be a mapping'),
        ({'start': {'set': {'train.seed': 2}}}, 'row "start": train.seed of each run comes'),
        ({'start': {'set': {'train.lrr': 2}}}, 'row "start": train.lrr is not a configuration key'),
        ({'start': {'set': {'sgd.nesterov': True, 'train.optim': 'adam'}}}, 'no effect in this'),
        (
            {'start': {'per': 'seed'}},
            'start: per is "seed", but there can only be one per backbone',
        ),
        (
            {'start': {**START, 'per': 'backbone'}, 'rows': [{'name': 'start-tiny'}]},
            'a row is named "start-tiny", as a start of the suite is',
        ),
        ({'rows': [{'name': 'Start'}]}, 'a row is named "Start", as a start of the suite is'),
    ],
)
def test_what_cannot_be_used(tmp_path, content, words):
    with pytest.raises(InputError, match=words):
        plan(tmp_path, **content)


def test_a_row_may_have_its_name_without_it(tmp_path):
    suite = make_suite(tmp_path, {'name': 'start'})
    [run] = plan_runs(suite, [1], tmp_path / 'out')
    assert suite.start is None and not is_from_start(run.cfg)


def test_it_is_not_taken_from_another_suite(tmp_path):
    make_suite(tmp_path, *ROWS, start=START, name='other')
    path = tmp_path / 'mine.yaml'
    path.write_text(yaml.safe_dump({'config': 'base.yaml', 'rows_of': 'other.yaml'}))
    assert load_suite(path).start is None


def test_points_of_a_grid_start_there(tmp_path):
    suite = make_suite(tmp_path, *ROWS, start=START, select={'midattr.mu': [1.0, 2.0]})
    suite = selection_suite(suite)
    runs = plan_runs(suite, [1], tmp_path / 'out')
    assert [is_from_start(run.cfg) for run in runs] == [True, True]
    [start] = plan_starts(suite, runs, tmp_path / 'out')
    assert start.cfg.train.max_epoch == 7


def test_when_it_is_trained(tmp_path):
    random = {'name': 'random', 'set': {'model.load_weights': ''}}
    _, runs, start = plan(tmp_path, ROWS[0], random, seeds=(1, 2))
    assert must_be_trained(start, runs)
    write_weights(start)
    assert not must_be_trained(start, runs)
    # for rows that are done nothing is trained again
    shutil.rmtree(start.folder)
    for run in runs:
        if run.row.name == 'a':
            run.folder.mkdir(parents=True)
            finish(run, made_up_results(0.5))
    assert not must_be_trained(start, runs)


def test_lost_weights_are_not_replaced_by_others(tmp_path):
    _, runs, start = plan(tmp_path)
    write_weights(start)
    start.checkpoint.unlink()
    words = 'model.pth.tar-last", from whose weights rows start, is missing .* "done.json" back'
    with pytest.raises(InputError, match=words):
        must_be_trained(start, runs)
    start.done_file.unlink()
    assert must_be_trained(start, runs)  # no row has begun
    runs[1].folder.mkdir(parents=True)
    finish(runs[1], made_up_results(0.5))
    with pytest.raises(InputError, match=words):
        must_be_trained(start, runs)


def test_results_belong_to_their_start(tmp_path):
    suite, runs, start = plan(tmp_path)
    claim_folder(suite, [*runs, start], tmp_path / 'out')
    shutil.move(tmp_path / 'out', tmp_path / 'moved')
    suite, runs, start = plan(tmp_path, out='moved')
    assert check_folder(suite, [*runs, start], tmp_path / 'moved')
    for changes, words in (
        ({'start': {'set': {'train.max_epoch': 8}}}, 'row "start": .* train.max_epoch 7, not 8'),
        (
            {'rows': [{'name': 'a'}], 'start': None},
            'row "a": .* model.load_weights .start., not .x',
        ),
    ):
        opts = ['model.load_weights', 'x'] if changes['start'] is None else []
        suite, runs, start = plan(tmp_path, out='moved', opts=opts, **changes)
        with pytest.raises(InputError, match=words):
            check_folder(suite, [*runs, *([start] if start else [])], tmp_path / 'moved')


def test_report(tmp_path):
    suite, runs, out = write_runs(tmp_path, start=START)
    [start] = plan_starts(suite, runs, out, str(tmp_path))
    write_weights(start)
    write_report(suite, runs, {}, out, start_runs=[start])
    report = (out / 'report.md').read_text()
    assert (
        'All rows start from the weights of one training (others): 2 epochs on market1501_attr, '
        'mAP on market1501_attr (rendered images): 25.0%.'
    ) in report
    assert '| started from |' in report and '| start |' in report
    assert 'DIFFERENT STARTS' not in report and 'model.pth' not in report
    assert {result_row.row.name for result_row in summarize(suite, runs)} == {'plain', 'more'}


@pytest.mark.parametrize('row', [{'name': 'a', 'published': PUBLISHED}, {'name': 'a'}])
def test_its_rows_are_not_what_was_published(tmp_path, row):
    suite, [run], _ = plan(tmp_path, row, dataset='Market-1501')
    words = 'started from the weights of another training'
    assert deviation(run.row, run.cfg, suite.dataset) == words


PER_BACKBONE = {**START, 'per': 'backbone'}
PAIRS = (
    {'name': 'tiny', 'set': {'model.name': 'midattr_tiny'}},
    {'name': 'tiny-more', 'baseline': 'tiny'},
    {'name': 'resnet', 'set': {'model.name': 'midattr_resnet18_market'}},
    {'name': 'random', 'set': {'model.load_weights': ''}},
)


def plan_pairs(folder, *rows, opts=(), seeds=(1, 2)):
    suite = make_suite(folder, *(rows or PAIRS), start=PER_BACKBONE)
    runs = plan_runs(suite, seeds, folder / 'out', str(folder), opts)
    return suite, runs, plan_starts(suite, runs, folder / 'out', str(folder), opts)


def test_each_backbone_starts_from_a_training_of_its_own(tmp_path):
    _, runs, starts = plan_pairs(tmp_path)
    assert [start.row.name for start in starts] == ['start-tiny', 'start-resnet18']
    assert [start.cfg.model.name for start in starts] == ['midattr_tiny', 'midattr_resnet18']
    assert all(start.cfg.train.max_epoch == 7 and start.seed == 1 for start in starts)
    assert [start.row.label for start in starts] == ['tiny, others', 'resnet18, others']
    for run in runs:
        assert is_from_start(run.cfg) == (run.row.name != 'random')
    used = {run.row.name: run.cfg.model.load_weights for run in runs}
    tiny, resnet = (str(start.checkpoint) for start in starts)
    assert used == {'tiny': tiny, 'tiny-more': tiny, 'resnet': resnet, 'random': ''}
    names = [[run.row.name for run in runs_from(start, runs)] for start in starts]
    assert names == [['tiny', 'tiny-more'] * 2, ['resnet'] * 2]


def test_networks_of_timm_start_from_trainings_of_their_own(tmp_path):
    rows = [
        {'name': name, 'set': {'model.name': 'midattr_timm_market', 'midattr.timm_name': name}}
        for name in ('resnet10t', 'resnet14t')
    ]
    _, runs, starts = plan_pairs(tmp_path, *rows)
    assert [start.row.name for start in starts] == ['start-timm-resnet10t', 'start-timm-resnet14t']
    assert [start.cfg.midattr.timm_name for start in starts] == ['resnet10t', 'resnet14t']
    [fact] = start_facts(starts, runs)
    assert fact.endswith('one training for each backbone (others), which is NOT DONE.')


def test_only_starts_that_are_due_are_trained(tmp_path):
    _, runs, [tiny, resnet] = plan_pairs(tmp_path)
    write_weights(tiny)
    assert not must_be_trained(tiny, runs) and must_be_trained(resnet, runs)
    [fact] = start_facts([tiny, resnet], runs)
    assert fact == (
        'These rows start (tiny, tiny-more, resnet) from the weights of one training for each '
        'backbone (others), NOT DONE: resnet18: 2 epochs on market1501_attr, mAP on '
        'market1501_attr (rendered images): tiny 25.0%.'
    )
    write_weights(resnet)
    [fact] = start_facts([tiny, resnet], runs)
    assert fact.endswith('(rendered images): tiny 25.0%, resnet18 25.0%.')
    assert start_facts([], runs) == []


def test_results_belong_to_the_start_of_their_backbone(tmp_path):
    suite, runs, starts = plan_pairs(tmp_path)
    claim_folder(suite, [*runs, *starts], tmp_path / 'out')
    assert check_folder(suite, [*runs, *starts], tmp_path / 'out')
    suite, runs, starts = plan_pairs(tmp_path, opts=['model.name', 'midattr_tiny_market'])
    assert [start.row.name for start in starts] == ['start-tiny']


def test_other_models_have_no_start_of_their_backbone(tmp_path):
    row = {'name': 'a', 'set': {'model.name': 'resnet18', 'loss.name': 'softmax'}}
    with pytest.raises(InputError, match='row "a": its start is one per backbone, which resnet18'):
        plan_pairs(tmp_path, row)


def test_grid_starts_per_backbone(tmp_path):
    content = {'start': PER_BACKBONE, 'select': {'midattr.mu': [1.0, 2.0]}}
    suite = selection_suite(make_suite(tmp_path, *ROWS, **content))
    runs = plan_runs(suite, [1], tmp_path / 'out')
    assert [start.row.name for start in plan_starts(suite, runs, tmp_path / 'out')] == [
        'start-tiny'
    ]
