"""Attributes from the values of a table, or from a YAML file."""

import pytest

from midattr_plugin.datasets import MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.schema import HEAD, WHOLE_BODY, Attribute
from midattr_plugin.tables import inferred_schema, read_schema, read_table, table_labels

KNOWN = {attribute.name: attribute for attribute in MARKET1501}
TEXT = """path,split,hat,badge,floor
1.jpg,train,yes,red,10
2.jpg,train,no,blue,9
3.jpg,train,,none,9
4.jpg,gallery,no,red,10
"""


@pytest.fixture
def table(tmp_path):
    (tmp_path / 'people.csv').write_text(TEXT)
    return read_table(tmp_path / 'people.csv')


def infer(table, chosen=()):
    rows = [row for row in table.rows if row.split == 'train']
    return inferred_schema(table, rows, 'people', KNOWN, chosen)


def test_classes_are_the_values_of_the_training_images(table):
    assert infer(table).attributes == (
        Attribute('hat', ('no', 'yes'), HEAD),
        Attribute('badge', ('blue', 'none', 'red'), WHOLE_BODY),
        Attribute('floor', ('9', '10'), WHOLE_BODY),
    )
    assert infer(table, ['floor', 'hat']).names == ('hat', 'floor')


def test_labels(table, tmp_path):
    labels = table_labels(table, infer(table))
    assert [labels[str(tmp_path / f'{i}.jpg')] for i in (1, 2, 3, 4)] == [
        (1, 2, 1),
        (0, 0, 0),
        (-1, 1, 0),
        (0, 2, 1),
    ]


def test_a_table_for_a_test_alone(tmp_path):
    """One value is enough, as another table had the others; a column without any is left out."""
    (tmp_path / 'people.csv').write_text(
        'path,split,hat,badge,floor\n1.jpg,query,no,,10\n2.jpg,gallery,no,,9\n'
    )
    table = read_table(tmp_path / 'people.csv')
    assert infer(table).attributes == (
        Attribute('hat', ('no',), HEAD),
        Attribute('floor', ('9', '10'), WHOLE_BODY),
    )


@pytest.mark.parametrize(
    'old, new, words',
    [
        ('1.jpg,train,yes', '1.jpg,train,no', '"hat" has only the value "no" in the training'),
        ('4.jpg,gallery,no', '4.jpg,gallery,maybe', 'line 5: hat is "maybe", which is not a class'),
        ('2.jpg,train,no', '2.jpg,train,Yes', 'has the values "Yes" and "yes"; write them alike'),
        ('3.jpg,train,', '3.jpg,train,ｙes', 'has the values "yes" and "ｙes"; write them alike'),
        ('3.jpg,train,', '3.jpg,train,NaN', 'has the value "NaN", which stands for no value'),
        ('hat,badge', 'hat,type', 'cannot be called "type", which is a name that PyTorch needs'),
    ],
)
def test_values_that_cannot_be_learned(tmp_path, old, new, words):
    (tmp_path / 'people.csv').write_text(TEXT.replace(old, new))
    table = read_table(tmp_path / 'people.csv')
    with pytest.raises(InputError, match=words):
        table_labels(table, infer(table))


def test_columns_that_are_no_attributes(tmp_path):
    rows = ''.join(f'{i}.jpg,{i},\n' for i in range(60))
    (tmp_path / 'people.csv').write_text('path,time,empty\n' + rows)
    table = read_table(tmp_path / 'people.csv')
    with pytest.raises(InputError, match='"time" has 60 different values .*midattr.csv.attributes'):
        inferred_schema(table, table.rows, 'people', KNOWN)
    with pytest.raises(InputError, match='"empty" has no value'):
        inferred_schema(table, table.rows, 'people', KNOWN, ['empty'])
    with pytest.raises(InputError, match='names "hat", which is no column .* time, empty'):
        inferred_schema(table, table.rows, 'people', KNOWN, ['hat'])


def test_yaml(table, tmp_path):
    path = tmp_path / 'schema.yaml'
    path.write_text(
        'badge: {classes: [none, red, blue, green], parts: [2, 1]}\nhat: {classes: [no, yes]}\n'
    )
    schema = read_schema(path, table, 'people')
    assert schema.attributes == (
        Attribute('badge', ('none', 'red', 'blue', 'green'), (1, 2)),
        Attribute('hat', ('no', 'yes'), WHOLE_BODY),
    )
    assert table_labels(table, schema)[str(tmp_path / '1.jpg')] == (1, 1)


@pytest.mark.parametrize(
    'text, words',
    [
        ('hat: [no, yes', 'is not YAML'),
        ('', 'names no attributes'),
        ('- hat', 'names no attributes'),
        ('hat: [no, yes]', 'attribute "hat" .* must have classes'),
        ('hat: {classes: [no, yes], part: [1]}', 'attribute "hat" .* must have classes'),
        ('hat: {classes: yes}', 'classes must be two or more'),
        ('hat: {classes: [no, no]}', 'classes must be two or more'),
        ('hat: {classes: [no, yes], parts: [0]}', 'parts must be numbers from 1'),
        ('hat: {classes: [no, yes], parts: []}', 'parts must be numbers from 1'),
        ('hat: {classes: [null, yes]}', 'classes must be two or more'),
        ('local: {classes: [no, yes]}', 'cannot be called "local"'),
        ('hut: {classes: [no, yes]}', 'attribute "hut" .* is no column'),
        ('hat: {classes: [never, always]}', 'line 2: hat is "yes", which is not a class'),
    ],
)
def test_bad_yaml(table, tmp_path, text, words):
    (tmp_path / 'schema.yaml').write_text(text)
    with pytest.raises(InputError, match=words):
        table_labels(table, read_schema(tmp_path / 'schema.yaml', table, 'people'))


def test_no_yaml(table, tmp_path):
    with pytest.raises(InputError, match='cannot be read'):
        read_schema(tmp_path / 'none.yaml', table, 'people')
