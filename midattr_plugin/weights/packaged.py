"""Where the weights are that come with the package.

They were trained on nothing but rendered people, so that they belong to no one and may be handed
out. Their card, ``street.md`` beside them, says how they were made and how well they do.
"""

from pathlib import Path

from midattr_plugin.errors import InputError

_FOLDER = Path(__file__).parent
_NAME = 'street'


def packaged_weights() -> Path:
    """Return the path of the checkpoint that comes with the package.

    Raises:
        InputError: this installation lacks it.
    """
    path = _FOLDER / f'{_NAME}.pth'
    if not path.is_file():
        raise InputError(
            f'"{path}", the weights that come with this package, is missing; install the package '
            'again, or give weights of your own as --weights'
        )
    return path


def packaged_card() -> str:
    """Return what is to be known about these weights, as Markdown.

    Raises:
        InputError: this installation lacks it.
    """
    path = _FOLDER / f'{_NAME}.md'
    if not path.is_file():
        raise InputError(
            f'"{path}", the card of the weights of this package, is missing; install the package '
            'again'
        )
    return path.read_text(encoding='utf-8')
