import hashlib
import os
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from helpers.paths import SHARED
from midattr_plugin.datasets import AnnotationFile, DukeMTMCreIDAttr, Market1501Attr
from midattr_plugin.errors import InputError

MARKET, DUKE = Market1501Attr.annotations, DukeMTMCreIDAttr.annotations

CONTENT = b'attributes of everybody'


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(autouse=True)
def direct_connection(monkeypatch):
    """No proxy, so that a test can reach nothing but this machine."""
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    monkeypatch.setenv('NO_PROXY', '127.0.0.1')


@pytest.fixture
def published(tmp_path):
    """Annotations whose file is served from 127.0.0.1."""
    served = tmp_path / 'served'
    served.mkdir()
    (served / 'market_attribute.mat').write_bytes(CONTENT)
    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(QuietHandler, directory=served))
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01})
    thread.start()
    yield replace(
        MARKET,
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        url=f'http://127.0.0.1:{server.server_port}/market_attribute.mat',
    )
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def unreachable():
    """Annotations at an address where nobody listens."""
    return replace(MARKET, url='http://127.0.0.1:9/market_attribute.mat')


@pytest.fixture
def folders(tmp_path):
    places = [tmp_path / 'data' / 'inner', tmp_path / 'data']
    places[0].mkdir(parents=True)
    return places


@pytest.mark.parametrize('place', ['inner', 'inner/attribute', '.', 'attribute'])
def test_found_beside_the_images(folders, unreachable, place):
    path = folders[1] / place / 'market_attribute.mat'
    path.parent.mkdir(exist_ok=True)
    path.touch()
    found = unreachable.find(folders)
    assert found.samefile(path)


def test_the_first_folder_counts(folders, unreachable):
    for folder in folders:
        (folder / 'market_attribute.mat').touch()
    assert unreachable.find(folders) == folders[0] / 'market_attribute.mat'


def test_configured_file_or_folder(folders, tmp_path, unreachable, monkeypatch):
    (folders[0] / 'market_attribute.mat').touch()
    elsewhere = tmp_path / 'market_attribute.mat'
    elsewhere.touch()
    assert unreachable.find(folders, str(elsewhere)) == elsewhere
    assert unreachable.find(folders, str(tmp_path)) == elsewhere
    monkeypatch.setenv('HOME', str(tmp_path))
    assert unreachable.find(folders, '~/market_attribute.mat') == elsewhere


def test_configured_and_missing(folders, tmp_path, unreachable):
    (folders[0] / 'market_attribute.mat').touch()
    for configured in (tmp_path / 'missing.mat', tmp_path):
        with pytest.raises(
            InputError,
            match=r'midattr\.annotations\.market1501: ".+" does not '
            r'exist; get it from http',
        ):
            unreachable.find(folders, str(configured))


def test_downloaded_into_the_first_folder(folders, published, capfd):
    path = published.find(folders)
    assert path == folders[0] / 'market_attribute.mat'
    assert path.read_bytes() == CONTENT
    assert os.listdir(folders[0]) == ['market_attribute.mat']
    assert f'downloading it from {published.url}' in capfd.readouterr().out
    assert replace(published, url='http://127.0.0.1:9/').find(folders) == path


def test_no_cookies_are_kept(folders, published, tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    published.find(folders)
    assert not (tmp_path / '.cache').exists()


@pytest.mark.parametrize(
    'change, reason',
    [
        ({'sha256': '0' * 64}, 'the sha256 of what came is .+ instead of 0000'),
        ({'url': '{url}.gone'}, '404'),
        ({'url': 'http://127.0.0.1:9/market_attribute.mat'}, 'Connection'),
        ({'url': 'nonsense'}, 'nonsense'),
    ],
)
def test_what_cannot_be_downloaded(folders, published, change, reason):
    source = replace(
        published, **{key: value.format(url=published.url) for key, value in change.items()}
    )
    with pytest.raises(InputError, match=reason) as error:
        source.find(folders)
    message = str(error.value)
    assert len(message.splitlines()) == 1
    assert message.startswith(f'annotation file "{folders[0] / "market_attribute.mat"}" is missing')
    assert f'download {source.url} and put it there' in message
    assert os.listdir(folders[0]) == []


def test_a_download_that_gives_nothing(folders, published, monkeypatch):
    """Some versions of gdown return None where others raise."""
    monkeypatch.setattr('gdown.download', lambda *args, **kwargs: None)
    with pytest.raises(InputError, match='is missing and could not be downloaded'):
        published.find(folders)


def test_a_folder_that_cannot_be_written(published, tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(InputError, match=r'market_attribute\.mat" cannot be written .+ choose'):
        published.find([tmp_path / 'file'])


@pytest.mark.parametrize('source', [MARKET, DUKE], ids=lambda source: source.key)
def test_checksums_of_the_published_files(source):
    path = SHARED / 'annotations' / source.name
    if not path.is_file():
        pytest.skip(f'{path.name} is published by the annotators and not part of this project')
    assert hashlib.sha256(path.read_bytes()).hexdigest() == source.sha256
    assert source.url.startswith('https://github.com/vana77/')
    assert source.url.endswith(f'/{path.name}')


class TextFile(AnnotationFile):
    """A format without a published file."""

    def read(self, path, schema):
        return {}


@pytest.mark.parametrize(
    'source, remedy',
    [
        (TextFile('labels.txt'), 'put it there'),
        (
            TextFile('labels.txt', key='mine'),
            'put it there, or set midattr.annotations.mine to where you have it',
        ),
    ],
)
def test_a_missing_file_that_is_not_published(folders, source, remedy, capsys):
    with pytest.raises(InputError) as error:
        source.find(folders)
    path = folders[0] / 'labels.txt'
    assert str(error.value) == f'annotation file "{path}" is missing; {remedy}'
    assert capsys.readouterr().out == ''  # nothing was tried
    path.touch()
    assert source.find(folders) == path


@pytest.mark.parametrize(
    'source, message',
    [
        (TextFile('labels.txt'), 'annotation file "/none.txt" does not exist; put it there'),
        (
            TextFile('labels.txt', key='mine'),
            'midattr.annotations.mine: "/none.txt" does not exist; put it there, or leave the key '
            'empty',
        ),
    ],
)
def test_a_configured_file_that_is_not_published(folders, source, message):
    with pytest.raises(InputError) as error:
        source.find(folders, '/none.txt')
    assert str(error.value) == message


def test_a_published_file_without_a_key(folders, unreachable):
    source = replace(unreachable, key='')
    with pytest.raises(InputError, match='and put it there$'):
        source.find(folders)


def test_a_format_needs_a_reader():
    with pytest.raises(TypeError, match='abstract'):
        AnnotationFile('labels.txt')
