"""Options of the network that cannot be used, and what is said then."""

import pytest

from helpers.tiny_model import build
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.errors import InputError


@pytest.mark.parametrize('branches', [(), ('global', 'global'), ('upper',), ('local', 'upper')])
def test_branches_that_cannot_be_used(branches):
    with pytest.raises(InputError, match='midattr.branches: .* choose global, local or both'):
        build(branches=branches)


def test_order_of_the_branches_does_not_matter():
    assert list(build(branches=['local', 'global']).descriptor_slices) == ['global', 'local']


@pytest.mark.parametrize(
    'options, key',
    [
        ({'loss': 'center'}, 'loss.name: .*softmax, triplet, midattr'),
        ({'descriptor': 'both'}, 'midattr.descriptor: .*fused, global, local'),
        ({'schema': MARKET1501, 'attribute_layer': 'layer2'}, 'midattr.attribute_layer'),
        ({'layer_overrides': ['age=res4f']}, 'midattr.layer_overrides: .*out of none'),
        (
            {'schema': MARKET1501, 'layer_overrides': ['age=pool5'], 'branches': ['local']},
            'midattr.layer_overrides: pool5',
        ),
        ({'classifier': 'arcface'}, 'midattr.classifier: "arcface" .* choose from linear, cosine'),
        ({'classifier': 'cosine'}, 'midattr.classifier: cosine needs the loss.name midattr, '),
        ({'non_local': ['pool5']}, 'no block can stand behind "pool5"; choose from res3d, res4f'),
        ({'part_dim': 0}, 'midattr.part_dim'),
        ({'last_stride': 4}, 'midattr.last_stride'),
        ({'schema': MARKET1501, 'layer_overrides': ['age=mixtures']}, 'midattr.layer_overrides'),
        ({'backbone': 'resnet20'}, 'model.name: unknown backbone "resnet20"; .*resnet34, resnet50'),
    ],
)
def test_options_that_cannot_be_used(options, key):
    with pytest.raises(InputError, match=key) as error:
        build(**options)
    assert '\n' not in str(error.value)
