"""Plans the pictures of a tree: how many of each identity, camera, file name."""

from dataclasses import dataclass

import numpy as np

from midattr_plugin.rendering.cameras import NUM_CAMERAS
from midattr_plugin.rendering.roster import Roster
from midattr_plugin.rendering.seeds import generator

TRAIN, QUERY, GALLERY = 'bounding_box_train', 'query', 'bounding_box_test'
JUNK, DISTRACTOR = -1, 0  # identity numbers in the gallery, besides those of people
_MIN_CAMERAS = 2
_NUM_SEQUENCES = 6  # recordings of a camera
_STAMPS = (1000, 90000)  # range of the numbers of frames


@dataclass(frozen=True)
class Sizes:
    """Numbers of pictures; ``gallery`` does not count distractors and junk."""

    train: int
    query: int
    gallery: int
    distractors: int
    junk: int


# Market-1501: 751 identities with 12,936 pictures for training; 750 for testing with
# 3,368 queries and 13,115 + 2,798 + 3,819 = 19,732 pictures in the gallery.
MARKET = Sizes(12936, 3368, 13115, 2798, 3819)
MARKET_TRAIN_PIDS, MARKET_TEST_PIDS = 751, 750


@dataclass(frozen=True)
class Shot:
    """A picture to be taken; ``frame`` numbers the pictures of one identity and camera."""

    folder: str
    pid: int
    camera: int  # 1..6
    frame: int
    name: str


def market_sizes(num_train: int, num_test: int) -> Sizes:
    """Return the sizes of Market-1501, scaled to the given numbers of identities."""

    def scaled(images: int, pids: int, all_pids: int) -> int:
        return round(images * pids / all_pids)

    return Sizes(
        max(scaled(MARKET.train, num_train, MARKET_TRAIN_PIDS), num_train * _MIN_CAMERAS),
        *(
            scaled(images, num_test, MARKET_TEST_PIDS)
            for images in (MARKET.query, MARKET.gallery, MARKET.distractors, MARKET.junk)
        ),
    )


def make_plan(roster: Roster, sizes: Sizes, seed: int) -> list[Shot]:
    """Return all pictures of a tree, in exactly the numbers ``sizes``.

    Every identity is seen by at least two cameras. A test identity has one query for each
    camera that sees it and at least one gallery picture there, so that each query has a
    match in another camera. Apart from the identity and the camera, a name tells nothing: every
    walk past a camera has a recording, a time and a number of pictures of its own.
    """
    random = generator(seed, 'plan')
    shots: list[Shot] = []
    train = list(roster['train'])
    most = min(NUM_CAMERAS * len(train), sizes.train)
    seen = _share(random, min(most, round(4.3 * len(train))), len(train), _MIN_CAMERAS, NUM_CAMERAS)
    walks = _sample_walks(random, train, seen)
    for (pid, camera), number in zip(walks, _spread(random, sizes.train, len(walks)), strict=True):
        shots += _plan_walk(random, pid, camera, [TRAIN] * number)

    test = list(roster['test'])
    walks = _sample_walks(
        random, test, _share(random, sizes.query, len(test), _MIN_CAMERAS, NUM_CAMERAS)
    )
    for (pid, camera), number in zip(
        walks, _spread(random, sizes.gallery, len(walks)), strict=True
    ):
        shots += _plan_walk(random, pid, camera, [QUERY] + [GALLERY] * number)

    for pid, number in ((DISTRACTOR, sizes.distractors), (JUNK, sizes.junk)):
        shots += _plan_detections(random, pid, number)
    return shots


def _share(random: np.random.Generator, total: int, count: int, low: int, high: int) -> np.ndarray:
    """Return ``count`` integers within [low, high] with the sum ``total``."""
    if not low * count <= total <= high * count:
        raise ValueError(f'{total} cannot be shared among {count} within [{low}, {high}]')
    shares = np.full(count, low)
    while shares.sum() < total:
        open_ones = np.flatnonzero(shares < high)
        short = total - shares.sum()
        chosen = random.permutation(open_ones)[:short]
        # half of them at a time, so that the shares differ
        shares[chosen[: max(1, len(chosen) // 2)]] += 1
    return shares


def _spread(random: np.random.Generator, total: int, count: int) -> np.ndarray:
    """Return ``count`` integers of at least 1 with the sum ``total``, unequal as in real data."""
    if total < count:
        raise ValueError(f'{total} pictures are too few for {count} identities and cameras')
    appetite = random.lognormal(0, 0.5, count)
    return 1 + random.multinomial(total - count, appetite / appetite.sum())


def _sample_walks(
    random: np.random.Generator, pids: list[int], seen: np.ndarray
) -> list[tuple[int, int]]:
    """Return pairs of an identity and one of the cameras that see it, ``seen`` of them each."""
    return [
        (pid, int(camera))
        for pid, number in zip(pids, seen, strict=True)
        for camera in np.sort(random.permutation(NUM_CAMERAS)[:number] + 1)
    ]


def _plan_walk(
    random: np.random.Generator, pid: int, camera: int, folders: list[str]
) -> list[Shot]:
    """Return the pictures of an identity by a camera, one for each of ``folders``."""
    sequence = int(random.integers(1, _NUM_SEQUENCES + 1))
    # in any order, so that queries are not always the first
    stamps = random.integers(*_STAMPS) + 25 * random.permutation(len(folders))
    return [
        Shot(folder, pid, camera, frame, _name(random, folder, pid, camera, sequence, stamp))
        for frame, (folder, stamp) in enumerate(zip(folders, stamps, strict=True))
    ]


def _plan_detections(random: np.random.Generator, pid: int, number: int) -> list[Shot]:
    """Return distractors or junk, which have nothing to do with each other."""
    stamps = random.choice(np.arange(*_STAMPS), number, replace=False)
    return [
        Shot(
            GALLERY,
            pid,
            camera := 1 + index % NUM_CAMERAS,
            index // NUM_CAMERAS,
            _name(random, GALLERY, pid, camera, int(random.integers(1, _NUM_SEQUENCES + 1)), stamp),
        )
        for index, stamp in enumerate(stamps)
    ]


def _name(
    random: np.random.Generator, folder: str, pid: int, camera: int, sequence: int, stamp: int
) -> str:
    """Return a file name as in Market-1501, where queries have box 0."""
    box = 0 if folder == QUERY else random.integers(1, 5)
    number = '-1' if pid == JUNK else f'{pid:04d}'
    return f'{number}_c{camera}s{sequence}_{stamp:06d}_{box:02d}.jpg'
