"""Paints the places behind the people: ground, walls, greenery and street furniture."""

from dataclasses import dataclass

import cv2
import numpy as np

from midattr_plugin.rendering.canvas import blot_map

WIDTH, HEIGHT = 900, 420  # of a scene, in pixels of the canvas (two per pixel of a picture)


@dataclass(frozen=True)
class Scene:
    """A place (H, W, 3) uint8, BGR; each picture shows a window of it."""

    pixels: np.ndarray
    zoom: tuple[float, float] = (0.8, 1.35)  # range of the size of a window against a picture

    def window(self, random: np.random.Generator, width: int, height: int) -> np.ndarray:
        """Return a piece (height, width, 3) float32 at a random place and scale."""
        zoom = random.uniform(*self.zoom)
        wide, high = int(width * zoom), int(height * zoom)
        x = int(random.integers(0, self.pixels.shape[1] - wide))
        y = int(random.integers(0, self.pixels.shape[0] - high))
        flip = random.random() < 0.5
        piece = self.pixels[y : y + high, x : x + wide]
        piece = cv2.resize(
            piece[:, ::-1] if flip else piece, (width, height), interpolation=cv2.INTER_LINEAR
        )
        return piece.astype(np.float32)


def sample_scene(random: np.random.Generator, kind: int) -> Scene:
    """Sample a place; ``kind`` (1..6) chooses its character."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.float32)
    horizon = int(HEIGHT * random.uniform(0.30, 0.42))
    _paint_ground(picture, horizon, random, grass=kind in (2, 4))
    if kind in (1, 5):
        _paint_wall(picture, horizon, random)
    elif kind in (2, 4):
        _paint_greenery(picture, horizon, random)
    else:
        _paint_shops(picture, horizon, random)
    for _ in range(9):
        _paint_object(picture, horizon, random)
    picture = cv2.GaussianBlur(picture, (0, 0), 1.6)
    picture += random.standard_normal(picture.shape, np.float32) * 2
    return Scene(np.clip(picture, 0, 255).astype(np.uint8))


def _sample_dull_color(random: np.random.Generator, low: float, high: float) -> np.ndarray:
    """Sample a color (3,) with little saturation, like most things in a street."""
    return random.uniform(low, high) + random.uniform(-22, 22, 3)


def sample_noise(random: np.random.Generator, height: int, width: int, size: float) -> np.ndarray:
    """Sample smooth noise (height, width) float32 with a standard deviation of 1."""
    coarse = random.standard_normal((int(height / size) + 2, int(width / size) + 2), np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def _paint_ground(
    picture: np.ndarray, horizon: int, random: np.random.Generator, grass: bool
) -> None:
    height = HEIGHT - horizon
    color = np.array((150, 158, 164) if not grass else (128, 148, 150), np.float32)
    color = color * random.uniform(0.75, 1.15) + random.uniform(-10, 10, 3).astype(np.float32)
    ground = np.broadcast_to(color, (height, WIDTH, 3)).copy()
    ground *= np.linspace(0.86, 1.08, height, dtype=np.float32)[:, None, None]
    ground += 7 * sample_noise(random, height, WIDTH, 30)[..., None]
    ground += 4 * sample_noise(random, height, WIDTH, 4)[..., None]
    line = (color * 0.82).tolist()
    for step in np.cumsum(
        9 * 1.42 ** np.arange(12)
    ):  # joints between slabs, farther apart when nearer
        if step < height:
            cv2.line(ground, (0, int(step)), (WIDTH, int(step)), line, 1, cv2.LINE_AA)
    for x in range(-1200, WIDTH + 1200, 110):
        far = WIDTH // 2 + (x - WIDTH // 2) * 0.4
        cv2.line(ground, (int(far), 0), (x, height), line, 1, cv2.LINE_AA)
    picture[horizon:] = ground


def _paint_wall(picture: np.ndarray, horizon: int, random: np.random.Generator) -> None:
    color = np.array(random.uniform((95, 110, 120), (170, 180, 190)), np.float32)
    picture[:horizon] = color + 6 * sample_noise(random, horizon, WIDTH, 24)[..., None]
    for row in range(0, horizon, 12):
        cv2.line(picture, (0, row), (WIDTH, row), (color * 0.88).tolist(), 1)
        for x in range((row // 12 % 2) * 14, WIDTH, 28):
            cv2.line(picture, (x, row), (x, row + 12), (color * 0.88).tolist(), 1)
    for x in range(60, WIDTH, 230):
        cv2.rectangle(picture, (x, 12), (x + 90, horizon - 22), (70, 62, 55), -1)
        cv2.rectangle(picture, (x, 12), (x + 90, horizon - 22), (190, 195, 195), 4)
    cv2.rectangle(picture, (0, horizon - 6), (WIDTH, horizon + 4), (90, 92, 95), -1)


def _paint_greenery(picture: np.ndarray, horizon: int, random: np.random.Generator) -> None:
    picture[:horizon] = (168, 160, 150)
    top = int(horizon * 0.15)
    blots = np.tile(blot_map(), (1, 2))[: horizon + 30, :WIDTH, None]
    leaves = np.array((38, 70, 52), np.float32) * random.uniform(0.8, 1.2)
    hedge = leaves + blots * np.array((45, 75, 62), np.float32)
    picture[top : horizon + 20] = hedge[: horizon + 20 - top]
    for _ in range(7):
        x, wide = int(random.integers(0, WIDTH)), int(random.integers(7, 16))
        cv2.rectangle(picture, (x, 0), (x + wide, horizon + 26), (52, 66, 80), -1)


def _paint_shops(picture: np.ndarray, horizon: int, random: np.random.Generator) -> None:
    picture[:horizon] = random.uniform((120, 120, 125), (185, 185, 190))
    x = 0
    while x < WIDTH:
        wide = int(random.integers(90, 190))
        color = _sample_dull_color(random, 40, 200)
        cv2.rectangle(picture, (x, 0), (x + wide, horizon // 3), color.tolist(), -1)
        cv2.rectangle(
            picture,
            (x + 8, horizon // 3 + 6),
            (x + wide - 8, horizon - 4),
            _sample_dull_color(random, 30, 110).tolist(),
            -1,
        )
        for _ in range(8):
            left = int(random.integers(x + 8, x + wide - 30))
            low = int(random.integers(horizon // 3 + 8, horizon - 14))
            cv2.rectangle(
                picture,
                (left, low),
                (left + 18, low + 12),
                _sample_dull_color(random, 60, 220).tolist(),
                -1,
            )
        x += wide


def _paint_object(picture: np.ndarray, horizon: int, random: np.random.Generator) -> None:
    """Paint a pole, a litter bin, a parked bicycle or a crate."""
    kind = int(random.integers(4))
    x = int(random.integers(20, WIDTH - 60))
    y = int(random.integers(horizon + 20, HEIGHT - 20))
    size = 0.5 + (y - horizon) / (HEIGHT - horizon)
    color = _sample_dull_color(random, 30, 190).tolist()
    if kind == 0:
        cv2.rectangle(picture, (x, 0), (x + int(7 * size), y), color, -1)
    elif kind == 1:
        cv2.rectangle(picture, (x, y - int(60 * size)), (x + int(38 * size), y), color, -1)
        cv2.ellipse(
            picture,
            (x + int(19 * size), y - int(60 * size)),
            (int(19 * size), int(6 * size)),
            0,
            0,
            360,
            (50, 50, 50),
            -1,
        )
    elif kind == 2:
        paint_bicycle(picture, x, y, size, color)
    else:
        cv2.rectangle(picture, (x, y - int(30 * size)), (x + int(60 * size), y), color, -1)
        cv2.rectangle(picture, (x, y - int(30 * size)), (x + int(60 * size), y), (60, 60, 60), 2)


def paint_bicycle(picture: np.ndarray, x: int, y: int, size: float, color: list[float]) -> None:
    """Paint a bicycle that stands on row ``y``; at ``size`` 1 its wheels measure 44 pixels."""
    radius = int(22 * size)
    back, front = (x, y - radius), (x + int(58 * size), y - radius)
    seat = (x + int(18 * size), y - int(52 * size))
    bar = (x + int(50 * size), y - int(56 * size))
    thick = max(2, int(3 * size))
    for wheel in (back, front):
        cv2.circle(picture, wheel, radius, (35, 35, 38), thick, cv2.LINE_AA)
    crank = (x + int(26 * size), y - radius)
    for a, b in (
        (back, seat),
        (seat, bar),
        (crank, seat),
        (crank, bar),
        (back, crank),
        (bar, front),
    ):
        cv2.line(picture, a, b, color, thick, cv2.LINE_AA)
