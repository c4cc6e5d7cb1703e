import pytest
from torch.utils.data import DataLoader, Subset

from helpers import tiny_engine
from helpers.fake_market import write_market_tree
from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.rendered import Recipe
from midattr_plugin.engine.training_images import check_same_images, describe_images
from midattr_plugin.errors import InputError

ITEMS = [('a/1.jpg', 0, 0, 0), ('a/2.jpg', 1, 0, 0), ('a/3.jpg', 1, 1, 0)]


def described(items):
    return describe_images(torchreid_compat.ImageDataset(items, items, items, verbose=False))


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


def test_images_of_another_recipe_are_refused(tmp_path):
    """Rendered again, they have the same names."""
    (tmp_path / 'a').mkdir()
    items = [(str(tmp_path / path), *rest) for path, *rest in ITEMS]
    unknown = described(items)
    descriptions = []
    for difficulty in (1, 0.5):
        marker = tmp_path / 'a/RENDERED.txt'
        marker.write_text(Recipe(7, difficulty, 'invented people').text())
        descriptions.append(described(items))
    words = r'other recipes \("rend.*difficulty: 1.0.*" then, ".*difficulty: 0.5.*" now\)'
    with pytest.raises(InputError, match=words):
        check_same_images(*descriptions, 'x')
    check_same_images(descriptions[0], descriptions[0], 'x')
    check_same_images(unknown, descriptions[0], 'x')  # of an earlier version


def test_frames_of_a_video_and_names_that_are_no_text():
    assert described([(('a/1.jpg', 'a/2.jpg'), 0, 0, 0)])['number'] == 1
    assert described([('a/\udce9.jpg', 0, 0, 0)])['number'] == 1


def test_a_dataset_of_ones_own_is_trained_on_without_a_description(tmp_path):
    """A part of the images, as of a few per person, is no dataset of torchreid."""
    write_market_tree(tmp_path)
    engine = tiny_engine.build(tmp_path, model='midattr_tiny')
    whole = engine.train_loader.dataset
    engine.train_loader = DataLoader(Subset(whole, range(8)), batch_size=4)
    engine.run(save_dir=str(tmp_path / 'log'), max_epoch=1)
    last = tmp_path / 'log/model/model.pth.tar-last'
    assert engine.resume(last) == 1
    assert describe_images(engine.train_loader.dataset) == {}
    check_same_images({}, describe_images(whole), 'x')
    check_same_images(describe_images(whole), {}, 'x')
