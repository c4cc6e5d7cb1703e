"""Names of images in the layout of Market-1501 and DukeMTMC-reID."""

import os
import re

from midattr_plugin.errors import InputError

IMAGE_NAME = re.compile(r'(?P<identity>-?\d+)_c(?P<camera>\d+)')
"""Beginning of a name: '0002_c1s1_000451_03.jpg' is identity 2, camera 1; '-1' is junk.

Numbers are read whole: torchreid's pattern reads camera 1 in '0002_c12s1_000451_03.jpg'.
"""

FOLDER_LIKE_NAME = re.compile(r'[-\d]_c(?P<camera>\d).*[/\\]')
"""A path of whose folders torchreid's pattern reads the identity and the camera."""


def folder_like_name(path: str) -> InputError:
    """Return the error for an image of whose folder identity and camera are read."""
    return InputError(
        f'folder "{os.path.dirname(path)}" has a name like those of images (<number>_c<digit>), '
        'which torchreid reads instead of theirs; rename it'
    )
