import numpy as np
import pytest
import torch
from PIL import Image

from midattr_plugin.loading.policies import POLICIES, BatchPolicy


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (12, 32, 16, 3), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize('name', POLICIES)
def test_chosen_images_are_those_of_torchvision(images, name):
    torch.manual_seed(3)
    is_chosen = torch.rand(12) < 0.5
    policy = POLICIES[name]()
    expected = [
        np.asarray(policy(Image.fromarray(image.numpy()))) if chosen else image.numpy()
        for image, chosen in zip(images, is_chosen.tolist(), strict=True)
    ]
    torch.manual_seed(3)
    result = BatchPolicy(POLICIES[name](), 0.5)(images.clone())
    assert np.array_equal(result.numpy(), np.stack(expected))
    changed = (result != images).flatten(1).any(1)
    assert changed.any() and not changed[~is_chosen].any()


def test_a_probability_of_0_or_1(images):
    seen = []

    def count(picture):
        seen.append(picture)
        return picture

    assert torch.equal(BatchPolicy(count, 0.0)(images.clone()), images)
    assert not seen
    assert torch.equal(BatchPolicy(count, 1.0)(images.clone()), images)
    assert len(seen) == len(images)


def test_no_image():
    assert BatchPolicy(POLICIES['auto_augment'](), 1.0)(torch.empty(0, 4, 2, 3)).shape == (
        0,
        4,
        2,
        3,
    )
