import hashlib
import os
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from helpers.paths import SHARED
from midattr_plugin.datasets import DUKEMTMCREID, MARKET1501
from midattr_plugin.datasets.annotation_file import find_annotation_file
from midattr_plugin.errors import InputError

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
    """A schema whose file is served from 127.0.0.1."""
    served = tmp_path / 'served'
    served.mkdir()
    (served / 'market_attribute.mat').write_bytes(CONTENT)
    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(QuietHandler, directory=served))
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01})
    thread.start()
    yield replace(
        MARKET1501,
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        url=f'http://127.0.0.1:{server.server_port}/market_attribute.mat',
    )
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def unreachable():
    """A schema whose address nobody listens at."""
    return replace(MARKET1501, url='http://127.0.0.1:9/market_attribute.mat')


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
    found = find_annotation_file(unreachable, folders)
    assert found.samefile(path)


def test_the_first_folder_counts(folders, unreachable):
    for folder in folders:
        (folder / 'market_attribute.mat').touch()
    assert find_annotation_file(unreachable, folders) == folders[0] / 'market_attribute.mat'


def test_configured_file_or_folder(folders, tmp_path, unreachable, monkeypatch):
    (folders[0] / 'market_attribute.mat').touch()
    elsewhere = tmp_path / 'market_attribute.mat'
    elsewhere.touch()
    assert find_annotation_file(unreachable, folders, str(elsewhere)) == elsewhere
    assert find_annotation_file(unreachable, folders, str(tmp_path)) == elsewhere
    monkeypatch.setenv('HOME', str(tmp_path))
    assert find_annotation_file(unreachable, folders, '~/market_attribute.mat') == elsewhere


def test_configured_and_missing(folders, tmp_path, unreachable):
    (folders[0] / 'market_attribute.mat').touch()
    for configured in (tmp_path / 'missing.mat', tmp_path):
        with pytest.raises(
            InputError,
            match=r'midattr\.annotations\.market1501: ".+" does not '
            r'exist; get it from http',
        ):
            find_annotation_file(unreachable, folders, str(configured))


def test_fetched_into_the_first_folder(folders, published, capfd):
    path = find_annotation_file(published, folders)
    assert path == folders[0] / 'market_attribute.mat'
    assert path.read_bytes() == CONTENT
    assert os.listdir(folders[0]) == ['market_attribute.mat']
    assert f'fetching it from {published.url}' in capfd.readouterr().out
    assert find_annotation_file(replace(published, url='http://127.0.0.1:9/'), folders) == path


def test_no_cookies_are_kept(folders, published, tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    find_annotation_file(published, folders)
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
def test_what_cannot_be_fetched(folders, published, change, reason):
    schema = replace(
        published, **{key: value.format(url=published.url) for key, value in change.items()}
    )
    with pytest.raises(InputError, match=reason) as error:
        find_annotation_file(schema, folders)
    message = str(error.value)
    assert len(message.splitlines()) == 1
    assert message.startswith(f'annotation file "{folders[0] / "market_attribute.mat"}" is missing')
    assert f'download {schema.url} and put it there' in message
    assert os.listdir(folders[0]) == []


def test_a_download_that_gives_nothing(folders, published, monkeypatch):
    """Some versions of gdown return None where others raise."""
    monkeypatch.setattr('gdown.download', lambda *args, **kwargs: None)
    with pytest.raises(InputError, match='is missing and could not be fetched'):
        find_annotation_file(published, folders)


def test_a_folder_that_cannot_be_written(published, tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(InputError, match='could not be fetched'):
        find_annotation_file(published, [tmp_path / 'file'])


@pytest.mark.parametrize('schema', [MARKET1501, DUKEMTMCREID], ids=lambda s: s.name)
def test_checksums_of_the_published_files(schema):
    path = SHARED / 'annotations' / f'{schema.mat_name}.mat'
    if not path.is_file():
        pytest.skip(f'{path.name} is published by the annotators and not part of this project')
    assert hashlib.sha256(path.read_bytes()).hexdigest() == schema.sha256
    assert schema.url.startswith('https://github.com/vana77/')
    assert schema.url.endswith(f'/{path.name}')
