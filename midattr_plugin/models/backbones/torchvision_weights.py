"""torchvision's pretrained weights by name."""

import torch
import torchvision
from torch import Tensor

from midattr_plugin.errors import InputError
from midattr_plugin.models.backbones.weights_file import REMEDY, reason

_OLDEST = 'IMAGENET1K_V1'


def download_weights(network: str, weights: str) -> dict[str, Tensor]:
    """Return the state dict of a pretrained network of torchvision.

    It is downloaded once and kept where PyTorch keeps such files
    (``$TORCH_HOME/hub/checkpoints``).

    Args:
        network: its name in torchvision.
        weights: torchvision's name for the weights.

    Raises:
        InputError: the weights are unknown or cannot be had.
    """
    available = torchvision.models.get_model_weights(network)
    if weights not in available.__members__:
        raise InputError(
            f'midattr.weights: torchvision has no weights "{weights}" for '
            f'{network}; choose from {", ".join(available.__members__) or "none"}'
        )
    entry = available[weights]
    try:
        return entry.get_state_dict(
            progress=True, check_hash=True, weights_only=True, map_location='cpu'
        )
    except Exception as error:  # the network, the disk and torch.load raise many types
        # ``from None``: the stack of urllib says nothing that the sentence does not.
        raise InputError(
            f"torchvision's weights {entry} could neither be downloaded from "
            f'{entry.url} nor read in {torch.hub.get_dir()}/checkpoints '
            f'({reason(error)}); {REMEDY}'
        ) from None


def default_weights(network: str) -> str:
    """Return the name of the weights of a network of torchvision if nobody names others.

    Not torchvision's own DEFAULT, which a later version may change: IMAGENET1K_V1, that of the time
    of the paper, or else the first.

    Args:
        network: its name in torchvision.
    """
    names = list(torchvision.models.get_model_weights(network).__members__)
    return _OLDEST if _OLDEST in names else names[0]
