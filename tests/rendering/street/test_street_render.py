import hashlib

import pytest

from midattr_plugin import MidAttrStreet
from midattr_plugin.datasets.rendered import Recipe
from midattr_plugin.errors import InputError
from midattr_plugin.rendering import render_street
from midattr_plugin.rendering.cameras import NUM_CAMERAS
from midattr_plugin.rendering.roster import read_roster
from midattr_plugin.rendering.street.preview import street_sheet
from midattr_plugin.rendering.street.render import MOST_PEOPLE, MOST_TEST_PEOPLE
from midattr_plugin.rendering.street.streets import Streets
from midattr_plugin.rendering.tree import TREE


@pytest.fixture(scope='module')
def street(tmp_path_factory):
    folder = tmp_path_factory.mktemp('street') / 'midattr_street'
    render_street(folder, 3, seed=4, workers=1, num_test=2)
    return folder


def _hashes(folder):
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob('*')
        if path.is_file()
    }


def test_same_for_any_number_of_processes(street, tmp_path):
    render_street(tmp_path / 'again', 3, seed=4, workers=2, num_test=2)
    assert _hashes(tmp_path / 'again') == _hashes(street)


def test_tree(street):
    tree = street / TREE
    assert len(list((tree / 'bounding_box_train').iterdir())) == 60
    assert read_roster(tree / 'market_attribute.mat') == Streets(4, 3, 2).roster()
    assert Recipe.read(tree) == Recipe(4, 1.0, '3 + 2 people of every season')


def test_its_dataset_reads_it(street):
    data = MidAttrStreet(str(street.parent), verbose=False)
    assert (data.num_train_pids, len(data.train), len(data.query)) == (3, 60, 8)
    assert data.rendered


@pytest.mark.parametrize('number', [1, 9001, -4])
def test_too_few_or_too_many(tmp_path, number):
    with pytest.raises(InputError, match=f'--street is {number}; .* from 2 to 9000'):
        render_street(tmp_path, number)


@pytest.mark.parametrize('number', [0, 1000])
def test_no_or_too_many_test_identities(tmp_path, number):
    with pytest.raises(InputError, match=f'num_test is {number}; .* from 1 to 999'):
        render_street(tmp_path, 2, num_test=number)
    assert not any(tmp_path.iterdir())


def test_the_dataset_takes_as_many_as_are_rendered():
    most = Streets(0, MOST_PEOPLE, MOST_TEST_PEOPLE)
    assert MOST_PEOPLE + MOST_TEST_PEOPLE <= MidAttrStreet.last_identity
    assert NUM_CAMERAS * (most.train_streets + most.test_streets) <= MidAttrStreet.num_cameras


def test_contact_sheet():
    assert street_sheet(0, 2).shape == (274, 1548, 3)
