import pytest
import torch

from midattr_plugin.engine.averaged_weights import AveragedWeights


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)
        self.half = torch.nn.Linear(2, 2).bfloat16()
        self.norm = torch.nn.BatchNorm1d(2)


def disturb(net):
    """Change every entry, as a step of training does."""
    with torch.no_grad():
        for value in net.state_dict().values():
            if value.is_floating_point():
                value += torch.randn(value.shape)
            else:
                value += 1


def copied(state):
    return {name: value.clone() for name, value in state.items()}


@pytest.mark.parametrize('decay', [0.05, 0.7, 0.999])
def test_it_is_the_average_of_all_steps_with_decaying_weights(decay):
    torch.manual_seed(0)
    net, averaged = Net(), AveragedWeights(decay)
    averaged.follow(net)
    history = []
    for _ in range(12):
        disturb(net)
        averaged.update()
        history.append(copied(net.state_dict()))
    decays = [0.0, *(min(decay, (1 + n) / (10 + n)) for n in range(1, 12))]
    result = averaged.state_dict(net)
    assert list(result) == list(net.state_dict()) and averaged.steps == 12
    for name, value in result.items():
        if name == 'norm.num_batches_tracked':
            assert value == 12
            continue
        expected = torch.zeros_like(value, dtype=torch.float64)
        for step, state in enumerate(history):
            weight = 1 - decays[step]
            for later in decays[step + 1 :]:
                weight *= later
            expected += weight * state[name].double()
        assert value.dtype == net.state_dict()[name].dtype
        tolerance = 0.1 if value.dtype == torch.bfloat16 else 1e-5
        torch.testing.assert_close(value.double(), expected, atol=tolerance, rtol=0)


def test_the_weights_come_back_bit_for_bit_even_after_an_error():
    torch.manual_seed(0)
    net, averaged = Net(), AveragedWeights(0.9)
    averaged.follow(net)
    for _ in range(3):
        disturb(net)
        averaged.update()
    weights, average = copied(net.state_dict()), copied(averaged.state_dict(net))
    with pytest.raises(ZeroDivisionError), averaged.in_place_of_weights(net):
        assert all(torch.equal(x, average[name]) for name, x in net.state_dict().items())
        raise ZeroDivisionError
    assert all(torch.equal(x, weights[name]) for name, x in net.state_dict().items())
    assert all(torch.equal(x, average[name]) for name, x in averaged.state_dict(net).items())


def test_a_restored_average_goes_on_as_it_was():
    torch.manual_seed(0)
    net, averaged = Net(), AveragedWeights(0.9)
    averaged.follow(net)
    disturb(net)
    averaged.update()
    other, restored = Net(), AveragedWeights(0.9)
    other.load_state_dict(averaged.state_dict(net))
    restored.load(other, averaged.steps)
    other.load_state_dict(net.state_dict())
    restored.follow(other)
    for _ in range(3):
        disturb(net)
        other.load_state_dict(net.state_dict())
        averaged.update()
        restored.update()
    expected = averaged.state_dict(net)
    assert all(torch.equal(x, expected[name]) for name, x in restored.state_dict(other).items())


def test_buffers_are_told_from_parameters():
    net, averaged = Net(), AveragedWeights(0.9)
    averaged.follow(net)
    assert len(averaged.averaged_buffers(net)) == 2  # mean and variance
