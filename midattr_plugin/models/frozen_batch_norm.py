"""Batch normalization that training does not change (``midattr.freeze_bn``).

Fine-tuning in Caffe did this at batches of 16: statistics, scales and shifts stay those of the
pretrained network. Layers in eval mode would not do, as torchreid puts all layers in train mode and
makes all parameters trainable at the start of each epoch; so here there are only buffers.
torchvision's ``FrozenBatchNorm2d`` has these, too, but turns maps of 16 bits into float32.
"""

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from midattr_plugin.errors import InputError

_KINDS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
_NAMES = ('weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked')


class FrozenBatchNorm(nn.Module):
    """A batch normalization in test mode, whatever mode the model is in.

    Its state dict has the names of the layer that it replaces, so that checkpoints with frozen and
    with trained batch normalization load into each other.

    Args:
        layer: what it computes in test mode, with running statistics.
    """

    weight: Tensor | None
    bias: Tensor | None
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, layer: _BatchNorm):
        super().__init__()
        self.eps = layer.eps
        for name in _NAMES:
            value = getattr(layer, name)
            self.register_buffer(name, None if value is None else value.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` (B, C, ...), normalized by the frozen statistics, in its own format."""
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )

    def extra_repr(self) -> str:
        """Return the number of channels and eps, for ``print``."""
        return f'{len(self.running_mean)}, eps={self.eps}'


def freeze_batch_norm(module: nn.Module, name: str = '') -> nn.Module:
    """Return ``module`` with all its batch normalization frozen as it is now.

    Args:
        module: changed in place, unless it is itself a batch normalization.
        name: of the module, for the message.

    Raises:
        InputError: the module has a batch normalization of another kind.
    """
    if isinstance(module, _BatchNorm):
        if type(module) not in _KINDS or module.running_mean is None:
            raise InputError(
                f'midattr.freeze_bn: the layer "{name}" is a {type(module).__name__} that this '
                'project cannot freeze; make it a BatchNorm1d, BatchNorm2d or BatchNorm3d with '
                'running statistics, or set the key to False'
            )
        return FrozenBatchNorm(module)
    for child_name, child in module.named_children():
        path = f'{name}.{child_name}' if name else child_name
        setattr(module, child_name, freeze_batch_norm(child, path))
    return module


def check_frozen(model: nn.Module) -> None:
    """Check that frozen statistics were learned once, before a model is trained.

    Args:
        model: any model.

    Raises:
        InputError: a frozen layer has those of a new layer, which normalize nothing.
    """
    frozen = {
        name: layer for name, layer in model.named_modules() if isinstance(layer, FrozenBatchNorm)
    }
    new = [
        name
        for name, layer in frozen.items()
        if (layer.running_mean == 0).all() and (layer.running_var == 1).all()
    ]
    if new:
        raise InputError(
            f'midattr.freeze_bn is True, but {len(new)} of the {len(frozen)} layers of batch '
            f'normalization have no statistics to keep (first: {new[0]}); start from '
            'model.pretrained True or from a file that has them (model.load_weights), or set '
            'midattr.freeze_bn False'
        )
