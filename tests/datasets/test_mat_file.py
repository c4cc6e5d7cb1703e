import os
from dataclasses import replace

import numpy as np
import pytest
import scipy.io

from helpers.fake_market import (
    ANNOTATIONS,
    expected_labels,
    expected_marks,
    fields_by_identity,
    split_struct,
    write_annotations,
)
from helpers.paths import SHARED
from midattr_plugin import MidAttrDemo
from midattr_plugin.class_marks import class_names
from midattr_plugin.datasets import DUKEMTMCREID, MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.schema import HEAD, NO_YES, Attribute

FIELDS = [name for attribute in MARKET1501 for name in attribute.fields]
TRAIN = fields_by_identity(MARKET1501, (2, 7, 11, 1500))
TEST = fields_by_identity(MARKET1501, (1, 4))


def read(path, schema):
    return ANNOTATIONS[schema.name].read(path, schema)


def write_structs(path, train=None, test=None, name='market_attribute'):
    """Write a file with one or both structs replaced."""
    train = split_struct(TRAIN, FIELDS) if train is None else train
    test = split_struct(TEST, FIELDS) if test is None else test
    scipy.io.savemat(path, {name: {'train': train, 'test': test}})
    return path


def shared_file(schema):
    path = SHARED / 'annotations' / ANNOTATIONS[schema.name].name
    if not path.is_file():
        pytest.skip(f'{path.name} is published by the annotators and not part of this project')
    return path


@pytest.mark.parametrize('schema', [MARKET1501, DUKEMTMCREID], ids=lambda s: s.name)
def test_labels_of_a_generated_file(tmp_path, schema):
    train = fields_by_identity(schema, (2, 7, 11, 1500))
    test = fields_by_identity(schema, (1, 3, 4))
    write_annotations(tmp_path / 'a.mat', schema, train, test)
    labels = read(tmp_path / 'a.mat', schema)
    assert labels == {
        pid: expected_labels(schema, fields) for pid, fields in (train | test).items()
    }
    color = schema.names.index('upper_color')
    assert labels[2][color] == labels[7][color] == -1  # no color, two colors
    assert labels[11][1] == -1  # the value 0
    assert min(labels[1500]) >= 0


@pytest.mark.parametrize('schema', [MARKET1501, DUKEMTMCREID], ids=lambda s: s.name)
def test_marks_of_a_generated_file(tmp_path, schema):
    """Class by class as the fields have them: no color, two colors, the value 0."""
    train = fields_by_identity(schema, (2, 7, 11, 1500))
    test = fields_by_identity(schema, (1, 3, 4))
    color = schema['lower_color'].fields
    train[1500][color[2]] = 0  # of one color alone it is not known
    write_annotations(tmp_path / 'a.mat', schema, train, test)
    marks = ANNOTATIONS[schema.name].read_marks(tmp_path / 'a.mat', schema)
    assert marks == {pid: expected_marks(schema, fields) for pid, fields in (train | test).items()}
    named = {
        pid: {
            name: value
            for name, value in zip(class_names(schema), row, strict=True)
            if name.startswith('upper_color')
        }
        for pid, row in marks.items()
    }
    assert [sum(named[pid].values()) for pid in (2, 7, 11)] == [0, 2, 1]
    assert set(marks[11]) == {-1, 0, 1} and marks[1500].count(-1) == 1
    marks.clear()  # belongs to the caller
    assert len(ANNOTATIONS[schema.name].read_marks(tmp_path / 'a.mat', schema)) == 7


def test_one_identity_per_split(tmp_path):
    """SciPy squeezes the vectors to scalars."""
    train, test = fields_by_identity(MARKET1501, [2]), fields_by_identity(MARKET1501, [1])
    write_annotations(tmp_path / 'a.mat', MARKET1501, train, test)
    labels = read(tmp_path / 'a.mat', MARKET1501)
    assert labels == {
        2: expected_labels(MARKET1501, train[2]),
        1: expected_labels(MARKET1501, test[1]),
    }


def test_fields_with_the_names_of_the_attributes(tmp_path):
    schema = replace(MARKET1501, attributes=(Attribute('hat', NO_YES, HEAD),))
    structs = [split_struct({pid: {'hat': pid}}, ['hat']) for pid in (1, 2)]
    path = write_structs(tmp_path / 'a.mat', *structs)
    assert read(path, schema) == {1: (0,), 2: (1,)}


def test_an_empty_split(tmp_path):
    path = write_structs(tmp_path / 'a.mat', test=split_struct({}, FIELDS))
    assert set(read(path, MARKET1501)) == {2, 7, 11, 1500}


def test_a_replaced_file_is_read_again(tmp_path):
    path = write_structs(tmp_path / 'a.mat')
    first = read(path, MARKET1501)
    first.clear()  # belongs to the caller
    assert len(read(path, MARKET1501)) == 6
    write_structs(path, test=split_struct({}, FIELDS))
    os.utime(path, ns=(1, 1))
    assert len(read(path, MARKET1501)) == 4


def field_column(name, index):
    """A struct of TRAIN with the column of one field replaced by a function of it."""
    struct = split_struct(TRAIN, FIELDS)
    struct[name] = index(struct[name])
    return struct


def without(name):
    struct = split_struct(TRAIN, FIELDS)
    del struct[name]
    return struct


@pytest.mark.parametrize(
    'train, problem',
    [
        (without('uppurple'), 'has no field train.uppurple'),
        (without('image_index'), 'has no field train.image_index'),
        (np.zeros(3), 'has no field train.image_index'),
        (
            field_column('hat', lambda column: column[:, :-1]),
            'has 3 values in train.hat for the 4 identities of train.image_index',
        ),
        (field_column('hat', lambda column: column + 2), r'has a label outside 0..2 in train.hat'),
        (field_column('age', lambda column: column + 4), r'has a label outside 0..4 in train.age'),
        (
            field_column('upred', lambda column: column + 2),
            r'has a label outside 0..2 in train.upred',
        ),
        (
            field_column('age', lambda column: column + 0.5),
            r'has a label outside 0..4 in train.age',
        ),
        (field_column('age', lambda column: column * np.nan), r'has a label outside 0..4'),
        (
            field_column('age', lambda column: np.array([['young'] * 4], object)),
            r'has a label outside 0..4 in train.age',
        ),
        (
            field_column('image_index', lambda column: np.array([['2', '7', '7', '11']], object)),
            'lists identity 0007 twice',
        ),
        (
            field_column('image_index', lambda column: np.array([['2', '7', '4', '11']], object)),
            r'lists identity 0004 twice \(the second time in test.image_index\)',
        ),
        (
            field_column('image_index', lambda column: np.array([['2', '7', 'x', '11']], object)),
            'has something other than an identity number in train.image_index',
        ),
        (
            field_column('image_index', lambda column: np.array([[[], '7', '9', '11']], object)),
            'has something other than an identity number in train.image_index',
        ),
    ],
)
def test_broken_fields(tmp_path, train, problem):
    path = write_structs(tmp_path / 'a.mat', train=train)
    with pytest.raises(InputError, match=problem) as error:
        read(path, MARKET1501)
    assert str(path) in str(error.value)
    assert 'replace it by market_attribute.mat from https://' in str(error.value)


def test_a_struct_without_splits(tmp_path):
    struct = {'train': split_struct(TRAIN, FIELDS)}
    scipy.io.savemat(tmp_path / 'a.mat', {'market_attribute': struct})
    with pytest.raises(InputError, match='has no test in market_attribute'):
        read(tmp_path / 'a.mat', MARKET1501)


def test_the_file_of_the_other_dataset(tmp_path):
    path = tmp_path / 'market_attribute.mat'
    write_annotations(
        path,
        DUKEMTMCREID,
        fields_by_identity(DUKEMTMCREID, [1]),
        fields_by_identity(DUKEMTMCREID, [2]),
    )
    with pytest.raises(
        InputError,
        match='has no market_attribute, but has duke_attribute, of another dataset; replace',
    ):
        read(path, MARKET1501)
    scipy.io.savemat(path, {'something': 1})
    with pytest.raises(InputError, match='has no market_attribute; replace'):
        read(path, MARKET1501)


@pytest.mark.parametrize(
    'content, problem',
    [
        (b'', 'is empty'),
        (b'<!DOCTYPE html>\n<title>404</title>' * 20, 'is not a readable MATLAB file'),
        (b'x', 'is not a readable MATLAB file'),
    ],
)
def test_files_that_are_not_matlabs(tmp_path, content, problem):
    path = tmp_path / 'a.mat'
    path.write_bytes(content)
    with pytest.raises(InputError, match=problem) as error:
        read(path, MARKET1501)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize('share', [0.05, 0.3, 0.6, 0.95])
def test_a_truncated_file(tmp_path, share):
    path = write_structs(tmp_path / 'a.mat')
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r'a\.mat" (is not a readable|has no)'):
        read(path, MARKET1501)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match=r'a\.mat" cannot be read \(No such file'):
        read(tmp_path / 'a.mat', MARKET1501)


@pytest.mark.parametrize(
    'schema, train, test, unknown',
    [
        (MARKET1501, 751, 750, {'upper_color': 78 + 69, 'lower_color': 30 + 44}),
        (
            DUKEMTMCREID,
            702,
            1110,
            {'upper_color': 1 + 14, 'lower_color': 11 + 23, 'upper_length': 2},
        ),
    ],
    ids=['market1501', 'dukemtmcreid'],
)
def test_unknown_labels_of_the_real_files(schema, train, test, unknown):
    labels = read(shared_file(schema), schema)
    assert len(labels) == train + test
    for name, column in zip(schema.names, zip(*labels.values(), strict=True), strict=True):
        assert sum(label == -1 for label in column) == unknown.get(name, 0)


@pytest.mark.parametrize('schema', [MARKET1501, DUKEMTMCREID], ids=lambda s: s.name)
@pytest.mark.parametrize('split', ['train', 'test'])
def test_every_identity_of_the_real_files(schema, split):
    """Compared with one identity at a time, read by field name."""
    path = shared_file(schema)
    labels, marks = read(path, schema), ANNOTATIONS[schema.name].read_marks(path, schema)
    content = scipy.io.loadmat(path, squeeze_me=True, struct_as_record=False)
    struct = getattr(content[path.stem], split)
    names = [name for attribute in schema for name in attribute.fields]
    unknown = {'upper_color': 0, 'lower_color': 0}
    for i, pid in enumerate(struct.image_index):
        fields = {name: int(getattr(struct, name)[i]) for name in names}
        assert labels[int(pid)] == expected_labels(schema, fields)
        assert marks[int(pid)] == expected_marks(schema, fields)
        for name in unknown:
            unknown[name] += labels[int(pid)][schema.names.index(name)] == -1
    assert (
        tuple(unknown.values())
        == {
            ('market1501', 'train'): (78, 30),
            ('market1501', 'test'): (69, 44),
            ('dukemtmcreid', 'train'): (1, 0),
            ('dukemtmcreid', 'test'): (14, 34),
        }[schema.name, split]
    )


def test_rare_labels_of_market1501():
    """20 training identities wear a hat, 8 are old, 2 have purple trousers."""
    path = shared_file(MARKET1501)
    labels = read(path, MARKET1501)
    content = scipy.io.loadmat(path, squeeze_me=True, struct_as_record=False)
    rows = [labels[int(pid)] for pid in content['market_attribute'].train.image_index]
    counts = {}
    for name, label in (('hat', 'yes'), ('age', 'old'), ('lower_color', 'purple')):
        column, index = MARKET1501.names.index(name), MARKET1501[name].classes.index(label)
        counts[name] = sum(row[column] == index for row in rows)
    assert counts == {'hat': 20, 'age': 8, 'lower_color': 2}


def test_a_file_that_is_not_published(tmp_path):
    """The one that is rendered for the demo."""
    (tmp_path / 'market_attribute.mat').touch()
    with pytest.raises(InputError, match='is empty; replace it by market_attribute.mat$'):
        MidAttrDemo.annotations.read(tmp_path / 'market_attribute.mat', MARKET1501)
