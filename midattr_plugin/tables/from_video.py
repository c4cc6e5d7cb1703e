"""A table of the people whom a tracker has followed in a video, and their crops as image files."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from midattr_plugin.errors import InputError
from midattr_plugin.files import write_error
from midattr_plugin.predict.boxes import Box, read_boxes
from midattr_plugin.predict.frames import check_frames, crop, frames
from midattr_plugin.tables.new_table import write_new_table
from midattr_plugin.tables.table_file import GALLERY, QUERY, read_cells
from midattr_plugin.user_path import user_path

_TRACK, _PID = 'track', 'pid'
_RESERVED = {'path', 'camid', 'split'}


@dataclass(frozen=True)
class TrackLabels:
    """What is known of some tracks.

    Attributes:
        attributes: names of the columns.
        pids: track -> name of the person.
        values: track -> a value for each attribute, '' where unknown.
    """

    attributes: tuple[str, ...]
    pids: dict[int, str]
    values: dict[int, tuple[str, ...]]


def read_track_labels(path: str | os.PathLike) -> TrackLabels:
    """Return the labels in a CSV file with the columns ``track``, ``pid`` and attributes.

    Args:
        path: the file.

    Raises:
        InputError: it cannot be read, lacks a column, or a track is no number or listed twice.
    """
    path = user_path(path, '--labels')
    header, rows = read_cells(path)
    for name in (_TRACK, _PID):
        if name not in header:
            raise InputError(
                f'--labels: "{path}" has no column "{name}" (its columns are {", ".join(header)}); '
                'name the number of the track "track" and the person "pid"'
            )
    if reserved := _RESERVED.intersection(header):
        raise InputError(
            f'--labels: column "{min(reserved)}" of "{path}" is one of the table that is made; '
            'rename or delete it'
        )
    attributes = tuple(name for name in header if name not in (_TRACK, _PID))
    labels = TrackLabels(attributes, {}, {})
    for line, cells in rows:
        if not cells[_TRACK].isdecimal():
            raise InputError(
                f'--labels: "{path}", line {line}: track is "{cells[_TRACK]}", which is no whole '
                'number; give that of the boxes'
            )
        track = int(cells[_TRACK])
        if track in labels.pids:
            raise InputError(f'--labels: "{path}", line {line}: track {track} again; list it once')
        if not cells[_PID]:
            raise InputError(
                f'--labels: "{path}", line {line}: pid is empty; name the person, or leave the '
                'track out'
            )
        labels.pids[track] = cells[_PID]
        labels.values[track] = tuple(cells[name] for name in attributes)
    return labels


def write_video_table(
    video: str | os.PathLike,
    boxes: str | os.PathLike,
    path: Path,
    labels: str | os.PathLike | None = None,
    every: int = 1,
    for_test: bool = False,
) -> int:
    """Write the crops of a video and their table; return the number of its rows.

    The camera of a crop is its track, so that a person is searched for in other tracks. The two
    halves of a track that is the only one of its person count as two.

    Args:
        video: a video, or a folder of frames, see :func:`frames`.
        boxes: path of a file in the format of MOTChallenge.
        path: of the table; the crops go to the folder of the same name without '.csv'.
        labels: path of a file with persons and attributes of tracks, see
            :func:`read_track_labels`; each other track is a person of its own.
        every: of each track, every how many crops are taken, from the first.
        for_test: whether the table is for a test alone: the crop in the middle of each labeled
            track (of the first half of one in halves) is a query, the others are the gallery.

    Raises:
        InputError: something named cannot be used, or nothing can be written.
    """
    video, boxes = user_path(video, 'the path'), user_path(boxes, '--boxes')
    all_boxes = read_boxes(boxes)
    check_frames(video, all_boxes)
    known = TrackLabels((), {}, {}) if labels is None else read_track_labels(labels)
    tracks: dict[int, list[Box]] = {}
    for box in all_boxes:
        tracks.setdefault(box.track, []).append(box)
    if unseen := sorted(known.pids.keys() - tracks):
        raise InputError(
            f'--labels: track {unseen[0]} has no box in "{boxes}"; give the labels of these boxes'
        )
    folder = path.with_suffix('')
    rows = [
        row
        for track, its_boxes in sorted(tracks.items())
        for row in _rows_of_track(track, its_boxes, known, every, for_test)
    ]
    with _new_folder(folder) as temporary:
        written = _write_crops(temporary, video, [row.box for row in rows])
    empty = ('',) * len(known.attributes)
    return write_new_table(
        path,
        folder,
        ['pid', 'camid', *(['split'] if for_test else []), *known.attributes],
        (
            [
                _name(row.box),
                known.pids.get(row.box.track, f'track {row.box.track}'),
                row.camera,
                *([row.split] if for_test else []),
                *known.values.get(row.box.track, empty),
            ]
            for row in rows
            if row.box in written
        ),
    )


@dataclass(frozen=True)
class _Row:
    box: Box
    camera: str
    split: str


def _rows_of_track(
    track: int, boxes: Sequence[Box], known: TrackLabels, every: int, for_test: bool
) -> Iterator[_Row]:
    """Yield the rows of a track: every so many crops, and the query."""
    is_labeled = track in known.pids
    is_only = is_labeled and list(known.pids.values()).count(known.pids[track]) == 1
    half = (len(boxes) + 1) // 2
    searched = boxes[:half] if is_only else boxes
    query = searched[len(searched) // 2] if for_test and is_labeled else None
    for number, box in enumerate(boxes):
        camera = f'{track}{"ab"[number >= half]}' if is_only else str(track)
        if box is query:
            yield _Row(box, camera, QUERY)
        elif number % every == 0:
            yield _Row(box, camera, GALLERY)


def _name(box: Box) -> str:
    return f'{box.track:04d}/{box.frame:06d}.png'


def _write_crops(folder: Path, video: str, boxes: list[Box]) -> set[Box]:
    """Write the crops of all boxes that are not outside the picture; return which."""
    written = set()
    boxes = sorted(boxes)
    bar = tqdm(total=len(boxes), desc='crops', unit='image', dynamic_ncols=True)
    with bar:
        for box, frame in frames(video, boxes):
            bar.update()
            try:
                image = crop(frame, box)
            except InputError as error:
                bar.write(f'skipped: {error}')
                continue
            path = folder / _name(box)
            path.parent.mkdir(exist_ok=True)
            image.save(path)
            written.add(box)
    return written


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder that gets its name once everything is in it."""
    if folder.exists():
        raise InputError(
            f'--out: the crops would go to "{folder}", which exists; delete it, or give another '
            'name'
        )
    temporary = folder.with_name(f'.{folder.name}.{os.getpid()}.tmp')
    try:
        temporary.mkdir(parents=True)
        yield temporary
        temporary.rename(folder)
    except OSError as error:
        raise write_error(folder, error) from error
    finally:
        with suppress(OSError):
            shutil.rmtree(temporary)
