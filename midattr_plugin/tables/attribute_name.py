"""Names that a column of attributes cannot have, as something else is called so already."""

from torch import nn

from midattr_plugin.errors import InputError

_TERMS = frozenset({'global', 'local', 'fused', 'attributes', 'average'})  # of losses and scores
COLUMNS = frozenset(
    {
        *('row', 'path', 'frame', 'track', 'left', 'top', 'width', 'height'),
        *('first_frame', 'last_frame', 'images'),
    }
)
"""Columns of predictions beside the attributes."""
_ENDING = '_probability'


def check_attribute_name(name: str, where: str) -> None:
    """Check that an attribute of this name can be learned, scored and predicted.

    Args:
        name: of the attribute.
        where: what names it, for the message.

    Raises:
        InputError: it cannot.
    """
    if name in _TERMS or name.startswith('triplet_'):
        reason = 'is the name of another loss or score'
    elif name in COLUMNS or name.endswith(_ENDING):
        reason = 'is the name of another column of predictions'
    elif hasattr(nn.ModuleDict(), name):
        reason = 'is a name that PyTorch needs'
    elif '.' in name or '=' in name or not name.isprintable():
        reason = 'has a ".", a "=" or a character that cannot be printed in it'
    else:
        return
    shown = name if name.isprintable() else repr(name)[1:-1]
    raise InputError(f'{where}: an attribute cannot be called "{shown}", which {reason}; rename it')
