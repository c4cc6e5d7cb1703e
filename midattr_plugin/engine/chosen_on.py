"""On what a checkpoint was chosen among the epochs of its training.

The score of a model is too high on images on which it was chosen.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

TEST = 'test'
HELD_OUT = 'held-out identities'
VALIDATION = 'validation images'
UNKNOWN = 'unknown'

IMAGES = {
    TEST: 'the test images',
    HELD_OUT: 'the held-out identities',
    VALIDATION: 'the validation images',
    UNKNOWN: 'images that are not known',
}
"""What the best epoch is chosen on -> that in words."""


def chosen_on(checkpoint: Mapping[str, Any], path: str | Path) -> str | None:
    """Return on what a checkpoint was chosen; None if its epoch was not chosen by a score.

    Args:
        checkpoint: its content.
        path: of its file, whose name tells for a file that does not say so itself, of an earlier
            version or of torchreid.

    Returns:
        ``TEST``, ``HELD_OUT``, ``VALIDATION``, ``UNKNOWN`` or None.
    """
    if 'chosen_on' in checkpoint:
        return checkpoint['chosen_on']
    return UNKNOWN if '-best' in Path(path).name else None


def choice_note(chosen: str | None, subject: str = 'this checkpoint') -> str:
    """Return the note that belongs to scores of a checkpoint; '' if there is nothing to say.

    Args:
        chosen: from :func:`chosen_on`.
        subject: the checkpoint, in words.
    """
    remedy = (
        'test -last, or choose on midattr.validation_identities (without identities: on images of '
        'the split val)'
    )
    if chosen == TEST:
        return (
            f'Note: {subject} was chosen on the test images, so that its score there is too high; '
            f'{remedy}'
        )
    if chosen == UNKNOWN:
        return (
            f'Note: it is unknown on what {subject} was chosen, but probably on the test images, '
            f'so that its score there is too high; {remedy}'
        )
    return ''
