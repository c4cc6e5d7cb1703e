"""A table of the images of a folder."""

import pytest

from midattr_plugin.errors import InputError
from midattr_plugin.tables import read_table
from midattr_plugin.tables.cli import main
from midattr_plugin.tables.from_folder import folder_rows, write_folder_table


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def rows(folder):
    return [(row.path, row.pid, row.camid, row.split) for row in folder_rows(folder)]


def test_a_folder_for_each_person(tmp_path):
    touch(tmp_path, 'ben/2.JPG', 'ben/10.png', 'anna/x.jpg', 'anna/notes.txt', '.git/a.jpg')
    assert rows(tmp_path) == [
        ('anna/x.jpg', 'anna', '', ''),
        ('ben/10.png', 'ben', '', ''),
        ('ben/2.JPG', 'ben', '', ''),
    ]


def test_a_folder_for_each_camera(tmp_path):
    touch(tmp_path, 'train/ben/door/1.jpg', 'query/cem/yard/1.jpg', 'gallery/cem/door/1.jpg')
    assert rows(tmp_path) == [
        ('gallery/cem/door/1.jpg', 'cem', 'door', 'gallery'),
        ('query/cem/yard/1.jpg', 'cem', 'yard', 'query'),
        ('train/ben/door/1.jpg', 'ben', 'door', 'train'),
    ]


def test_names_of_market(tmp_path):
    touch(
        tmp_path,
        'bounding_box_train/0002_c1s1_000451_03.jpg',
        'bounding_box_test/-1_c1s1_000401_03.jpg',
        'bounding_box_test/0000_c12s1_000151_01.jpg',
        'query/0003_c2s1_000151_01.jpg',
    )
    assert rows(tmp_path) == [
        ('bounding_box_test/0000_c12s1_000151_01.jpg', '0000', '12', 'gallery'),
        ('bounding_box_train/0002_c1s1_000451_03.jpg', '0002', '1', 'train'),
        ('query/0003_c2s1_000151_01.jpg', '0003', '2', 'query'),
    ]


def test_written_table_is_read(tmp_path):
    """Paths are relative to the table, wherever it lies."""
    touch(tmp_path, 'crops/anna/1.jpg', 'crops/b,en/1.jpg')
    assert write_folder_table(tmp_path / 'crops', tmp_path / 'tables/people.csv') == 2
    table = read_table(tmp_path / 'tables/people.csv')
    assert [row.pid for row in table.rows] == ['anna', 'b,en']
    assert (tmp_path / 'tables' / table.rows[1].path).resolve() == tmp_path / 'crops/b,en/1.jpg'


@pytest.mark.parametrize(
    'names, words',
    [
        ([], 'holds no image'),
        (['1.jpg'], 'give each person a folder, .*--images-only'),
        (['0002_c1_1.jpg', 'other.jpg'], 'is not; name all so'),
        (['anna/cam/day/1.jpg'], 'lies too deep'),
        (['anna/cam/1.jpg', 'ben/1.jpg'], 'give every image one, or none'),
    ],
)
def test_neither(tmp_path, names, words):
    (tmp_path / 'crops').mkdir()
    touch(tmp_path / 'crops', *names)
    with pytest.raises(InputError, match=words):
        write_folder_table(tmp_path / 'crops', tmp_path / 'people.csv')
    assert not (tmp_path / 'people.csv').exists()


def test_command(tmp_path, capsys):
    touch(tmp_path, 'crops/anna/1.jpg', 'crops/anna/2.jpg', 'crops/ben/1.jpg')
    out = tmp_path / 'people.csv'
    assert main([str(tmp_path / 'crops'), '--out', str(out)]) == 0
    shown = capsys.readouterr().out
    assert '(none)   |      3 |          2 |       -' in shown
    assert 'All 3 images exist' in shown
    assert main([str(tmp_path / 'crops'), '--out', str(out)]) == 1
    assert 'may hold attributes of yours' in capsys.readouterr().err
    assert main([str(tmp_path / 'crops')]) == 1
    assert '--out is missing' in capsys.readouterr().err
    assert main([str(out), '--out', 'b.csv']) == 1
    assert 'leave it out' in capsys.readouterr().err


def test_images_without_people(tmp_path, capsys):
    touch(tmp_path / 'crops', 'b.jpg', 'deep/er/than/that/a.png', '0002_c1_1.jpg')
    out = tmp_path / 'people.csv'
    words = [str(tmp_path / 'crops'), '--images-only', '--out', str(out)]
    assert main(words) == 0
    table = read_table(out)
    assert not table.columns and len(table.rows) == 3
    touch(tmp_path / 'parts', 'train/b.jpg', 'test/x/a.png', 'val/c.jpg')
    assert main([str(tmp_path / 'parts'), *words[1:], '--force']) == 0
    assert [row.split for row in read_table(out).rows] == ['test', 'train', 'val']
    assert main([str(out), '--images-only']) == 1
    assert '--images-only is for a folder' in capsys.readouterr().err


def test_what_is_in_a_table(tmp_path, capsys):
    touch(tmp_path, 'a.jpg', 'b.jpg')
    path = tmp_path / 'people.csv'
    path.write_text(
        'path,pid,camid,split,hat,pose,note\n'
        'a.jpg,1,x,train,yes,left,hello\n'
        'b.jpg,1,y,train,,right,\n'
        'c.jpg,2,x,gallery,no,left,\n',
        encoding='utf-8',
    )
    assert main([str(path)]) == 1
    shown = capsys.readouterr()
    assert '1 of 3 images do not exist' in shown.err
    lines = [' '.join(line.split()) for line in shown.out.splitlines()]
    assert 'train | 2 | 1 | 2' in lines
    assert 'query | 0 | 0 | 0' in lines
    assert 'gallery | 1 | 1 | 1' in lines
    assert 'hat | identity | no 1, yes 1, unknown 1' in lines
    assert 'pose | image | left 2, right 1' in lines
    assert 'note | identity | hello 1: ONE CLASS ONLY, unknown 2' in lines


def test_distractors_are_nobody_to_train_or_to_search_for(tmp_path, capsys):
    """Many people have the number 0000."""
    names = ['0000_c1s1_000001_01.jpg', '-1_c1s1_000001_01.jpg', '0002_c1s1_000001_01.jpg']
    touch(tmp_path / 'a', *names)
    assert [row[1] for row in rows(tmp_path / 'a')] == ['0002']
    assert '2 left out, junk or distractors of Market-1501' in capsys.readouterr().out
    touch(tmp_path / 'b/bounding_box_train', names[2])
    touch(tmp_path / 'b/bounding_box_test', *names[:2])
    assert [(row[1], row[3]) for row in rows(tmp_path / 'b')] == [
        ('0000', 'gallery'),
        ('0002', 'train'),
    ]
    touch(tmp_path / 'c', *names[:2])
    with pytest.raises(InputError, match='nothing but junk and distractors'):
        rows(tmp_path / 'c')


def test_what_is_no_image_is_told(tmp_path, capsys):
    touch(tmp_path, 'ann/1.jpg', 'ben/1.webp')
    assert [row[1] for row in rows(tmp_path)] == ['ann']
    assert '1 left out, not an image (the first is "ben/1.webp")' in capsys.readouterr().out


def test_a_partition_is_of_public_annotations(tmp_path, capsys):
    touch(tmp_path, 'ann/1.jpg')
    assert main([str(tmp_path), '--out', str(tmp_path / 'p.csv'), '--partition', '2']) == 1
    assert '--partition is for --from' in capsys.readouterr().err
