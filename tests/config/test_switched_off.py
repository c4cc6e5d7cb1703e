import pytest

from midattr_plugin.config import get_default_config
from midattr_plugin.config.switched_off import check_off
from midattr_plugin.errors import InputError

OFF = {'test.rerank': False, 'midattr.query_expansion': 0, 'midattr.triplet_weight': 0}


def test_defaults_are_off():
    check_off(get_default_config(), OFF, 'nothing is ranked')
    check_off(get_default_config(), {}, 'nothing is ranked')


@pytest.mark.parametrize(
    'otherwise, remedy', [('', 'set it to 0'), ('rank', 'set it to 0, or rank')]
)
def test_one_that_is_on(otherwise, remedy):
    cfg = get_default_config()
    cfg.midattr.query_expansion = 4
    with pytest.raises(InputError) as error:
        check_off(cfg, OFF, 'nothing is ranked', otherwise)
    assert str(error.value) == f'midattr.query_expansion is 4, but nothing is ranked; {remedy}'
