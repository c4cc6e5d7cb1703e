"""A split of people who were not divided yet."""

from collections import Counter

import pytest

from midattr_plugin.errors import InputError
from midattr_plugin.tables import read_table, split_table


def make(tmp_path, people, cameras=True):
    """Return a table of each person's images, given their cameras."""
    lines = ['path,pid' + ',camid' * cameras]
    for pid, seen_by in people.items():
        for number, camera in enumerate(seen_by):
            lines.append(f'{pid}_{number}.jpg,{pid}' + f',{camera}' * cameras)
    (tmp_path / 'people.csv').write_text('\n'.join(lines))
    return read_table(tmp_path / 'people.csv')


def of_splits(table):
    people = {}
    for row in table.rows:
        people.setdefault(row.split, []).append((row.pid, row.camid))
    return people


@pytest.mark.parametrize('seed', range(20))
def test_people_are_trained_on_or_searched_for(tmp_path, seed):
    table = split_table(make(tmp_path, {f'p{i}': 'aabbc'[: 1 + i % 5] for i in range(11)}), seed)
    assert table.has_splits
    splits = of_splits(table)
    trained = {pid for pid, _ in splits['train']}
    assert len(trained) == 6
    assert not trained & {pid for pid, _ in splits['query'] + splits['gallery']}
    gallery = splits['gallery']
    for pid, camera in splits['query']:
        assert any(other == pid and seen_by != camera for other, seen_by in gallery)
    assert max(Counter(splits['query']).values()) == 1  # one of each camera
    for pid in {pid for pid, _ in gallery}:  # nobody who could be searched for is left out
        cameras = {camera for other, camera in splits['query'] + gallery if other == pid}
        assert (len(cameras) > 1) == (pid in {other for other, _ in splits['query']})


def test_without_cameras(tmp_path):
    splits = of_splits(split_table(make(tmp_path, dict.fromkeys('abcdef', 'xyz'), False), 0))
    assert len(splits['train']) == 9 and len(splits['query']) == 3 and len(splits['gallery']) == 6


def test_without_identities(tmp_path):
    (tmp_path / 'people.csv').write_text('path\n' + ''.join(f'{i}.jpg\n' for i in range(9)))
    table = split_table(read_table(tmp_path / 'people.csv'), 0)
    assert Counter(row.split for row in table.rows) == {'train': 5, 'test': 4}


def test_the_seed_alone_decides(tmp_path):
    people = {f'p{i}': 'ab' for i in range(20)}
    first = split_table(make(tmp_path, people), 3)
    assert split_table(make(tmp_path, people), 3).rows == first.rows
    assert split_table(make(tmp_path, people), 4).rows != first.rows


@pytest.mark.parametrize('people', [{'a': 'xy'}, {'a': 'xx', 'b': 'xx'}, {'a': 'x', 'b': 'x'}])
def test_nobody_to_search_for(tmp_path, people):
    with pytest.raises(InputError, match='cannot be split: none of the . identities'):
        split_table(make(tmp_path, people), 0)
