import pytest
import torch
from PIL import Image
from torchvision.transforms import RandomApply, RandomCrop

from midattr_plugin import torchreid_compat
from midattr_plugin.loading.added_transforms import ADDED, add_transforms, batch_steps

H, W = 32, 16


def built(names, probability=1.0):
    transform, _ = torchreid_compat.data.transforms.build_transforms(H, W, names)
    add_transforms(transform, names, H, W, probability)
    return transform


def test_they_stand_between_resize_and_torchreids_others():
    kinds = [
        type(step).__name__ for step in built(['random_flip', 'Pad_Crop', 'aug_mix']).transforms
    ]
    assert kinds == [
        'Resize',
        'RandomApply',
        'RandomCrop',
        'RandomHorizontalFlip',
        'ToTensor',
        'Normalize',
    ]
    plain, _ = torchreid_compat.data.transforms.build_transforms(H, W, ['random_flip'])
    assert [*map(type, built(['random_flip']).transforms)] == [*map(type, plain.transforms)]


def test_their_options_are_those_of_the_keys():
    _, policy, crop, *_ = built(['auto_augment', 'pad_crop'], 0.1).transforms
    assert isinstance(policy, RandomApply) and policy.p == 0.1
    assert isinstance(crop, RandomCrop) and (crop.size, crop.padding) == ((H, W), 1)  # 10 of 128


@pytest.mark.parametrize('name', ADDED)
def test_an_image_and_a_batch_keep_their_shapes(name):
    torch.manual_seed(0)
    picture = Image.effect_noise((40, 80), 100).convert('RGB')
    assert built([name])(picture).shape == (3, H, W)
    (step,) = batch_steps([name.upper()], 1.0)
    batch = torch.randint(256, (4, H, W, 3), dtype=torch.uint8)
    changed = step(batch.clone())
    assert changed.shape == batch.shape and changed.dtype == torch.uint8
    assert not torch.equal(changed, batch)
