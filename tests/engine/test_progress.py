from midattr_plugin.engine.progress import read_progress, write_progress


def test_written_and_read(tmp_path):
    assert read_progress(tmp_path) == (0, 0)
    write_progress(tmp_path, 3, 10)
    assert read_progress(tmp_path) == (3, 10)


def test_a_broken_file_says_nothing(tmp_path):
    for text in ('', '[]', '{}', '{"epoch": null}', 'epoch 3', '{"epoch": 3}'):
        (tmp_path / 'progress.json').write_text(text)
        assert read_progress(tmp_path) == (0, 0)
