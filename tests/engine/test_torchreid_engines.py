"""torchreid's triplet engine with our triplet loss."""

import pytest
import torch

from helpers import tiny_data
from helpers.fake_market import write_market_tree
from midattr_plugin import torchreid_compat
from midattr_plugin.engine import ENGINES
from midattr_plugin.errors import InputError
from midattr_plugin.losses import BatchHardTripletLoss


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('data')
    write_market_tree(root, train_ids=(2, 7, 10, 11), test_ids=(1, 3))
    return root


def built(kind, root, **options):
    torch.manual_seed(0)
    datamanager = tiny_data.manager(root, 'market1501')
    model = torchreid_compat.models.build_model('osnet_x0_25', 4, loss='triplet', pretrained=False)
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    return kind(datamanager, model, optimizer, margin=0.7, use_gpu=False, **options)


def data():
    return {'img': torch.rand(8, 3, 32, 16), 'pid': torch.arange(8) // 2}


def test_a_step_equals_torchreids(root):
    results = []
    for kind in (ENGINES['triplet', 'image'], torchreid_compat.ImageTripletEngine):
        engine = built(kind, root)
        torch.manual_seed(1)
        results.append((engine.forward_backward(data()), engine.model.state_dict()))
    (summary, weights), (expected, expected_weights) = results
    assert summary == expected
    for name, value in weights.items():
        torch.testing.assert_close(value, expected_weights[name], rtol=0, atol=1e-5)


@pytest.mark.parametrize('media', ['image', 'video'])
def test_the_loss_is_ours(root, media):
    engine = built(ENGINES['triplet', media], root)
    assert isinstance(engine.criterion_t, BatchHardTripletLoss) and engine.criterion_t.margin == 0.7


def test_one_identity(root):
    engine, one = built(ENGINES['triplet', 'image'], root), data() | {'pid': torch.ones(8).long()}
    with pytest.raises(InputError, match='a batch of 8 images of one identity has no triplet'):
        engine.forward_backward(one)
    softmax_only = built(ENGINES['triplet', 'image'], root, weight_t=0)
    assert 'loss_t' not in softmax_only.forward_backward(one)
