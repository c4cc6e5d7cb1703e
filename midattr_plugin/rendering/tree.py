"""Writes a tree of rendered pictures atomically: all of it or nothing."""

import multiprocessing
import multiprocessing.connection
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from midattr_plugin.datasets.rendered import MARKER, Recipe
from midattr_plugin.errors import InputError
from midattr_plugin.files import courtesy, write_error
from midattr_plugin.rendering.cameras import CAMERAS, camera_scene
from midattr_plugin.rendering.difficulty import Difficulty
from midattr_plugin.rendering.distractors import photograph_false_detection, photograph_junk
from midattr_plugin.rendering.look import Look
from midattr_plugin.rendering.photo import photograph
from midattr_plugin.rendering.plan import DISTRACTOR, GALLERY, JUNK, QUERY, TRAIN, Shot
from midattr_plugin.rendering.roster import Roster
from midattr_plugin.rendering.traits import sample_traits

TREE = 'Market-1501-v15.09.15'
ANNOTATIONS = 'market_attribute.mat'
_NOTICE = (
    'The images in this folder are rendered drawings, not photographs of people.\n'
    'Scores measured on them say nothing about real data.\n'
)
Take = Callable[[Shot], np.ndarray]
_BATCH = 32
_JPEG_QUALITY = 90  # of all pictures, so that it tells nothing


def read_marker(tree: Path) -> str | None:
    """Return the text of the marker of a complete rendered tree, None if there is none."""
    try:
        return (tree / MARKER).read_text(encoding='utf-8')
    except OSError:
        return None


def write_tree(
    tree: Path,
    roster: Roster,
    shots: Sequence[Shot],
    annotations: bytes,
    recipe: Recipe,
    workers: int,
    difficulty: Difficulty | None = None,
    take: Take | None = None,
) -> None:
    """Render pictures into a folder, which appears when it is complete.

    A complete tree of the same ``recipe`` is kept; another rendered tree is replaced.

    Args:
        tree: the folder.
        roster: the people.
        shots: the pictures.
        annotations: content of market_attribute.mat.
        recipe: tells this rendering from others, and has the seed of all random numbers.
        workers: number of processes.
        difficulty: strength of the nuisances, None for the default.
        take: takes a picture (128, 64, 3) uint8, BGR, in any process; None for the six cameras of
            a demo set or a twin.

    Raises:
        InputError: ``tree`` holds files that were not rendered, or cannot be written.
    """
    if _has_recipe(tree, recipe):
        return
    if read_marker(tree) is None and tree.exists() and (not tree.is_dir() or any(tree.iterdir())):
        raise InputError(
            f'{tree} exists and was not rendered by this program; choose another '
            'folder or move it away'
        )
    if read_marker(tree) is not None:
        print(f'{tree} was rendered by another version or with other options: rendering it again')
    try:
        with _temporary_sibling(tree) as temporary:
            for folder in (TRAIN, QUERY, GALLERY):
                (temporary / folder).mkdir()
            _render(temporary, roster, shots, recipe.seed, workers, difficulty, take)
            (temporary / ANNOTATIONS).write_bytes(annotations)
            (temporary / MARKER).write_text(_NOTICE + recipe.text(), encoding='utf-8')
            _put_in_place(temporary, tree, recipe)
    except OSError as error:
        raise write_error(tree, error) from error


def _has_recipe(tree: Path, recipe: Recipe) -> bool:
    # only the end: a tree with an older notice is still valid
    return (read_marker(tree) or '').endswith(recipe.text())


@contextmanager
def _temporary_sibling(tree: Path) -> Iterator[Path]:
    tree.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=tree.parent, prefix=f'.{tree.name}.', suffix='.tmp'))
    try:
        # mkdtemp makes folders that only their owner can read
        with courtesy():
            temporary.chmod(tree.parent.stat().st_mode & 0o777)
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _put_in_place(temporary: Path, tree: Path, recipe: Recipe) -> None:
    if _has_recipe(tree, recipe):
        return  # another process rendered the same meanwhile; its tree may be in use
    old = temporary / 'replaced'
    if read_marker(tree) is not None:
        os.replace(tree, old)
    elif tree.exists():
        tree.rmdir()  # empty, as checked before; Windows cannot replace a folder
    os.replace(temporary, tree)
    shutil.rmtree(tree / old.name, ignore_errors=True)


def _render(
    folder: Path,
    roster: Roster,
    shots: Sequence[Shot],
    seed: int,
    workers: int,
    difficulty: Difficulty | None,
    take: Take | None,
) -> None:
    looks = {pid: look for split in roster.values() for pid, look in split.items()}
    batches = [shots[start : start + _BATCH] for start in range(0, len(shots), _BATCH)]
    jobs = [
        (folder, batch, {s.pid: looks[s.pid] for s in batch if s.pid > 0}, seed, difficulty, take)
        for batch in batches
    ]
    with (
        _one_thread(),
        tqdm(total=len(shots), desc=f'rendering {folder.parent.name}', unit='image') as bar,
    ):
        if workers <= 1:
            for job in jobs:
                bar.update(render_batch(*job))
            return
        # The platform's start method, which torchreid's data loaders use, too.
        context = multiprocessing.get_context()
        with ProcessPoolExecutor(workers, context, _start_worker) as pool:
            futures = [pool.submit(render_batch, *job) for job in jobs]
            try:
                for future in as_completed(futures):
                    bar.update(future.result())
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep OpenCV from starting threads, since the processes share the cores already.

    Set in the parent, because a forked worker that changes OpenCV's number of threads waits
    forever for threads that only its parent has.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def _start_worker() -> None:
    if multiprocessing.get_start_method() != 'fork':
        cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when its parent is killed, instead of waiting for work forever."""
    parent = multiprocessing.parent_process()
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)


def render_batch(
    folder: Path,
    shots: Sequence[Shot],
    looks: dict[int, Look],
    seed: int,
    difficulty: Difficulty | None = None,
    take: Take | None = None,
) -> int:
    """Render ``shots`` into ``folder`` and return their number."""
    for shot in shots:
        picture = _take(shot, looks, seed, difficulty) if take is None else take(shot)
        _, data = cv2.imencode('.jpg', picture, (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY))
        (folder / shot.folder / shot.name).write_bytes(data.tobytes())
    return len(shots)


def _take(
    shot: Shot, looks: dict[int, Look], seed: int, difficulty: Difficulty | None
) -> np.ndarray:
    camera = CAMERAS[shot.camera - 1]
    scene = camera_scene(camera, seed)
    if shot.pid == JUNK:
        return photograph_junk(camera, scene, shot.frame, seed, difficulty)
    if shot.pid == DISTRACTOR:
        return photograph_false_detection(camera, scene, shot.frame, seed, difficulty)
    look, traits = looks[shot.pid], sample_traits(seed, shot.pid)
    return photograph(look, traits, shot.pid, camera, scene, shot.frame, seed, difficulty)
