"""Names of attributes that something else has."""

import pytest

from midattr_plugin.errors import InputError
from midattr_plugin.tables.attribute_name import COLUMNS, check_attribute_name


@pytest.mark.parametrize('name', ['hat', 'Upper color', 'Skirt&Dress', 'Age18-60', 'größe', '帽子'])
def test_usual_names(name):
    check_attribute_name(name, 'table "x"')


@pytest.mark.parametrize(
    ('name', 'words'),
    [
        ('local', 'another loss'),
        ('average', 'another loss'),
        ('triplet_global', 'another loss'),
        ('hat_probability', 'another column'),
        ('type', 'that PyTorch needs'),
        ('values', 'that PyTorch needs'),
        ('shoe.color', 'in it; rename it'),
        ('a=b', 'in it; rename it'),
        ('a\nb', 'in it; rename it'),
    ],
)
def test_names_of_something_else(name, words):
    with pytest.raises(InputError, match=f'^table "x": an attribute cannot be .*{words}'):
        check_attribute_name(name, 'table "x"')


@pytest.mark.parametrize('name', sorted(COLUMNS))
def test_columns_of_predictions(name):
    with pytest.raises(InputError, match='another column of predictions'):
        check_attribute_name(name, 'table "x"')
