"""Small pictures inside a page."""

import base64
import io

from PIL import Image

SIZE = (96, 160)
"""Width and height of a thumbnail in pixels, at most."""


def thumbnail(image: Image.Image) -> str:
    """Return a small JPEG of an image, as a data URL."""
    small = image.convert('RGB')
    small.thumbnail(SIZE)
    buffer = io.BytesIO()
    small.save(buffer, 'JPEG', quality=80)
    return 'data:image/jpeg;base64,' + base64.b64encode(buffer.getvalue()).decode()
