import pytest
import torch

from helpers import tiny_engine
from helpers.fake_market import write_market_tree
from helpers.tiny_run import arguments
from midattr_plugin.config import parse_config
from midattr_plugin.engine.image_copies import join_copies
from midattr_plugin.train import main


def test_copies_have_the_labels_of_their_image():
    images = torch.arange(2.0).view(2, 1, 1, 1)
    data = {
        'img': [images, images + 10],
        'pid': torch.tensor([7, 8]),
        'attrs': torch.tensor([[1, 2, 3], [4, 5, 6]]),
        'impath': ['a', 'b'],
    }
    joined = join_copies(data)
    assert joined['img'].flatten().tolist() == [0, 1, 10, 11]
    assert joined['pid'].tolist() == [7, 8, 7, 8]
    assert joined['attrs'].tolist() == [[1, 2, 3], [4, 5, 6]] * 2
    assert len(data['img']) == 2 and len(data['pid']) == 2


def test_single_images_stay():
    data = {'img': torch.zeros(2, 3, 4, 4), 'pid': torch.zeros(2)}
    assert join_copies(data) is data


def test_a_step_on_copies_is_one_on_a_batch_of_them(tmp_path):
    write_market_tree(tmp_path)
    engine = tiny_engine.build(tmp_path)
    data = tiny_engine.batch(engine)
    twice = {**data, 'img': [data['img'], data['img'].flip(3)]}
    images, pids, attrs = engine.parse_data_for_train(twice)
    assert torch.equal(images, torch.cat([data['img'], data['img'].flip(3)]))
    assert torch.equal(pids, data['pid'].repeat(2))
    single = engine.parse_data_for_train(data)[2]
    assert torch.equal(attrs, torch.cat([single, single]))


@pytest.mark.parametrize(
    'pairs',
    [
        [],
        ['midattr.cache', 'ram'],
        ['model.name', 'midattr_tiny', 'loss.name', 'softmax'],
        [
            *('model.name', 'midattr_tiny', 'loss.name', 'triplet', 'loss.triplet.weight_x', 1),
            *('sampler.train_sampler', 'RandomIdentitySampler', 'sampler.num_instances', 2),
        ],
    ],
)
def test_every_engine_trains_on_copies(tmp_path, pairs, capsys):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    line = arguments(tmp_path, 'data.k_tfm', 2, 'train.max_epoch', 1, *pairs)
    assert parse_config(line).data.k_tfm == 2
    assert main(line) == 0, capsys.readouterr().err
