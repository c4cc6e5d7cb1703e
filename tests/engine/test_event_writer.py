import errno
import os

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from midattr_plugin.console import safe_console
from midattr_plugin.engine.event_writer import EventWriter


def test_events_are_written(tmp_path):
    writer = EventWriter(tmp_path)
    writer.add_scalar('a', 0.5, 3)
    writer.close()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [(event.step, event.value) for event in events.Scalars('a')] == [(3, 0.5)]


def test_training_goes_on_without_events(tmp_path, monkeypatch, capsys):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    writer = EventWriter(tmp_path)
    monkeypatch.setattr(writer._writer, 'add_scalar', fail)
    for step in range(3):
        writer.add_scalar('a', 0.5, step)
    writer.close()
    out = capsys.readouterr().out
    assert out.count('\n') == 1 and 'No space left' in out and 'goes on without' in out


def test_folder_that_tensorboard_cannot_name(tmp_path, capsys):
    with safe_console():
        writer = EventWriter(os.path.join(tmp_path, '\udcff'))
        writer.add_scalar('a', 0.5, 3)
        writer.close()
    assert 'no more events' in capsys.readouterr().out
