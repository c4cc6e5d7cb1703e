"""What may stand beside published scores, and why something may not."""

import pytest

from helpers.fake_runs import PUBLISHED, make_suite
from midattr_plugin.compare.plan import plan_runs
from midattr_plugin.compare.publication import deviation

ROW = {'name': 'a', 'published': PUBLISHED}


def deviation_of(folder, row=ROW, opts=(), **content):
    content = {'dataset': 'Market-1501'} | content
    suite = make_suite(folder, row, **content)
    run = plan_runs(suite, [1], folder / 'out', str(folder), opts)[0]
    return deviation(run.row, run.cfg, suite.dataset)


def test_what_was_published(tmp_path):
    assert deviation_of(tmp_path) == ''
    own = ROW | {'set': {'train.max_epoch': 3}}  # as published, says the suite
    assert deviation_of(tmp_path, own) == ''


@pytest.mark.parametrize(
    ('opts', 'words'),
    [
        (['train.max_epoch', 1], 'train.max_epoch is 1, not 2'),
        (['test.dist_metric', 'cosine'], 'test.dist_metric is cosine, not euclidean'),
        (['test.rerank', True], 'test.rerank is True, not False'),
        (['train.lr', 0.5, 'train.max_epoch', 1], 'train.max_epoch is 1, not 2, train.lr is 0.5'),
        (['data.combineall', True], 'trained on query and gallery, too'),
        (['midattr.validation_identities', 3], 'some identities were held out of its training'),
        (['data.sources', ['midattr_demo']], 'trained on midattr_demo'),
        (['midattr.mu', 1.5, 'midattr.nu', 2, 'train.lr', 0.5], ', and 1 more keys'),
    ],
)
def test_what_differs_from_it(tmp_path, opts, words):
    assert words in deviation_of(tmp_path, opts=opts)


def test_keys_of_the_suite_differ_from_it(tmp_path):
    assert 'not 2' in deviation_of(tmp_path, set={'train.max_epoch': 1})
    replaced = ROW | {'set': {'train.lr': 0.5}}
    words = deviation_of(tmp_path, replaced, replace={'train.lr': {0.5: 0.25}})
    assert words == 'train.lr is 0.25, not 0.5'


@pytest.mark.parametrize(
    'opts',
    [
        ['midattr.cache', 'ram'],
        ['midattr.precision', 'bf16'],
        ['test.eval_freq', 1],
        ['data.workers', 1],
    ],
)
def test_speed_does_not_count(tmp_path, opts):
    assert deviation_of(tmp_path, opts=opts) == ''


def test_rows_of_another_suite_are_those_of_that_one(tmp_path):
    make_suite(tmp_path, ROW, dataset='Market-1501', name='paper')
    small = {'rows_of': 'paper.yaml', 'set': {'train.max_epoch': 1}}
    suite = make_suite(tmp_path, name='small', **small)
    run = plan_runs(suite, [1], tmp_path / 'out', str(tmp_path))[0]
    assert deviation(run.row, run.cfg, suite.dataset) == 'train.max_epoch is 1, not 2'


def test_rows_without_published_scores_have_no_reference(tmp_path):
    assert deviation_of(tmp_path, {'name': 'a'}, opts=['train.max_epoch', 1]) == ''
