"""Networks that are asked for and cannot be had."""

import pytest

from midattr_plugin import torchreid_compat
from midattr_plugin.config import load_config
from midattr_plugin.errors import InputError
from midattr_plugin.models import MODELS
from midattr_plugin.models.backbones.refused import why_not


def test_every_model_of_torchreid_has_ours_or_a_reason():
    names = [name for name in torchreid_compat.model_names() if not name.startswith('midattr_')]
    assert len(names) >= 40
    for name in names:
        assert (f'midattr_{name}' in MODELS) != bool(why_not(f'midattr_{name}')), name


@pytest.mark.parametrize(
    'name, remedy',
    [
        ('midattr_hacnn', 'midattr_osnet_x0_5'),
        ('midattr_hacnn_market_duke', 'midattr_osnet_x0_5'),
        ('midattr_resnet50_fc512_market', 'midattr_resnet50_market'),
        ('midattr_vit_b_16', 'midattr_convnext_tiny'),
        ('midattr_swin_t_market', 'midattr_convnext_tiny'),
    ],
)
def test_the_sentence_says_why_and_what_to_take(name, remedy):
    with pytest.raises(InputError) as error:
        load_config(opts=['model.name', name])
    text = str(error.value)
    assert '\n' not in text and 'that is not possible: it' in text
    assert f'choose {remedy}' in text and remedy in MODELS


def test_unknown_names_are_not_listed_one_by_one():
    with pytest.raises(InputError) as error:
        load_config(opts=['model.name', 'midattr_osnet'])
    text = str(error.value)
    assert '`midattr-train --models` lists (did you mean midattr_osnet_x1_0 or ' in text
    assert len(text) < 400


@pytest.mark.parametrize('name', ['resnet50', 'midattr_resnet50', 'midattr_vita', 'nonsense', ''])
def test_others_have_no_reason(name):
    assert why_not(name) == ''
