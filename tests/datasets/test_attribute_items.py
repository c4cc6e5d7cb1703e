import pickle

import pytest
import torch
from torchvision.transforms import ToTensor

from helpers.fake_market import write_duke_tree, write_market_tree
from helpers.fake_sources import (
    DUKE_LABELS,
    MARKET_LABELS,
    assert_union_labels,
    duke,
    identity,
    market,
)
from midattr_plugin import MidAttrDemo, torchreid_compat
from midattr_plugin.class_marks import class_names
from midattr_plugin.datasets import (
    DUKEMTMCREID,
    MARKET1501,
    AttributeImageDataset,
    Market1501Attr,
)
from midattr_plugin.errors import InputError


@pytest.fixture
def root(tmp_path):
    """Holds Market-1501 and DukeMTMC-reID."""
    write_market_tree(tmp_path)
    write_duke_tree(tmp_path)
    return tmp_path


@pytest.fixture
def data_dir(root):
    return root / 'market1501' / 'Market-1501-v15.09.15'


@pytest.mark.parametrize('first, second', [(market, duke), (duke, market)])
def test_two_sources_keep_the_attributes_of_both(root, first, second):
    parts = [first(root), second(root)]
    joined = sum(parts)
    assert isinstance(joined, AttributeImageDataset) and isinstance(
        joined, torchreid_compat.ImageDataset
    )
    assert len(joined) == 12 + 8
    assert joined.num_train_pids == 5 and joined.num_datasets == 2
    assert {item[3] for item in joined.train} == {0, 1}
    assert_union_labels(joined, parts[0].schema.union(parts[1].schema))
    assert (joined.query, joined.gallery) == (parts[0].query, parts[0].gallery)
    assert len(parts[0]) + len(parts[1]) == 20  # unchanged
    assert parts[0].schema in (MARKET1501, DUKEMTMCREID)


def test_marks_of_a_sum(root):
    """Matched by the names of the classes; of torchreid's dataset there are none."""
    ours = duke(root)
    joined = market(root) + ours
    names = class_names(joined.schema)
    assert set(joined.marks_by_path) == {*market(root).marks_by_path, *ours.marks_by_path}
    for path, marks in ours.marks_by_path.items():
        known = dict(zip(class_names(DUKEMTMCREID), marks, strict=True))
        assert joined.marks_by_path[path] == tuple(known.get(name, -1) for name in names)
    beside = ours + torchreid_compat.DukeMTMCreID(str(root), verbose=False)
    assert beside.marks_by_path == ours.marks_by_path
    assert pickle.loads(pickle.dumps(beside)).marks_by_path == ours.marks_by_path


def test_query_items_of_a_sum(root):
    joined = market(root, mode='query') + duke(root, mode='query')
    item = joined[0]
    labels = torch.tensor(MARKET_LABELS[identity(item['impath'])])
    assert torch.equal(item['attrs'], MARKET1501.convert(labels, target=joined.schema))


def test_a_source_without_attributes(root):
    plain = torchreid_compat.DukeMTMCreID(str(root), verbose=False)
    joined = market(root) + plain
    assert joined.schema is MARKET1501
    for i in range(len(joined)):
        item = joined[i]
        known = '/market1501/' in item['impath']
        expected = MARKET_LABELS[identity(item['impath'])] if known else (-1,) * 12
        assert item['attrs'].tolist() == list(expected)


def test_three_sources(root):
    write_market_tree(root, folder='midattr_demo')
    demo = MidAttrDemo(str(root), verbose=False, transform=ToTensor())
    joined = sum([market(root), duke(root), demo])
    assert joined.schema == MARKET1501.union(DUKEMTMCREID)
    assert joined.num_train_pids == 3 + 2 + 3 and {item[3] for item in joined.train} == {0, 1, 2}
    for i in range(len(joined)):
        item = joined[i]
        pid = identity(item['impath'])
        source, labels = (
            (DUKEMTMCREID, DUKE_LABELS)
            if 'dukemtmc' in item['impath']
            else (MARKET1501, MARKET_LABELS)
        )
        expected = source.convert(torch.tensor(labels[pid]), target=joined.schema)
        assert torch.equal(item['attrs'], expected)


def test_a_sum_of_images_without_labels(root):
    dataset = AttributeImageDataset(
        DUKEMTMCREID, {}, [('a.jpg', 0, 0)], [('b.jpg', 1, 0)], [('c.jpg', 1, 1)], verbose=False
    )
    assert (market(root) + dataset).labels('a.jpg').tolist() == [-1] * 15


def test_several_views_of_an_image(root):
    views = iter(range(100))
    options = {'k_tfm': 3, 'verbose': False, 'transform': lambda image: next(views)}
    for dataset in (
        Market1501Attr(str(root), **options),
        Market1501Attr(str(root), **options) + duke(root),
    ):
        first = next(views) + 1
        assert dataset[0]['img'] == [first, first + 1, first + 2]
        assert dataset.k_tfm == 3


def test_items_without_a_transform(root):
    image = Market1501Attr(str(root), verbose=False)[0]['img']
    assert image.mode == 'RGB' and image.size == (16, 32)


def test_a_broken_image_in_a_worker(root, data_dir):
    dataset = market(root)
    (data_dir / 'bounding_box_train' / '0002_c1s1_000001_01.jpg').write_bytes(b'')
    batches = iter(torch.utils.data.DataLoader(dataset, num_workers=1))
    with pytest.raises(InputError) as error:
        next(batches)
    batches._shutdown_workers()  # left to the garbage collector, this takes 5 seconds
    assert error.value.sentence.startswith('image "')


def test_datasets_can_be_sent_to_workers(root):
    for dataset in (market(root), market(root) + duke(root)):
        copy = pickle.loads(pickle.dumps(dataset))
        assert torch.equal(copy[3]['attrs'], dataset[3]['attrs'])
