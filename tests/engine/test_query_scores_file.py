"""The file with the scores of each query: exact, complete, and never that of another test."""

import os
from types import SimpleNamespace

import numpy as np
import pytest

from helpers.stub_targets import datamanager, descriptors, with_model
from midattr_plugin import torchreid_compat
from midattr_plugin.engine.evaluation import EvaluationMixin
from midattr_plugin.engine.extraction import Split
from midattr_plugin.engine.query_scores_file import (
    query_names,
    read_query_scores,
    write_query_scores,
)
from midattr_plugin.engine.results import Results
from midattr_plugin.errors import InputError
from midattr_plugin.metrics import QueryScores

HEADER = (
    'target,descriptor,query,pid,camid,average_precision,average_precision_zheng2015,first_rank\n'
)


def made_up(count=50, seed=0, names=None):
    random = np.random.default_rng(seed)
    first_rank = random.integers(0, 5, count)
    precisions = np.where(first_rank > 0, 1 - random.random((2, count)), np.nan)
    names = tuple(f'{i}.jpg' for i in range(count)) if names is None else names
    return QueryScores(
        random.integers(-1, 800, count),
        random.integers(0, 6, count),
        *precisions,
        first_rank,
        names,
    )


def assert_equal(one, other):
    for name in ('pids', 'camids', 'first_rank'):
        assert getattr(one, name).dtype == np.int64
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in ('average_precision', 'average_precision_zheng2015'):
        assert getattr(one, name).dtype == np.float64
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.names == other.names


def test_numbers_read_back_exactly(tmp_path):
    scores = {
        ('market1501', 'fused'): made_up(),
        ('market1501', 'local'): made_up(seed=1),
        ('duke', 'fused'): made_up(3, seed=2, names=()),
    }
    path = tmp_path / 'query_scores.csv'
    write_query_scores(path, scores)
    read = read_query_scores(path)
    assert list(read) == list(scores)
    for key, expected in scores.items():
        assert_equal(read[key], expected)
        assert (read[key].mAP, read[key].mAP_zheng2015) == (expected.mAP, expected.mAP_zheng2015)


def test_a_row_for_each_query(tmp_path):
    one = np.ones(1, int)
    scores = QueryScores(7 * one, 2 * one, one / 3, one / 6, 3 * one, ('0007_c3.jpg',))
    write_query_scores(tmp_path / 'a.csv', {('market1501', 'global'): scores})
    row = 'market1501,global,0007_c3.jpg,7,2,0.3333333333333333,0.16666666666666666,3\n'
    assert (tmp_path / 'a.csv').read_bytes().decode() == HEADER + row


def test_odd_names(tmp_path):
    names = ('a,b.jpg', '"c".jpg', 'd\ne\r.jpg', 'ü.jpg')
    write_query_scores(tmp_path / 'a.csv', {('x', 'y'): made_up(4, names=names)})
    assert read_query_scores(tmp_path / 'a.csv')['x', 'y'].names == names
    not_text = os.fsdecode(b'\xff.jpg')
    write_query_scores(tmp_path / 'a.csv', {('x', 'y'): made_up(1, names=(not_text,))})
    assert read_query_scores(tmp_path / 'a.csv')['x', 'y'].names == ('\\udcff.jpg',)


@pytest.mark.parametrize(
    'content, reason',
    [
        ('', 'are broken'),
        ('a,b\n', 'the columns are not target, descriptor, query'),
        (HEADER + 'x,y,a.jpg,1,2,0.5,0.5\n', 'are broken'),
        (HEADER + 'x\n', 'are broken'),
        (HEADER + 'x,y,a.jpg,one,2,0.5,0.5,1\n', 'are broken'),
        (HEADER + f'x,y,a.jpg,{10**30},2,0.5,0.5,1\n', 'are broken'),
        (HEADER + 'x,y,a.jpg,1,2,1.5,0.5,1\n', 'average precision does not fit'),
        (HEADER + 'x,y,a.jpg,1,2,0.5,nan,1\n', 'average precision does not fit'),
        (HEADER + 'x,y,a.jpg,1,2,0.5,0.5,0\n', 'average precision does not fit'),
        (b'\xff', 'are broken'),
        (None, 'cannot be read'),
    ],
)
def test_unusable_files(tmp_path, content, reason):
    path = tmp_path / 'query_scores.csv'
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=f'query scores "{path}" .*{reason}'):
        read_query_scores(path)


class Engine(EvaluationMixin, torchreid_compat.Engine):
    pass


def engine(seed=0):
    data = datamanager(descriptors(5, seed=seed), descriptors(40, seed=seed + 1))
    return with_model(Engine(data, use_gpu=False))


def test_killed_between_the_two_files(tmp_path, monkeypatch):
    """Then the results are those of before, and the scores of queries are not taken for theirs."""
    engine().test(save_dir=str(tmp_path))
    path = tmp_path / 'query_scores.csv'
    before = Results.read(tmp_path / 'metrics.json')
    assert read_query_scores(path).keys() == {('stub', 'global')}
    replaced = []

    def replace_once(source, target, replace=os.replace):
        if replaced:
            raise KeyboardInterrupt
        replaced.append(target)
        replace(source, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, 'replace', replace_once)
        engine(7).test(save_dir=str(tmp_path))
    assert replaced == [path]
    assert Results.read(tmp_path / 'metrics.json') == before
    for results in (None, before):
        with pytest.raises(InputError, match='not written together with the results'):
            read_query_scores(path, results)
    engine(7).test(save_dir=str(tmp_path))
    read_query_scores(path, Results.read(tmp_path / 'metrics.json'))


def test_nothing_is_changed_by_a_failure_to_write(tmp_path, monkeypatch):
    """Neither file is put in place before both are written."""
    engine().test(save_dir=str(tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write = type(tmp_path).write_bytes
    for name in ('metrics', 'query_scores'):

        def fail(path, content, name=name):
            if name in path.name:
                raise OSError(28, 'No space left on device')
            return write(path, content)

        with monkeypatch.context() as patch, pytest.raises(InputError, match=f'{name}.*No space'):
            patch.setattr(type(tmp_path), 'write_bytes', fail)
            engine(7).test(save_dir=str(tmp_path))
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_results_of_a_version_that_knew_no_scores_of_queries(tmp_path):
    """It has left the file of the test before."""
    engine().test(save_dir=str(tmp_path))
    results = Results.read(tmp_path / 'metrics.json')
    results.query_scores_sha256 = None
    results.write(tmp_path / 'metrics.json')
    with pytest.raises(InputError, match='not written together'):
        read_query_scores(tmp_path / 'query_scores.csv')


def test_those_of_a_test_belong_to_the_results_of_the_test(tmp_path):
    tested = engine()
    tested.results_name, tested.query_scores_name = 'metrics-test.json', 'query_scores-test.csv'
    tested.test(save_dir=str(tmp_path))
    engine(7).test(save_dir=str(tmp_path))
    assert len(read_query_scores(tmp_path / 'query_scores-test.csv')) == 1
    (tmp_path / 'metrics-test.json').write_bytes((tmp_path / 'metrics.json').read_bytes())
    with pytest.raises(InputError, match='not written together'):
        read_query_scores(tmp_path / 'query_scores-test.csv')


def names_of(*paths):
    dataset = SimpleNamespace(data=[(path, 1, 0, 0) for path in paths])
    ones = np.ones(len(paths), int)
    return query_names(dataset, Split(None, ones, 0 * ones), 'market1501')


def test_names_of_images_and_tracklets():
    assert names_of('/data/query/a.jpg', '/data/query/b.jpg') == ('a.jpg', 'b.jpg')
    assert names_of(('/data/a_1.jpg', '/data/a_2.jpg'), ['/data/b_1.jpg']) == (
        'a_1.jpg',
        'b_1.jpg',
    )
    frames = [(f'/data/cam_a/person_{i}/1.png', f'/data/cam_a/person_{i}/2.png') for i in (1, 2)]
    assert names_of(*frames) == ('person_1/1.png', 'person_2/1.png')
