import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from midattr_plugin.models.parts import pool_parts


def reference(maps):
    """Maxima over the rows of each quarter, row by row and number by number."""
    num_images, num_channels, height, width = maps.shape
    result = torch.full((num_images, 4, num_channels), -torch.inf)
    for i in range(4):
        first, last = height * i // 4, -(-height * (i + 1) // 4)
        for b in range(num_images):
            for c in range(num_channels):
                for row in range(first, last):
                    for column in range(width):
                        value = maps[b, c, row, column]
                        result[b, i, c] = max(result[b, i, c], value)
    return result


@settings(deadline=None, max_examples=30)
@given(height=st.integers(1, 17), width=st.integers(1, 4), seed=st.integers(0, 999))
def test_equals_plain_loops(height, width, seed):
    maps = torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(pool_parts(maps), reference(maps))


def test_seven_rows_by_hand():
    """The rows 0-1, 1-3, 3-5 and 5-6 of res5c at 224 x 224."""
    maps = torch.tensor([9.0, 0, 1, 5, 2, 3, 4]).reshape(1, 1, 7, 1)
    assert pool_parts(maps).tolist() == [[[9], [5], [5], [4]]]
    maps = torch.tensor([0.0, 7, 1, 2, 3, 8, 4]).reshape(1, 1, 7, 1)
    assert pool_parts(maps).tolist() == [[[7], [7], [8], [8]]]


def test_parts_come_from_the_top():
    maps = torch.arange(8.0).reshape(1, 1, 8, 1).expand(1, 2, 8, 5)
    assert pool_parts(maps).tolist() == [[[1, 1], [3, 3], [5, 5], [7, 7]]]


def test_gradient_goes_to_the_maximum_alone():
    maps = torch.tensor([1.0, 2, 4, 3, 5, 6, 8, 7]).reshape(1, 1, 8, 1).requires_grad_()
    pool_parts(maps).sum().backward()
    assert maps.grad.flatten().tolist() == [0, 1, 1, 0, 0, 1, 1, 0]


def test_no_images():
    assert pool_parts(torch.zeros(0, 3, 8, 4)).shape == (0, 4, 3)
