"""Reading of an image file, with an error that names a broken one."""

from PIL import Image

from midattr_plugin.errors import InputError


def read_image(path: str) -> Image.Image:
    """Return the image at ``path`` in RGB.

    Use it instead of torchreid's function, which retries a truncated file forever.

    Raises:
        InputError: the file is missing or broken.
    """
    try:
        with Image.open(path) as image:
            return image.convert('RGB')
    except FileNotFoundError:
        raise InputError(
            f'image "{path}" is missing; check the path, or unpack the dataset again'
        ) from None
    except (OSError, EOFError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(
            f'image "{path}" is truncated or not an image ({error}); unpack the dataset again'
        ) from error
