"""A prediction into a folder: what it writes, and how it goes on."""

import csv
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from helpers.fake_market import write_image
from helpers.moving_boxes import BOXES, write_frames, write_video
from helpers.paths import PROJECT
from helpers.tiny_run import EXTENSION
from helpers.tiny_training import train_tiny
from midattr_plugin.errors import InputError
from midattr_plugin.predict import Predictor, main, run
from midattr_plugin.predict.source import open_source
from midattr_plugin.tables.attribute_name import COLUMNS


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """The checkpoint of a tiny model."""
    return train_tiny(tmp_path_factory.mktemp('run'))


@pytest.fixture
def crops(tmp_path):
    """Ten images of which the fourth is none."""
    for number in range(10):
        write_image(tmp_path / f'crops/{number}.png', number)
    (tmp_path / 'crops/3.png').write_bytes(b'none')
    return tmp_path / 'crops'


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(run, '_PART', 3)


def rows(path):
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def files(folder):
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in ('.csv', '.npy')
    }


def test_rows_of_images(trained, crops, tmp_path, small_parts, capsys):
    out = tmp_path / 'out'
    arguments = ['--weights', str(trained), '--out', str(out), str(crops), '--batch-size', '2']
    assert main(arguments) == 0
    shown = capsys.readouterr()
    assert '9 images predicted' in shown.out
    assert '1 images SKIPPED' in shown.out
    assert f'skipped: {crops / "3.png"}: image' in shown.out + shown.err
    kept = [path for path in sorted(crops.iterdir()) if path.stem != '3']
    expected = Predictor(trained)(kept)
    table = rows(out / 'attributes.csv')
    assert [row['path'] for row in table] == [str(path) for path in kept]
    assert [row['row'] for row in table] == [str(number) for number in range(9)]
    assert np.allclose(np.load(out / 'descriptors.npy'), expected.descriptors, atol=1e-6)
    for number, row in enumerate(table):
        for name, answer in expected.attributes[number].items():
            assert row[name] == answer
            probability = float(row[f'{name}_probability'])
            assert abs(probability - expected.probabilities[name][number].max()) < 1e-4
    (skipped,) = rows(out / 'skipped.csv')
    assert skipped['path'] == str(crops / '3.png')
    assert 'not an image' in skipped['reason']
    assert not (out / 'parts').exists()
    assert (out / 'report.html').read_text(encoding='utf-8').count('<figure>') == 9


def test_again_is_no_work(trained, crops, tmp_path, capsys, monkeypatch):
    arguments = ['--weights', str(trained), '--out', str(tmp_path / 'out'), str(crops)]
    assert main(arguments) == 0
    before = files(tmp_path / 'out')
    monkeypatch.setattr(Predictor, '_predict', None)
    capsys.readouterr()
    assert main(arguments) == 0
    assert '9 images predicted' in capsys.readouterr().out
    assert files(tmp_path / 'out') == before


def test_goes_on_after_each_image(trained, crops, tmp_path, small_parts):
    """Stopped when any of the images is read, it ends with the files of an undisturbed one."""
    source = open_source([crops])
    predictor = Predictor(trained, batch_size=2)
    run.predict_into(tmp_path / 'whole', source, predictor)
    expected = files(tmp_path / 'whole')

    class Stopped(Exception):
        pass

    for stop in range(10):
        seen = []

        class Stopping(type(source)):
            def images(self, numbers, seen=seen, stop=stop):
                for number, image in zip(numbers, super().images(numbers), strict=True):
                    if number == stop:
                        raise Stopped
                    seen.append(number)
                    yield image

        out = tmp_path / f'out{stop}'
        with pytest.raises(Stopped):
            run.predict_into(out, Stopping([crops]), predictor)
        done = sum(len(part) for part in run.read_parts(out / 'parts'))
        assert done <= stop
        run.predict_into(out, source, predictor)
        assert files(out) == expected


def test_tracks(trained, tmp_path, small_parts):
    """Probabilities of a track are the normalized geometric means of those of its images."""
    (tmp_path / 'boxes.txt').write_text(BOXES, encoding='utf-8')
    video = write_video(tmp_path / 'video.avi')
    out = tmp_path / 'out'
    source = open_source([video], tmp_path / 'boxes.txt')
    predictor = Predictor(trained, batch_size=4)
    assert run.predict_into(out, source, predictor) == {'predicted': 12, 'skipped': 0, 'tracks': 2}
    whole = predictor(image for image in source.images(range(12)))
    table, tracks = rows(out / 'attributes.csv'), rows(out / 'tracks.csv')
    answered = {name + end for name in predictor.schema.names for end in ('', '_probability')}
    assert {*table[0], *tracks[0]} - answered == COLUMNS  # which no attribute may be called
    assert [(row['frame'], row['track']) for row in table] == [
        (str(frame), str((frame - 1) % 2 + 1)) for frame in range(1, 13)
    ]
    descriptors = np.load(out / 'track_descriptors.npy')
    for number, track in enumerate(tracks):
        images = range(number, 12, 2)
        assert track['images'] == '6'
        assert (track['first_frame'], track['last_frame']) == (str(1 + number), str(11 + number))
        for attribute in predictor.schema:
            products = [
                np.prod([float(whole.probabilities[attribute.name][i][c]) for i in images])
                ** (1 / 6)
                for c in range(len(attribute.classes))
            ]
            best = int(np.argmax(products))
            assert track[attribute.name] == attribute.classes[best]
            expected = products[best] / sum(products)
            assert abs(float(track[f'{attribute.name}_probability']) - expected) < 1e-4
        units = [whole.descriptors[i] / np.linalg.norm(whole.descriptors[i]) for i in images]
        mean = np.mean(units, axis=0)
        assert np.allclose(descriptors[number], mean / np.linalg.norm(mean), atol=1e-5)


def test_maps(trained, crops, tmp_path):
    """Drawn for some of the images, to which the page has links."""
    from PIL import Image

    out = tmp_path / 'out'
    arguments = ['--weights', str(trained), '--out', str(out), str(crops), '--maps', '2']
    assert main(arguments) == 0
    names = sorted(path.name for path in (out / 'maps').iterdir())
    assert names == ['000000.png', '000008.png']  # the first and the last row
    page = (out / 'report.html').read_text(encoding='utf-8')
    for name in names:
        assert f'href="maps/{name}"' in page
        with Image.open(out / 'maps' / name) as drawn:
            assert drawn.width > 12 * drawn.height / 4  # 12 attributes beside the picture


def test_other_maps_of_a_finished_prediction(trained, crops, tmp_path, monkeypatch):
    """Are drawn without predicting again."""
    source, predictor, out = open_source([crops]), Predictor(trained), tmp_path / 'out'
    run.predict_into(out, source, predictor)
    before = files(out)
    monkeypatch.setattr(run, '_predict_rest', None)
    for maps, expected in ((3, 3), (2, 2), (None, 2), (0, 0), (None, 0)):
        run.predict_into(out, source, predictor, pages=run.Pages(maps))
        assert len(list(out.glob('maps/*.png'))) == expected
        page = (out / 'report.html').read_text(encoding='utf-8')
        assert page.count('href="maps/') == expected
    (out / 'report.html').unlink()
    run.predict_into(out, source, predictor)
    assert (out / 'report.html').exists()
    assert files(out) == before


def test_strict(trained, crops, tmp_path, capsys):
    arguments = ['--weights', str(trained), '--out', str(tmp_path / 'out'), str(crops), '--strict']
    assert main(arguments) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith('error: image')
    assert not (tmp_path / 'out/attributes.csv').exists()


def test_another_prediction(trained, crops, tmp_path):
    """A folder is of these pictures, this model and this precision; or nothing is touched."""
    out, predictor = tmp_path / 'out', Predictor(trained)
    run.predict_into(out, open_source([crops]), predictor)
    before = files(out)
    with pytest.raises(InputError, match='a prediction of other pictures'):
        run.predict_into(out, open_source([crops / '1.png']), predictor)
    with pytest.raises(InputError, match='a prediction without --flip; choose another folder'):
        run.predict_into(out, open_source([crops]), Predictor(trained, flip=True))
    write_image(crops / '5.png', seed=99)
    with pytest.raises(InputError, match='a prediction of other pictures'):
        run.predict_into(out, open_source([crops]), predictor)
    assert files(out) == before


def test_with_mirror_images(trained, crops, tmp_path, capsys):
    found = []
    for name, flip in (('one', ['--flip']), ('both', ['--flip']), ('plain', [])):
        out = tmp_path / name
        assert main(['--weights', str(trained), '--out', str(out), str(crops), *flip]) == 0
        found.append(np.load(out / 'descriptors.npy'))
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.allclose(found[0], found[2])
    # a folder of an earlier version goes on
    facts = tmp_path / 'plain/prediction.json'
    facts.write_text(facts.read_text().replace('  "flip": false,\n', ''))
    assert main(['--weights', str(trained), '--out', str(tmp_path / 'plain'), str(crops)]) == 0
    assert main(['--weights', str(trained), '--out', str(tmp_path / 'one'), str(crops)]) == 1
    assert 'holds a prediction with --flip' in capsys.readouterr().err


def test_nothing_can_be_read(trained, crops, tmp_path):
    with pytest.raises(InputError, match='none of the 1 pictures can be read'):
        run.predict_into(tmp_path / 'out', open_source([crops / '3.png']), Predictor(trained))


@pytest.mark.parametrize(
    'extra, words',
    [
        (['--batch-size', '0'], 'is too small'),
        (['--boxes', 'boxes.txt', 'b'], '--boxes belongs to one video'),
        (['--weights', 'none.pth'], 'none.pth'),
    ],
)
def test_bad_options(trained, crops, tmp_path, capsys, extra, words):
    arguments = ['--weights', str(trained), '--out', str(tmp_path / 'out'), str(crops), *extra]
    assert main(arguments) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_killed(trained, crops, tmp_path):
    """Without any farewell: no row is missing, none double, none torn."""
    code = (
        'import os, signal, sys\n'
        'from midattr_plugin.predict import main, run\n'
        'run._PART = 2\n'
        'write = run.write_part\n'
        'def kill(folder, index, part):\n'
        '    write(folder, index, part)\n'
        '    if index == 1:\n'
        '        os.kill(os.getpid(), signal.SIGKILL)\n'
        'run.write_part = kill\n'
        'main(sys.argv[1:])\n'
    )
    out = tmp_path / 'out'
    options = ['--weights', str(trained), '--out', str(out), str(crops), '--batch-size', '2']
    options += ['--extension', EXTENSION]
    environment = os.environ | {'PYTHONPATH': str(PROJECT)}
    killed = subprocess.run(
        [sys.executable, '-c', code, *options],
        env=environment,
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert sorted(path.name for path in (out / 'parts').iterdir()) == ['000000.npz', '000001.npz']
    assert main(options) == 0
    assert [row['path'] for row in rows(out / 'attributes.csv')] == [
        str(path) for path in sorted(crops.iterdir()) if path.stem != '3'
    ]


def test_results_inside_the_folder_of_the_images(trained, crops, capsys):
    """Their drawings are no images of people, also when the command is given again."""
    arguments = ['--weights', str(trained), '--out', str(crops / 'answers'), str(crops)]
    assert main([*arguments, '--maps', '2']) == 0
    assert main([*arguments, '--query', str(crops / '1.png')]) == 0
    assert capsys.readouterr().out.count('9 images predicted') == 2


def test_other_frames_of_the_same_folder_are_not_continued(trained, tmp_path):
    frames = write_frames(tmp_path / 'frames')
    (tmp_path / 'boxes.txt').write_text(BOXES, encoding='utf-8')
    before = open_source([frames], tmp_path / 'boxes.txt').digest()
    assert open_source([frames], tmp_path / 'boxes.txt').digest() == before
    os.utime(frames / 'cam 0003.png', (1, 1))
    assert open_source([frames], tmp_path / 'boxes.txt').digest() != before
