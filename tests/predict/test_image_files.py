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


def test_what_is_no_image_is_told(tree, capsys):
    image_files([tree])
    name = tree.name
    assert capsys.readouterr().out == (
        f'{name}: 1 left out, not an image (the first is "b/note.md")\n'
    )


def test_a_link_to_a_folder_is_followed_once(tree, tmp_path_factory):
    """Also one to a folder above, which would go on forever."""
    other = tmp_path_factory.mktemp('other')
    (other / 'c.png').touch()
    (tree / 'b/up').symlink_to(tree)
    (tree / 'b/x').symlink_to(other)
    (tree / 'b/y').symlink_to(other)
    names = ['a.jpeg', 'b/10.png', 'b/2.JPG', 'b/x/c.png']
    assert image_files([tree]) == [str(tree / name) for name in names]


def test_results_in_the_folder_are_no_input(tree, capsys):
    (tree / 'b/answers/maps').mkdir(parents=True)
    (tree / 'b/answers/maps/0.png').touch()
    (tree / 'b/answers/report.html').touch()
    names = ['a.jpeg', 'b/10.png', 'b/2.JPG']
    assert image_files([tree], tree / 'b/answers') == [str(tree / name) for name in names]
    assert 'report' not in capsys.readouterr().out
