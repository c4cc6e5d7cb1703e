"""Plans the pictures of a tree: how many of each identity, camera, file name."""

from dataclasses import dataclass

import numpy as np

from midattr_plugin.rendering.cameras import NUM_CAMERAS
from midattr_plugin.rendering.roster import Roster
from midattr_plugin.rendering.seeds import generator

TRAIN, QUERY, GALLERY = 'bounding_box_train', 'query', 'bounding_box_test'
JUNK, BACKGROUND = -1, 0  # identity numbers of distractors in the gallery
_MIN_CAMERAS = 2


@dataclass(frozen=True)
class Sizes:
    """Numbers of pictures; ``gallery`` does not count background and junk."""

    train: int
    query: int
    gallery: int
    background: int
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
            for images in (MARKET.query, MARKET.gallery, MARKET.background, MARKET.junk)
        ),
    )


def make_plan(roster: Roster, sizes: Sizes, seed: int) -> list[Shot]:
    """Return all pictures of a tree, in exactly the numbers ``sizes``.

    Every identity is seen by at least two cameras. A test identity has one query for each
    camera that sees it and at least one gallery picture there, so that each query has a
    match in another camera.
    """
    random = generator(seed, 'plan')
    shots: list[Shot] = []
    train = list(roster['train'])
    most = min(NUM_CAMERAS * len(train), sizes.train)
    cameras = _share(
        random, min(most, round(4.3 * len(train))), len(train), _MIN_CAMERAS, NUM_CAMERAS
    )
    images = _spread(random, sizes.train, cameras)
    for pid, seen, number in zip(train, cameras, images, strict=True):
        shots += _plan_walks(random, pid, _sample_cameras(random, seen), [(TRAIN, number)])

    test = list(roster['test'])
    cameras = _share(random, sizes.query, len(test), _MIN_CAMERAS, NUM_CAMERAS)
    images = _spread(random, sizes.gallery, cameras)
    for pid, seen, number in zip(test, cameras, images, strict=True):
        shots += _plan_walks(
            random, pid, _sample_cameras(random, seen), [(QUERY, seen), (GALLERY, number)]
        )

    for pid, number in ((BACKGROUND, sizes.background), (JUNK, sizes.junk)):
        shots += _plan_walks(random, pid, np.arange(1, NUM_CAMERAS + 1), [(GALLERY, number)])
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


def _spread(random: np.random.Generator, total: int, least: np.ndarray) -> np.ndarray:
    """Return integers of at least ``least`` with the sum ``total``, unequal as in real data."""
    rest = total - least.sum()
    if rest < 0:
        raise ValueError(f'{total} pictures are too few for {least.sum()} identities and cameras')
    appetite = least * random.lognormal(0, 0.5, len(least))
    return least + random.multinomial(rest, appetite / appetite.sum())


def _sample_cameras(random: np.random.Generator, number: int) -> np.ndarray:
    return np.sort(random.permutation(NUM_CAMERAS)[:number] + 1)


def _plan_walks(
    random: np.random.Generator, pid: int, cameras: np.ndarray, parts: list[tuple[str, int]]
) -> list[Shot]:
    """Return the pictures of one identity, each camera in turn, named as in Market-1501."""
    sequence = int(random.integers(1, 7))
    begin = random.integers(1000, 90000, len(cameras))
    taken = dict.fromkeys(cameras.tolist(), 0)
    shots = []
    for folder, number in parts:
        for index in range(number):
            which = index % len(cameras)
            camera = int(cameras[which])
            frame = taken[camera]
            taken[camera] += 1
            stamp = begin[which] + 25 * frame
            box = 0 if folder == QUERY else 1 + index % 4
            number_text = '-1' if pid == JUNK else f'{pid:04d}'
            name = f'{number_text}_c{camera}s{sequence}_{stamp:06d}_{box:02d}.jpg'
            shots.append(Shot(folder, pid, camera, frame, name))
    return shots
