"""Who is seen, where tables say so."""

import os

from midattr_plugin.predict.identities import Identity, known_identities, same_file


def test_tables_with_identities(tmp_path, monkeypatch):
    """Paths are those of files, however they are written; other inputs say nothing."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a/1.png').touch()
    (tmp_path / 'link.png').symlink_to(tmp_path / 'a/1.png')
    (tmp_path / 'full.csv').write_text(
        'path,pid,camid,split\na/1.png,anna,door,query\n2.png,ben,yard,gallery\n', encoding='utf-8'
    )
    (tmp_path / 'short.csv').write_text('path,pid\n3.png,cem\n', encoding='utf-8')
    (tmp_path / 'none.csv').write_text('path,hat\n4.png,yes\n', encoding='utf-8')
    found = known_identities(['full.csv', tmp_path / 'short.csv', 'none.csv', 'a', 'a/1.png'])
    assert found == {
        same_file(str(tmp_path / 'link.png')): Identity('anna', 'door', 'query'),
        os.path.realpath('2.png'): Identity('ben', 'yard', 'gallery'),
        os.path.realpath('3.png'): Identity('cem', '', ''),
    }


def test_same_view():
    door = Identity('anna', 'door', '')
    assert door.is_same_view(Identity('anna', 'door', 'query'))
    assert not door.is_same_view(Identity('anna', 'yard', ''))
    assert not door.is_same_view(Identity('ben', 'door', ''))
    assert not Identity('anna', '', '').is_same_view(Identity('anna', '', ''))
