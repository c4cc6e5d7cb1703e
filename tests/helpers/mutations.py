"""Damaged files: mutations of valid ones, and the check that each is read or refused in a sentence.

``pytest ... --mutations 1000`` tries more of them. Mutation n is the same in every run.
"""

import copy
import faulthandler
import resource
import signal
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

from midattr_plugin.errors import InputError

SECONDS = 60
"""After which a reader counts as hanging; the slowest takes less than a tenth."""
_GIB = 2**30
_EXTREMES = [b'\xff' * 4, b'\x7f\xff\xff\xff', b'\xff\xff\xff\x7f', b'\x00' * 4, b'\xff' * 8]
_TOKENS = [
    *(
        '~',
        'null',
        'yes',
        '-1',
        '0',
        '1e999',
        '.nan',
        '0x7fffffffffffffff',
        '9' * 400,
        '2018-99-99',
    ),
    *('[]', '{}', '[', '}', ':', '- ', '&a ', '*a', '!!python/name:os.system ', '!!binary x'),
    *(
        "'",
        '"',
        '#',
        '\t',
        '\0',
        '\ufeff',
        '\ud800',
        '中ö',
        '%',
        '<<: ',
        '? ',
        '|',
        '---\n',
        '...\n',
    ),
    *('../..', '~nobody/x', '/', 'a' * 5000, 'True', 'train.lr', 'midattr', '{a: 1}', '[1, x]'),
]


def mutated_bytes(data: bytes, random: Random) -> bytes:
    """Return ``data`` with bits flipped, blocks lost, moved, repeated or overwritten."""
    content = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 5))):
        start = random.randrange(len(content) + 1)
        end = min(len(content), start + random.choice((1, 4, 16, 300)))
        block = content[start:end]
        kind = random.randrange(7)
        if kind == 0 and block:
            content[start] ^= 1 << random.randrange(8)
        elif kind == 1:
            content[start : start + 4] = random.choice(_EXTREMES)
        elif kind == 2:
            del content[start:]
        elif kind == 3:
            del content[start:end]
        elif kind == 4:
            content[start:start] = block
        elif kind == 5:
            content[start:end] = bytes(len(block))
        else:
            content[start:start] = random.randbytes(random.choice((1, 8, 100)))
    return bytes(content)


def mutated_text(text: str, random: Random) -> bytes:
    """Return ``text`` with lines or words lost, swapped, repeated or replaced by odd ones."""
    if random.random() < 0.15:
        return mutated_bytes(text.encode(), random)
    lines = text.splitlines()
    for _ in range(random.choice((1, 1, 2, 4))):
        one, other = random.randrange(len(lines)), random.randrange(len(lines))
        kind = random.randrange(6)
        words = lines[one].split(' ')
        place = random.randrange(len(words))
        if kind == 0:
            lines[one], lines[other] = lines[other], lines[one]
        elif kind == 1:
            lines.insert(other, lines[one])
        elif kind == 2 and len(lines) > 1:
            del lines[one]
        elif kind == 3:
            lines[one] = ' ' * random.choice((1, 2, 8)) + lines[one]
        elif kind == 4:
            words[place] = random.choice(_TOKENS)
            lines[one] = ' '.join(words)
        else:
            column = random.randrange(len(lines[one]) + 1)
            lines[one] = lines[one][:column] + random.choice(_TOKENS) + lines[one][column:]
    return '\n'.join(lines).encode(errors='surrogatepass')


def mutated_value(value: Any, random: Random) -> Any:
    """Return nested values, one to three of them lost, renamed or of another type or shape."""
    value = copy.deepcopy(value)
    for _ in range(random.choice((1, 1, 2, 3))):
        value = _with_odd_part(value, random)
    return value


def _with_odd_part(value: Any, random: Random) -> Any:
    if isinstance(value, dict) and value and random.random() < 0.95:
        key = random.choice(list(value))
        kind = random.randrange(12)
        if kind == 0:
            del value[key]
        elif kind == 1:
            value[random.choice(('x', '', 0, -1, 10**6, None, ('a', 1), f'{key}x'))] = value.pop(
                key
            )
        elif kind == 2:
            value['unknown'] = _odd(random)
        else:
            value[key] = _with_odd_part(value[key], random)
        return value
    if isinstance(value, (list, tuple)) and value and random.random() < 0.9:
        items = list(value)
        place = random.randrange(len(items))
        kind = random.randrange(5)
        if kind == 0:
            del items[place]
        elif kind == 1:
            items.append(_odd(random))
        else:
            items[place] = _with_odd_part(items[place], random)
        return type(value)(items)
    if isinstance(value, torch.Tensor) and random.random() < 0.7:
        return _odd_tensor(value, random)
    return _odd(random)


def _odd(random: Random) -> Any:
    return random.choice(
        [
            *(
                None,
                True,
                0,
                -1,
                1,
                10**30,
                0.5,
                -0.0,
                float('nan'),
                float('inf'),
                '',
                'text',
                'ö中',
            ),
            *([], {}, [None], [[]], {'a': 1}, [1, 'x'], (), 'resnet50', '~', 'a' * 300, '\0'),
            *(2**31, 2**63, -(2**70), [1.5], [10**9], ['a', 'a'], {1: 2}, {'name': None}),
        ]
    )


def _odd_tensor(tensor: torch.Tensor, random: Random) -> torch.Tensor:
    changes: list[Callable[[], torch.Tensor]] = [
        lambda: tensor.double(),
        lambda: tensor.long(),
        lambda: tensor.bool(),
        lambda: tensor.to(torch.complex64),
        lambda: tensor.flatten()[:1].clone(),
        lambda: tensor.new_zeros(0),
        lambda: tensor.unsqueeze(0),
        lambda: tensor.flatten(),
        lambda: torch.zeros(()),
        lambda: torch.full_like(tensor, -1),
        lambda: torch.full(tensor.shape, float('nan')),
        lambda: torch.full(tensor.shape, float('inf')),
        lambda: tensor.to_sparse() if tensor.dim() else tensor,
    ]
    return random.choice(changes)()


def check_mutations(
    count: int,
    write: Callable[[Random, Path], object],
    read: Callable[[Path], object],
    path: Path,
    warm_up: bool = True,
) -> Counter:
    """Write ``count`` damaged files and read each; return how many were read and refused.

    Args:
        count: how many.
        write: writes a damaged file to a path.
        read: of the code under test: reads it, or refuses it with an InputError of one sentence.
        path: of the file.
        warm_up: whether ``path`` is a valid file now, which must be read.
    """
    if warm_up:
        read(path)  # imports what it needs, and shows that it can read at all
    outcomes, failures = Counter(), []
    with _limited_memory(), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        for number in range(count):
            write(Random(number), path)
            try:
                with _limited_time():
                    read(path)
                outcomes['read'] += 1
            except (InputError, FloatingPointError) as error:
                sentence = str(error)
                if '\n' in sentence.strip() or len(sentence) < 20 or len(sentence) > 20_000:
                    failures.append(f'mutation {number}: not a sentence: {sentence[:500]!r}')
                outcomes['refused'] += 1
            except (Exception, _Hang) as error:
                frame = traceback.extract_tb(error.__traceback__)[-1]
                failures.append(
                    f'mutation {number}: {type(error).__name__}: {str(error)[:200]} '
                    f'({frame.filename}:{frame.lineno})'
                )
    print(f'{path.name}: {dict(outcomes)}, {len(failures)} failures')
    assert not failures, '\n'.join(failures[:50])
    return outcomes


class _Hang(BaseException):
    """Raised by the alarm; nothing catches it on the way."""


@contextmanager
def _limited_time():
    def ring(*_):
        raise _Hang(f'no answer after {SECONDS} seconds')

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    # where no signal gets through
    faulthandler.dump_traceback_later(2 * SECONDS, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _limited_memory():
    """Let an absurd size in a header fail at once, on any machine that can limit memory."""
    size = Path('/proc/self/statm')
    if not size.exists():
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    now = int(size.read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + 4 * _GIB, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def mutated_struct(struct: dict, random: Random) -> dict:
    """Return nested structs for ``scipy.io.savemat``, with a field lost, renamed, cut or odd."""
    struct = copy.deepcopy(struct)
    place, key = struct, random.choice(list(struct))
    while isinstance(place[key], dict) and random.random() < 0.9:
        place = place[key]
        key = random.choice(list(place))
    kind = random.randrange(5)
    if kind == 0:
        del place[key]
    elif kind == 1:
        place[f'{key}x'] = place.pop(key)
    elif kind == 2 and isinstance(place[key], np.ndarray):
        place[key] = place[key][:, : random.randrange(3)]
    else:
        place[key] = random.choice(_ODD_FIELDS)
    return struct


def _cells(*values: Any) -> np.ndarray:
    cells = np.empty((1, len(values)), object)
    cells[0] = values
    return cells


_ODD_FIELDS = [
    np.zeros((0, 0)),
    np.array([[np.nan, 1.0]]),
    np.array([['a', 'b']]),
    np.array([[2**40]]),
    np.array([[1 + 2j]]),
    np.array([[-1.5]]),
    {'x': 1},
    'text',
    _cells('', 'x', 3),
    _cells('0002', '0007', '7'),
    _cells({'x': 1}, '1', 2.5),
]
