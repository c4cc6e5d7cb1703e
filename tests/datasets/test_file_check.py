import pytest
from PIL import Image

from helpers.fake_market import write_image
from midattr_plugin.datasets import file_check
from midattr_plugin.datasets.file_check import check_files
from midattr_plugin.errors import InputError


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f'a.{ending}' for ending in ('jpg', 'png', 'bmp')]
    for path in paths:
        write_image(path)
    return paths


def test_whole_files(files, capsys):
    check_files(map(str, files * 200))  # several chunks
    check_files([])
    assert capsys.readouterr().out == ''


def test_files_that_end_as_they_should_are_not_decoded(files, monkeypatch):
    decoded = []
    monkeypatch.setattr(file_check, 'read_image', decoded.append)
    check_files(map(str, files))
    assert decoded == [str(files[2])]  # a BMP has no end


@pytest.mark.parametrize('number', range(3))
@pytest.mark.parametrize('cut', [0, 1, 100])
def test_a_torn_file(files, number, cut):
    content = files[number].read_bytes()
    files[number].write_bytes(content[: len(content) // 2] if cut == 0 else content[:cut])
    with pytest.raises(InputError, match=rf'image "{files[number]}" is truncated'):
        check_files(map(str, files))


def test_a_missing_file(files):
    files[1].unlink()
    with pytest.raises(InputError, match=rf'image "{files[1]}" is missing'):
        check_files(map(str, files))


@pytest.mark.parametrize('number', range(3))
def test_what_a_tool_appends_does_not_matter(files, number):
    with files[number].open('ab') as file:
        file.write(b'appended by a camera')
    check_files(map(str, files))


def test_an_ending_that_lies(files):
    """The content counts: many a .jpg is a PNG."""
    Image.open(files[0]).save(files[0], 'png')
    check_files(map(str, files))


def test_a_slow_disk_is_not_waited_for(files, capsys):
    files[0].unlink()
    check_files(map(str, files), seconds=-1)
    assert capsys.readouterr().out == (
        'Note: 0 of 3 image files were checked in -1 s; the others are checked when they are read\n'
    )
