"""Reading of an image file: one function for training, tests, trained models and drawings.

What cameras and tools write is turned into the 8-bit RGB pixels that a viewer shows, with three
decisions: what is transparent lies on black, of an animation only the first frame is read, and
color profiles are not applied, as no pretrained network was trained with them.
"""

import contextlib
import os

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from midattr_plugin.errors import InputError

_HEIC_BRANDS = (b'heic', b'heix', b'hevc', b'heim', b'heis', b'mif1', b'msf1')


def read_image(path: str | os.PathLike) -> Image.Image:
    """Return the image at ``path`` in RGB, upright as its EXIF orientation says.

    Use it instead of torchreid's function, which retries a truncated file forever.

    Raises:
        InputError: the file is missing, broken, or of a kind whose range of values is unknown.
    """
    if isinstance(path, (str, os.PathLike)):
        path = os.path.expanduser(path)
    elif not hasattr(path, 'read'):
        raise InputError(f'read_image takes the path of a file, not a {type(path).__name__}')
    try:
        with Image.open(path) as image:
            image.load()
            return _upright_rgb(image, path)
    except FileNotFoundError:
        raise InputError(
            f'image "{path}" is missing; check the path, or unpack the dataset again'
        ) from None
    except InputError:
        raise
    except Exception as error:  # Pillow raises a dozen types for a damaged file
        raise _unreadable(path, error) from error


def upright_rgb(image: Image.Image) -> Image.Image:
    """Return an image that is opened already as :func:`read_image` would; it is not changed.

    Raises:
        InputError: the range of its values is unknown.
    """
    copied = image.copy()
    copied.format = image.format
    return _upright_rgb(copied, getattr(image, 'filename', ''))


def _upright_rgb(image: Image.Image, path: str | os.PathLike) -> Image.Image:
    # a damaged EXIF block fails before or after the pixels are turned; both may stay
    with contextlib.suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)
    rgb = _to_rgb(image, path)
    rgb.info.clear()  # or it might be turned again
    return rgb


def _unreadable(path: str | os.PathLike, error: Exception) -> InputError:
    number = getattr(error, 'errno', None)  # the system's errors have one, Pillow's do not
    if number is not None and not isinstance(error, IsADirectoryError):
        reason = os.strerror(number)
        return InputError(f'image "{path}" cannot be read ({reason}); check disk and permissions')
    if isinstance(error, UnidentifiedImageError) and _is_heic(path):
        return InputError(f'image "{path}" is a HEIC photo; convert it to JPEG')
    reason = ' '.join(str(error).split()) or type(error).__name__
    return InputError(
        f'image "{path}" is truncated or not an image ({reason}); unpack the dataset again'
    )


def _to_rgb(image: Image.Image, path: str | os.PathLike) -> Image.Image:
    if image.mode.startswith('I;16') or (image.mode == 'I' and image.format == 'PNG'):
        # Pillow would clip at 255; the high byte is what it keeps of 16-bit colors
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert('RGB')
    if image.mode in ('I', 'F'):
        raise InputError(
            f'image "{path}" has 32 bits per pixel, whose range is unknown; convert it to 8 bits'
        )
    if image.has_transparency_data:
        rgba = image.convert('RGBA')
        black = Image.new('RGB', image.size)
        black.paste(rgba, mask=rgba.getchannel('A'))
        return black
    return image.convert('RGB')


def _is_heic(path: str | os.PathLike) -> bool:
    with open(path, 'rb') as file:
        head = file.read(12)
    return head[4:8] == b'ftyp' and head[8:] in _HEIC_BRANDS
