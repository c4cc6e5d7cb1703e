"""Damaged image files."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.mutations import check_mutations, mutated_bytes
from midattr_plugin.datasets.image_file import read_image


def image_bytes(kind, mode='RGB', **options):
    pixels = np.random.default_rng(0).integers(0, 256, (24, 12, 3), np.uint8)
    image = Image.fromarray(pixels).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation
    target = io.BytesIO()
    image.save(target, kind, **({'exif': exif} if kind in ('JPEG', 'PNG') else {}), **options)
    return target.getvalue()


KINDS = {
    'jpg': image_bytes('JPEG'),
    'progressive.jpg': image_bytes('JPEG', progressive=True),
    'cmyk.jpg': image_bytes('JPEG', 'CMYK'),
    'png': image_bytes('PNG'),
    'palette.png': image_bytes('PNG', 'P'),
    'bmp': image_bytes('BMP'),
    'gif': image_bytes('GIF', 'P'),
    'tif': image_bytes('TIFF'),
    'webp': image_bytes('WEBP'),
}


@pytest.mark.parametrize('kind', KINDS)
def test_damaged_image(tmp_path, mutations, kind):
    path = Path(tmp_path, f'image.{kind}')
    path.write_bytes(KINDS[kind])

    def read(path):
        image = read_image(str(path))
        assert image.mode == 'RGB'
        np.asarray(image)

    check_mutations(
        mutations, lambda random, p: p.write_bytes(mutated_bytes(KINDS[kind], random)), read, path
    )
