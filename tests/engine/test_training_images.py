from types import SimpleNamespace

import pytest

from midattr_plugin.engine.training_images import check_same_images, describe_images
from midattr_plugin.errors import InputError

ITEMS = [('a/1.jpg', 0, 0, 0), ('a/2.jpg', 1, 0, 0), ('a/3.jpg', 1, 1, 0)]


def described(items):
    return describe_images(SimpleNamespace(data=items))


def test_neither_order_nor_folder_matters():
    moved = [(path.replace('a/', '/elsewhere/'), *rest) for path, *rest in reversed(ITEMS)]
    assert described(moved) == described(ITEMS)
    check_same_images(described(ITEMS), described(moved), 'x')


@pytest.mark.parametrize(
    'items, what',
    [
        (ITEMS[:2], r'other training images \(3 then, 2 now\)'),
        # identities numbered in another order
        ([(path, 1 - pid, *rest) for path, pid, *rest in ITEMS], 'other numbers of their ident'),
        ([('a/9.jpg', *ITEMS[0][1:]), *ITEMS[1:]], 'images of other names'),
    ],
)
def test_other_images_or_numbers_are_refused(items, what):
    with pytest.raises(InputError, match=f'"x" was written with .*{what}.*model.load_weights'):
        check_same_images(described(ITEMS), described(items), 'x')


def test_frames_of_a_video_and_names_that_are_no_text():
    assert described([(('a/1.jpg', 'a/2.jpg'), 0, 0, 0)])['number'] == 1
    assert described([('a/\udce9.jpg', 0, 0, 0)])['number'] == 1
