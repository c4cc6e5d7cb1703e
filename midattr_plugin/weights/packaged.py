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
    return _existing('.pth', 'weights', ', or give weights of your own as --weights')


def packaged_card() -> str:
    """Return what is to be known about these weights, as Markdown.

    Raises:
        InputError: this installation lacks it.
    """
    return _existing('.md', 'card of the weights').read_text(encoding='utf-8')


def _existing(ending: str, what: str, otherwise: str = '') -> Path:
    path = _FOLDER / f'{_NAME}{ending}'
    if not path.is_file():
        raise InputError(
            f'"{path}", the {what} that come with this package, is missing; install the package '
            f'again{otherwise}'
        )
    return path
