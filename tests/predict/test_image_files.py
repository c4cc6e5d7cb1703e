"""The image files that a user names."""

import pytest

from midattr_plugin.errors import InputError
from midattr_plugin.predict.image_files import image_files


@pytest.fixture
def tree(tmp_path):
    """Files of which only names are looked at."""
    for name in ('b/2.JPG', 'b/10.png', 'a.jpeg', 'b/.hidden.jpg', '.git/x.jpg', 'b/note.md'):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def test_folder(tree):
    names = ['a.jpeg', 'b/10.png', 'b/2.JPG']
    assert image_files([tree]) == [str(tree / name) for name in names]


def test_list_and_table(tree):
    """Paths are relative to the file, and what a user names is taken whatever its ending."""
    (tree / 'list.txt').write_text('b/2.JPG\n\n  a.jpeg \n', encoding='utf-8')
    (tree / 'table.csv').write_text('path,hat\nb/10.png,no\nodd.webp,yes\n', encoding='utf-8')
    found = image_files([tree / 'list.txt', str(tree / 'table.csv')])
    assert found == [str(tree / name) for name in ('b/2.JPG', 'a.jpeg', 'b/10.png', 'odd.webp')]


def test_named_twice(tree):
    with pytest.raises(InputError, match='named twice'):
        image_files([tree, tree / 'b/2.JPG'])
    (tree / 'list.txt').write_text('a.jpeg\nb/../a.jpeg\n', encoding='utf-8')
    with pytest.raises(InputError, match='named twice'):
        image_files([tree / 'list.txt'])


def test_nothing(tree):
    (tree / 'empty').mkdir()
    (tree / 'empty.txt').write_text('\n', encoding='utf-8')
    (tree / 'binary.txt').write_bytes(b'\xff\xfe')
    for name, words in (
        ('empty', 'holds no image'),
        ('empty.txt', 'holds no image'),
        ('none', 'does not exist'),
        ('binary.txt', 'is not text'),
    ):
        with pytest.raises(InputError, match=words):
            image_files([tree / name])
