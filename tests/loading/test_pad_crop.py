import pytest
import torch
from torchvision.transforms.functional import pad

from midattr_plugin.loading.pad_crop import pad_crop, padding

H, W = 48, 24
PADDING = 2


@pytest.mark.parametrize('width, pixels', [(128, 10), (64, 5), (256, 20), (24, 2), (32, 2), (1, 1)])
def test_padding_is_a_share_of_the_width(width, pixels):
    """The same share of a person is moved, whatever the size of the image."""
    assert padding(width) == pixels


def test_each_image_is_a_crop_of_the_padded_one_and_all_crops_are_drawn():
    torch.manual_seed(0)
    image = torch.randint(1, 256, (H, W, 3), dtype=torch.uint8)  # black is the padding alone
    padded = pad(image.permute(2, 0, 1), [PADDING]).permute(1, 2, 0)
    corners = {
        padded[top : top + H, left : left + W].contiguous().numpy().tobytes(): (top, left)
        for top in range(2 * PADDING + 1)
        for left in range(2 * PADDING + 1)
    }
    drawn = [corners[x.numpy().tobytes()] for x in pad_crop(image.repeat(3000, 1, 1, 1))]
    for side in range(2):
        counts = torch.bincount(torch.tensor([corner[side] for corner in drawn]))
        assert len(counts) == 2 * PADDING + 1
        assert 500 < counts.min() and counts.max() < 700  # 600 on average


def test_an_image_lower_than_the_padding_may_be_gone():
    torch.manual_seed(0)
    moved = pad_crop(torch.full((200, 3, 128, 3), 255, dtype=torch.uint8))
    sums = moved.flatten(1).sum(1)
    assert moved.shape == (200, 3, 128, 3) and (sums == 0).any() and (sums > 0).any()


def test_no_image():
    assert pad_crop(torch.empty(0, H, W, 3, dtype=torch.uint8)).shape == (0, H, W, 3)
