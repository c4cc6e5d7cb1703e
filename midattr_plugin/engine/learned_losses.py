"""Parameters of the criterion, such as learned weights of the losses, in training."""

import torch
from torch import nn

from midattr_plugin.distributed import sum_over_processes, world_size


def check_optimized(parameters: list[nn.Parameter], optimizer: torch.optim.Optimizer) -> None:
    """Check that an optimizer trains the parameters of a criterion.

    Args:
        parameters: of the criterion.
        optimizer: of the model.

    Raises:
        ValueError: it lacks one of them.
    """
    optimized = {id(p) for group in optimizer.param_groups for p in group['params']}
    if any(id(parameter) not in optimized for parameter in parameters):
        raise ValueError(
            'the optimizer lacks parameters of the criterion: call optimizer.add_param_group for '
            'each of criterion.param_groups()'
        )


def average_before_steps(parameters: list[nn.Parameter], optimizer: torch.optim.Optimizer) -> None:
    """Average their gradients over the processes, which average those of the model only.

    Args:
        parameters: of the criterion.
        optimizer: of these parameters, too.
    """

    def average(*_) -> None:
        # A parameter may have a gradient in some processes only, e.g. where a label is known.
        has_gradient = torch.tensor(
            [parameter.grad is not None for parameter in parameters], dtype=torch.float32
        ).to(parameters[0].device)
        for parameter, count in zip(
            parameters, sum_over_processes(has_gradient).tolist(), strict=True
        ):
            if count:
                mine = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
                parameter.grad = sum_over_processes(mine) / world_size()

    if parameters and world_size() > 1:
        optimizer.register_step_pre_hook(average)
