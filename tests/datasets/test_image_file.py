import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from helpers.fake_market import write_image
from midattr_plugin.datasets.image_file import read_image, upright_rgb
from midattr_plugin.errors import InputError


def pixels(path):
    image = read_image(path)
    assert image.mode == 'RGB'
    return np.asarray(image)


def noise(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, shape, dtype)


def with_orientation(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def test_images_are_read_in_rgb(tmp_path):
    write_image(tmp_path / 'a.jpg', size=(16, 32))
    image = read_image(str(tmp_path / 'a.jpg'))
    assert (image.mode, image.size) == ('RGB', (16, 32))
    image.convert('L').save(tmp_path / 'gray.png')
    assert read_image(str(tmp_path / 'gray.png')).mode == 'RGB'


# what the standard says of each value: where row 0 and column 0 of the file are to be seen
UPRIGHT = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.transpose(1, 0, 2),
    6: lambda x: x.transpose(1, 0, 2)[:, ::-1],
    7: lambda x: x.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda x: x.transpose(1, 0, 2)[::-1],
    9: lambda x: x,  # no such value
}


@pytest.mark.parametrize('orientation', UPRIGHT)
def test_a_photo_is_upright(tmp_path, orientation):
    stored = noise(3, 5, 3)
    path = tmp_path / 'a.png'
    Image.fromarray(stored).save(path, exif=with_orientation(orientation))
    assert np.array_equal(pixels(path), UPRIGHT[orientation](stored))


@pytest.mark.parametrize('ending', ['jpg', 'png', 'tif'])
@pytest.mark.parametrize('orientation', [1, 3, 6, 8])
def test_an_image_that_is_opened_already_is_treated_as_its_file(tmp_path, orientation, ending):
    path = tmp_path / f'a.{ending}'
    Image.fromarray(noise(4, 6, 3)).save(path, exif=with_orientation(orientation))
    with Image.open(path) as image:
        first, again = upright_rgb(image), upright_rgb(image)
    assert np.array_equal(first, pixels(path)) and np.array_equal(again, first)
    assert np.array_equal(upright_rgb(read_image(path)), first)


def test_so_is_one_of_16_bits_or_with_transparency(tmp_path):
    images = {
        'deep': Image.fromarray(noise(4, 6, dtype=np.uint16)),
        'clear': Image.fromarray(noise(4, 6, 4)),
    }
    for name, image in images.items():
        image.save(tmp_path / f'{name}.png')
        with Image.open(tmp_path / f'{name}.png') as opened:
            assert np.array_equal(upright_rgb(opened), pixels(tmp_path / f'{name}.png'))
            assert np.array_equal(upright_rgb(image), pixels(tmp_path / f'{name}.png'))


def test_home_is_found_and_an_array_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    write_image(tmp_path / 'a.jpg', size=(16, 32))
    assert read_image('~/a.jpg').size == (16, 32)
    with open(tmp_path / 'a.jpg', 'rb') as file:
        assert read_image(file).size == (16, 32)
    with pytest.raises(InputError, match='takes the path of a file, not a ndarray'):
        read_image(noise(4, 6, 3))


@pytest.mark.parametrize('orientation', [3, 6, 8])
def test_a_jpeg_is_turned_as_opencv_turns_it(tmp_path, orientation):
    path = tmp_path / 'a.jpg'
    Image.fromarray(noise(24, 16, 3)).save(path, exif=with_orientation(orientation))
    difference = pixels(path).astype(int) - cv2.imread(str(path))[:, :, ::-1]
    assert abs(difference).max() <= 4  # two decoders


@pytest.mark.filterwarnings('ignore:Corrupt EXIF data', 'ignore:Truncated File Read')
@pytest.mark.parametrize('cut', [8, 20, 30])
def test_a_damaged_exif_block_does_not_matter(tmp_path, cut):
    stored = Image.fromarray(noise(4, 4, 3))
    stored.save(tmp_path / 'plain.jpg')
    exif = with_orientation(6)
    exif[0x010E] = 'a description'
    stored.save(tmp_path / 'a.jpg', exif=exif.tobytes()[:cut])
    expected = pixels(tmp_path / 'plain.jpg')
    turned = UPRIGHT[6](expected)
    found = pixels(tmp_path / 'a.jpg')
    assert np.array_equal(found, expected) or np.array_equal(found, turned)


@pytest.mark.parametrize('ending', ['png', 'tif'])
def test_16_bits_are_scaled_and_not_clipped(tmp_path, ending):
    values = np.array([[0, 255, 256, 1000, 30000, 65535]], np.uint16)
    path = tmp_path / f'gray.{ending}'
    assert cv2.imwrite(str(path), values)
    assert pixels(path)[0].tolist() == [[value // 256] * 3 for value in values[0].tolist()]


@pytest.mark.parametrize('channels', [3, 4])
def test_16_bits_a_channel(tmp_path, channels):
    values = noise(3, 4, channels, dtype=np.uint16)
    values[:, :, 3:] = 65535
    path = tmp_path / 'color.png'
    assert cv2.imwrite(str(path), values)
    assert np.array_equal(pixels(path), values[:, :, 2::-1] // 256)


def test_one_bit(tmp_path):
    mask = noise(3, 4) > 127
    Image.fromarray(mask).save(tmp_path / 'a.png')
    assert np.array_equal(pixels(tmp_path / 'a.png'), np.stack([mask * 255] * 3, 2))


def over_black(color, alpha):
    return np.rint(color * (alpha[:, :, None] / 255.0)).astype(int)


@pytest.mark.parametrize('mode', ['RGBA', 'LA'])
def test_what_is_transparent_lies_on_black(tmp_path, mode):
    stored = noise(6, 7, len(mode))
    stored[0, :, -1], stored[1, :, -1] = 0, 255
    Image.fromarray(stored, mode).save(tmp_path / 'a.png')
    color = np.broadcast_to(stored[:, :, :-1], (6, 7, 3))
    expected = over_black(color, stored[:, :, -1])
    assert abs(pixels(tmp_path / 'a.png') - expected).max() <= 1
    assert np.array_equal(pixels(tmp_path / 'a.png')[:2], expected[:2])


@pytest.mark.parametrize('ending', ['png', 'gif'])
def test_a_palette_with_a_transparent_color(tmp_path, ending):
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8), 'P')
    image.putpalette([255, 255, 255, 200, 100, 50, 0, 0, 255])
    image.save(tmp_path / f'a.{ending}', transparency=0)
    assert pixels(tmp_path / f'a.{ending}').tolist() == [[[0, 0, 0], [200, 100, 50], [0, 0, 255]]]


def test_a_transparent_color_without_a_palette(tmp_path):
    image = Image.fromarray(np.array([[[9, 8, 7], [1, 2, 3]]], np.uint8))
    image.save(tmp_path / 'a.png', transparency=(9, 8, 7))
    assert pixels(tmp_path / 'a.png').tolist() == [[[0, 0, 0], [1, 2, 3]]]


def test_cmyk_of_adobe_is_not_inverted(tmp_path):
    """Pillow, as Adobe, writes inverted values with a marker that says so."""
    ink = np.zeros((8, 8, 4), np.uint8)
    ink[:, :, 0] = 255  # cyan alone
    Image.fromarray(ink, 'CMYK').save(tmp_path / 'a.jpg', quality=100)
    assert b'Adobe' in (tmp_path / 'a.jpg').read_bytes()
    red, green, blue = pixels(tmp_path / 'a.jpg')[4, 4].astype(int)
    assert red < 10 and green > 245 and blue > 245


@pytest.mark.parametrize('options', [{'progressive': True}, {'subsampling': 2}, {'quality': 5}])
def test_kinds_of_jpeg(tmp_path, options):
    Image.fromarray(noise(24, 16, 3)).save(tmp_path / 'a.jpg', **options)
    difference = pixels(tmp_path / 'a.jpg') - cv2.imread(str(tmp_path / 'a.jpg'))[:, :, ::-1]
    assert np.minimum(difference, -difference).max() <= 8  # two decoders


def test_a_color_profile_is_not_applied(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()
    stored = noise(3, 4, 3)
    Image.fromarray(stored).save(tmp_path / 'a.png', icc_profile=profile)
    assert np.array_equal(pixels(tmp_path / 'a.png'), stored)


@pytest.mark.parametrize('ending', ['gif', 'png', 'webp', 'mpo', 'tif'])
def test_an_animation_is_its_first_frame(tmp_path, ending):
    first, second = (Image.new('RGB', (16, 16), color) for color in ('red', 'blue'))
    first.save(tmp_path / f'a.{ending}', save_all=True, append_images=[second])
    red, green, blue = pixels(tmp_path / f'a.{ending}')[8, 8].tolist()
    assert red > 240 and green < 15 and blue < 15


@pytest.mark.parametrize('mode', ['F', 'I'])
def test_values_of_an_unknown_range_are_refused(tmp_path, mode):
    Image.new(mode, (2, 2)).save(tmp_path / 'depth.tif')
    with pytest.raises(InputError) as error:
        read_image(tmp_path / 'depth.tif')
    assert str(error.value) == (
        f'image "{tmp_path / "depth.tif"}" has 32 bits per pixel, whose range is unknown; '
        'convert it to 8 bits'
    )


def test_a_photo_of_a_phone_that_pillow_does_not_read(tmp_path):
    (tmp_path / 'IMG_0001.jpg').write_bytes(b'\0\0\0\x18ftypheic' + bytes(200))
    with pytest.raises(InputError, match=r'IMG_0001\.jpg" is a HEIC photo; convert it to JPEG$'):
        read_image(tmp_path / 'IMG_0001.jpg')


def test_a_bomb_is_refused(tmp_path):
    """A PNG of a few bytes whose header says 60,000 x 60,000."""
    header = b'IHDR' + struct.pack('>IIBBBBB', 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack('>I', 13) + header + struct.pack('>I', zlib.crc32(header))
    (tmp_path / 'a.png').write_bytes(b'\x89PNG\r\n\x1a\n' + chunk)
    with pytest.raises(InputError, match=r'a\.png" is truncated or not an image .*bomb'):
        read_image(tmp_path / 'a.png')


def test_a_file_that_the_system_does_not_open(tmp_path, monkeypatch):
    def no_more(*args):
        raise OSError(24, 'Too many open files')

    monkeypatch.setattr(Image, 'open', no_more)
    with pytest.raises(InputError, match='cannot be read .Too many open files.; check disk and'):
        read_image(tmp_path / 'a.jpg')


@pytest.mark.parametrize(
    'damage, problem',
    [
        (lambda path: path.write_bytes(path.read_bytes()[:400]), 'is truncated or not an image'),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), 'is truncated or not an image'),
        (lambda path: path.write_bytes(b''), 'is truncated or not an image'),
        (lambda path: path.write_bytes(b'text' * 99), 'is truncated or not an image'),
        (lambda path: path.unlink(), 'is missing'),
        (lambda path: path.unlink() or path.mkdir(), 'is truncated or not an image'),
    ],
)
def test_a_broken_image(tmp_path, damage, problem):
    path = tmp_path / 'a.jpg'
    write_image(path)
    damage(path)
    with pytest.raises(InputError, match=problem) as error:
        read_image(str(path))
    assert str(error.value).startswith(f'image "{path}"')
    assert str(error.value).endswith('unpack the dataset again')
