"""The people to render: read from an annotation file, or invented and written to one."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import scipy.io

from midattr_plugin.datasets.matlab import load_mat
from midattr_plugin.errors import InputError
from midattr_plugin.rendering.look import (
    FIELDS,
    LOWER_COLORS,
    UPPER_COLORS,
    Look,
    look_from_fields,
    look_to_fields,
)
from midattr_plugin.rendering.seeds import generator

SPLITS = ('train', 'test')
_ALIKE = 0.55  # probability that an invented identity wears the colors of the one before it
# The first 116 bytes of a .mat file are free text; SciPy would write the time of day.
_HEADER = b'MATLAB 5.0 MAT-file, attributes of rendered people'.ljust(116)
Roster = dict[str, dict[int, Look]]  # split -> identity number -> look


def read_roster(path: Path) -> Roster:
    """Read an annotation file of Market-1501-Attribute.

    Unlike :mod:`midattr_plugin.datasets.mat_file` it keeps the splits and every color that is
    labeled 'yes', since a garment of several colors is painted differently from one of none.

    Raises:
        InputError: the file is missing, broken, or not that of Market-1501.
    """
    remedy = 'name the market_attribute.mat of Market-1501-Attribute'
    if not path.is_file():
        raise InputError(f'{path} does not exist; {remedy}')
    if path.stat().st_size == 0:
        raise InputError(f'{path} is empty; {remedy}')
    try:
        content = load_mat(path)
    except Exception as error:  # see load_mat
        raise InputError(
            f'{path} is not a MATLAB file ({type(error).__name__}); {remedy}'
        ) from error
    try:
        whole = content['market_attribute']
        roster = {split: _read_split(getattr(whole, split)) for split in SPLITS}
    except (KeyError, AttributeError, TypeError, ValueError, IndexError) as error:
        raise InputError(
            f'{path} lacks the structure of Market-1501-Attribute ({error}); {remedy}'
        ) from error
    both = roster['train'].keys() & roster['test'].keys()
    if both or not roster['train'] or not roster['test']:
        reason = f'identity {min(both)} is in train and test' if both else 'a split is empty'
        raise InputError(f'{path} cannot be rendered because {reason}; {remedy}')
    return roster


def _read_split(struct: object) -> dict[int, Look]:
    pids = [int(index) for index in np.atleast_1d(struct.image_index)]
    columns = {field: np.atleast_1d(getattr(struct, field)) for field in FIELDS}
    for field, column in columns.items():
        if column.shape != (len(pids),):
            raise ValueError(f'{field} has {column.size} values for {len(pids)} identities')
    if pids and not 0 < min(pids) <= max(pids) <= 9999:
        raise ValueError('an identity number is outside 1..9999')
    return {
        pid: look_from_fields({field: column[row] for field, column in columns.items()})
        for row, pid in enumerate(pids)
    }


def annotation_bytes(roster: Roster) -> bytes:
    """Return the content of market_attribute.mat; equal rosters give equal bytes."""
    content = {}
    for split in SPLITS:
        pids = sorted(roster[split])
        rows = [look_to_fields(roster[split][pid]) for pid in pids]
        struct = {field: np.array([[row[field] for row in rows]], np.uint8) for field in FIELDS}
        index = np.empty((1, len(pids)), object)
        index[0] = [f'{pid:04d}' for pid in pids]
        content[split] = struct | {'image_index': index}
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {'market_attribute': content})
    data = bytearray(buffer.getvalue())
    data[: len(_HEADER)] = _HEADER
    return bytes(data)


def first_identities(roster: Roster, limit: int) -> Roster:
    """Return the ``limit`` identities with the lowest numbers, half of them from each split.

    Raises:
        InputError: ``limit`` is below 2.
    """
    if limit < 2:
        raise InputError(
            f'--limit is {limit}, but one identity per split is needed; give 2 or more'
        )
    counts = {'train': (limit + 1) // 2, 'test': limit // 2}
    return {split: dict(sorted(roster[split].items())[: counts[split]]) for split in SPLITS}


def invent_roster(seed: int, num_train: int, num_test: int) -> Roster:
    """Sample people with realistic correlations between attributes.

    Colors and ages are dealt from shuffled decks, so that both splits have every class; hair,
    clothes and bags depend on gender and age. About 6% of the garments have no color label.
    Training identities have even numbers and test identities odd ones, until one runs out.
    """
    roster: Roster = {}
    for split, count in zip(SPLITS, (num_train, num_test), strict=True):
        random = generator(seed, f'roster {split}')
        ages = _shuffled_deck(random, count, (0, 1, 1, 2, 2, 3))
        upper = _shuffled_deck(random, count, UPPER_COLORS)
        lower = _shuffled_deck(random, count, LOWER_COLORS)
        females = _shuffled_deck(random, count, (True, False))
        looks = [
            _sample_look(random, *person)
            for person in zip(females, ages, upper, lower, strict=True)
        ]
        for row in range(1, count):
            if random.random() < _ALIKE:
                # the same colors on somebody else, e.g. in a school class
                model = looks[row - 1]
                looks[row] = replace(looks[row], upper=model.upper, lower=model.lower)
        roster[split] = dict(zip(_identity_numbers(split, num_train, num_test), looks, strict=True))
    return roster


def _identity_numbers(split: str, num_train: int, num_test: int) -> list[int]:
    paired = min(num_train, num_test)
    own = num_train if split == 'train' else num_test
    first = 2 if split == 'train' else 1
    rest = range(2 * paired + 1, num_train + num_test + 1)
    return [first + 2 * row for row in range(paired)] + list(rest[: own - paired])


def _shuffled_deck(random: np.random.Generator, count: int, cards: tuple) -> list:
    """Return ``count`` cards in random order, each about equally often."""
    rows = list(cards) * (count // len(cards) + 1)
    order = random.permutation(count)
    return [rows[i] for i in order]


def _sample_look(
    random: np.random.Generator, female: bool, age: int, upper: str, lower: str
) -> Look:
    chance = random.random(10)
    trousers = chance[0] < (0.55 if female else 0.90)
    return Look(
        female=bool(female),
        long_hair=bool(chance[1] < (0.75 if female else 0.14)),
        short_sleeves=bool(chance[2] < 0.58),
        # shorts and short skirts are more frequent among the young
        short_lower=bool(chance[3] < (0.62, 0.55, 0.42, 0.28)[age] + (0.1 if not trousers else 0)),
        trousers=bool(trousers),
        hat=bool(chance[4] < 0.35),
        backpack=bool(chance[5] < (0.45, 0.45, 0.28, 0.18)[age]),
        bag=bool(chance[6] < 0.40),
        handbag=bool(chance[7] < (0.55 if female else 0.22)),
        age=int(age),
        upper=(upper,) if chance[8] > 0.06 else (),
        lower=(lower,) if chance[9] > 0.06 else (),
    )
