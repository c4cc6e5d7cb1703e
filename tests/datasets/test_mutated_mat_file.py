"""Damaged annotation files."""

import scipy.io

from helpers.fake_market import fields_by_identity, split_struct
from helpers.mutations import check_mutations, mutated_bytes, mutated_struct
from midattr_plugin.datasets import MARKET1501, Market1501Attr
from midattr_plugin.rendering.roster import read_roster

_NAMES = sorted(field for attribute in MARKET1501 for field in attribute.fields)
CONTENT = {
    'market_attribute': {
        'train': split_struct(fields_by_identity(MARKET1501, (2, 7, 11)), _NAMES),
        'test': split_struct(fields_by_identity(MARKET1501, (1, 4)), _NAMES),
    }
}


def read(path):
    labels = Market1501Attr.annotations.read(path, MARKET1501)
    assert all(len(row) == len(MARKET1501) for row in labels.values())


def test_damaged_bytes(tmp_path, mutations):
    path = tmp_path / 'market_attribute.mat'
    for compress in (False, True):
        scipy.io.savemat(path, CONTENT, do_compression=compress)
        data = path.read_bytes()
        check_mutations(
            mutations, lambda random, p, d=data: p.write_bytes(mutated_bytes(d, random)), read, path
        )


def test_other_content(tmp_path, mutations):
    path = tmp_path / 'market_attribute.mat'
    scipy.io.savemat(path, CONTENT)
    check_mutations(
        mutations,
        lambda random, p: scipy.io.savemat(p, mutated_struct(CONTENT, random)),
        read,
        path,
    )


def test_renderer_reads_them_as_carefully(tmp_path, mutations):
    path = tmp_path / 'market_attribute.mat'
    scipy.io.savemat(path, CONTENT)
    data = path.read_bytes()

    def write(random, target):
        if random.random() < 0.5:
            target.write_bytes(mutated_bytes(data, random))
        else:
            scipy.io.savemat(target, mutated_struct(CONTENT, random))

    check_mutations(mutations, write, read_roster, path)
