"""Maps drawn over the picture: red speaks for the class that is answered, blue against it."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from midattr_plugin.errors import InputError

_HEIGHT, _CAPTION, _GAP = 192, 30, 6  # pixels
_COLORS = 'RdBu_r'


def overlay(image: Image.Image, values: NDArray[np.floating]) -> Image.Image:
    """Return the image with a map over it, as transparent as the map is weak.

    Args:
        image: RGB, of any size.
        values: (h, w); 0 is transparent, the largest magnitude opaque.
    """
    scale = float(np.abs(values).max()) or 1.0
    scaled = Image.fromarray((values / scale).astype(np.float32), 'F')
    large = np.asarray(scaled.resize(image.size, Image.Resampling.BICUBIC)).clip(-1, 1)
    colors = matplotlib.colormaps[_COLORS]((large + 1) / 2)[..., :3] * 255
    opacity = 0.85 * np.abs(large)[..., None]
    gray = np.asarray(image.convert('L'), dtype=np.float32)[..., None]
    mixed = (1 - opacity) * gray + opacity * colors
    return Image.fromarray(mixed.round().astype(np.uint8))


def draw_maps(
    image: Image.Image, maps: Mapping[str, NDArray[np.floating]], answers: Sequence[str]
) -> Image.Image:
    """Return a strip: the picture, then one for each attribute with its map, and captions.

    Args:
        image: of one person.
        maps: attribute -> (h, w), what speaks for its answer.
        answers: what stands below each attribute, e.g. 'yes 87 %', in the order of ``maps``.

    Raises:
        InputError: there is no map.
    """
    if not maps:
        raise InputError('there are no maps to draw; name an attribute of the model')
    width = max(round(_HEIGHT * image.width / image.height), 1)
    picture = image.convert('RGB').resize((width, _HEIGHT), Image.Resampling.BICUBIC)
    font = ImageFont.load_default(11)
    captions = [('', ''), *zip(maps, answers, strict=True)]
    pictures = [picture, *(overlay(picture, values) for values in maps.values())]
    column = _GAP + max(
        [width, *(round(font.getlength(text)) for caption in captions for text in caption)]
    )
    strip = Image.new('RGB', (column * len(pictures), _HEIGHT + _CAPTION), 'white')
    draw = ImageDraw.Draw(strip)
    for number, (shown, caption) in enumerate(zip(pictures, captions, strict=True)):
        strip.paste(shown, (column * number, 0))
        for line, text in enumerate(caption):
            draw.text((column * number, _HEIGHT + 14 * line), text, 'black', font)
    return strip
