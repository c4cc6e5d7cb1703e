import pytest
import torch

from midattr_plugin.errors import InputError
from midattr_plugin.models.part_branch import PartReduction


@torch.no_grad()
@pytest.mark.parametrize('rows', [1, 7, 8])
def test_equals_convolution_before_pooling(rows):
    """The paper's order of the two, with the mean of each row taken in a plain loop."""
    torch.manual_seed(0)
    reduction = PartReduction(6, part_dim=5, part_rows=rows).double()
    torch.nn.init.normal_(reduction.conv.bias)
    maps = torch.randn(2, 6, rows, 4, dtype=torch.float64)
    convolved = reduction.conv(maps)  # (2, 5, rows, 4)
    expected = [
        [convolved[b, d, r].sum() / 4 for d in range(5) for r in range(rows)] for b in range(2)
    ]
    torch.testing.assert_close(reduction(maps), torch.tensor(expected, dtype=torch.float64))


def test_maps_of_another_height_are_averaged_into_the_rows():
    reduction = PartReduction(1, part_dim=1, part_rows=2)
    reduction.conv.weight.data.fill_(1)
    maps = torch.tensor([1.0, 3, 5, 9]).reshape(1, 1, 4, 1).expand(1, 1, 4, 3)
    assert reduction(maps).tolist() == [[2, 7]]


def test_initial_scale_is_kept():
    torch.manual_seed(0)
    vectors = torch.randn(64, 512, 8, 1)
    spread = PartReduction(512, part_dim=64, part_rows=8)(vectors).std().item()
    assert spread == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize('sizes', [(0, 8), (256, 0)])
def test_nothing_left_is_refused(sizes):
    with pytest.raises(InputError, match='midattr.part_dim .* midattr.part_rows'):
        PartReduction(512, *sizes)
