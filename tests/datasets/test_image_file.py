import pytest

from helpers.fake_market import write_image
from midattr_plugin.datasets.image_file import read_image
from midattr_plugin.errors import InputError


def test_images_are_read_in_rgb(tmp_path):
    write_image(tmp_path / 'a.jpg', size=(16, 32))
    image = read_image(str(tmp_path / 'a.jpg'))
    assert (image.mode, image.size) == ('RGB', (16, 32))
    image.convert('L').save(tmp_path / 'gray.png')
    assert read_image(str(tmp_path / 'gray.png')).mode == 'RGB'


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
