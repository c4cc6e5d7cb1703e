"""Attribute datasets on the trees of ``fake_market``, with the labels that they should have."""

import torch
from torchvision.transforms import ToTensor

from helpers.fake_market import expected_labels, fields_by_identity
from midattr_plugin.datasets import DUKEMTMCREID, MARKET1501, DukeMTMCreIDAttr, Market1501Attr

TRAIN_IDS, TEST_IDS = (2, 7, 11), (1, 4)
MARKET_LABELS = {
    pid: expected_labels(MARKET1501, fields)
    for pids in (TRAIN_IDS, TEST_IDS)
    for pid, fields in fields_by_identity(MARKET1501, pids).items()
}
DUKE_LABELS = {
    pid: expected_labels(DUKEMTMCREID, fields)
    for pids in ((1, 8), (2, 7139))
    for pid, fields in fields_by_identity(DUKEMTMCREID, pids).items()
}


def market(root, **options):
    return Market1501Attr(str(root), verbose=False, transform=ToTensor(), **options)


def duke(root, **options):
    return DukeMTMCreIDAttr(str(root), verbose=False, transform=ToTensor(), **options)


def identity(path):
    """Return the identity number in the name of a file."""
    return int(path.rsplit('/', 1)[1].split('_')[0])


def assert_union_labels(dataset, union):
    """Check that every item has the labels of its own dataset's table, converted one by one."""
    assert dataset.schema == union
    for i in range(len(dataset)):
        item = dataset[i]
        pid, path = identity(item['impath']), item['impath']
        if '/market1501/' in path:
            source, labels = MARKET1501, MARKET_LABELS[pid]
        else:
            source, labels = DUKEMTMCREID, DUKE_LABELS[pid]
        assert torch.equal(item['attrs'], source.convert(torch.tensor(labels), target=union))
