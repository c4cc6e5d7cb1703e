"""Paints places as a camera above a street sees them: mostly ground, and things on it."""

import cv2
import numpy as np

from midattr_plugin.rendering.backgrounds import Scene, sample_noise
from midattr_plugin.rendering.canvas import blot_map
from midattr_plugin.rendering.palette import Color
from midattr_plugin.rendering.street.things import THINGS, Thing

WIDTH, HEIGHT = 760, 560  # in pixels of a canvas
_ZOOM = (0.7, 1.6)
_GROUNDS = {
    'asphalt': 0.32, 'concrete': 0.16, 'slabs': 0.2, 'grass': 0.16, 'gravel': 0.08, 'hall': 0.08,
}  # fmt: skip


def sample_place(random: np.random.Generator) -> Scene:
    """Sample a place: grounds with borders between them, marks, perhaps walls, and things."""
    picture = _sample_ground(random)
    for _ in range(int(random.integers(1, 4))):
        _lay_ground(picture, random)
    for _ in range(int(random.integers(0, 7))):
        _paint_mark(picture, random)
    if random.random() < 0.55:
        _paint_wall(picture, random)
    for _ in range(int(random.integers(3, 11))):
        _paint_thing(picture, random)
    if random.random() < 0.5:
        _cast_shade(picture, random)
    picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.6, 1.6))
    return Scene(np.clip(picture, 0, 255).astype(np.uint8), _ZOOM)


def _choose(random: np.random.Generator, shares: dict[str, float]) -> str:
    return str(random.choice(list(shares), p=list(shares.values())))


def _noise(random: np.random.Generator, size: float) -> np.ndarray:
    """Sample smooth noise (HEIGHT, WIDTH, 1) with a standard deviation of about 1."""
    return sample_noise(random, HEIGHT, WIDTH, size)[..., None]


def _sample_dull(random: np.random.Generator, low: float, high: float) -> Color:
    """Sample a color with little saturation, like most things in a street."""
    tint = random.normal(0, 6, 3)
    return np.clip(random.uniform(low, high) + tint, 5, 250).astype(np.float32)


def _sample_ground(random: np.random.Generator) -> np.ndarray:
    """Sample asphalt, concrete, slabs, grass, gravel or the floor of a hall."""
    kind = _choose(random, _GROUNDS)
    rough: tuple[float, float]  # strength of large and of small blots
    if kind == 'grass':
        color = np.array((40, 105, 80), np.float32) * random.uniform(0.6, 1.4)
        color += random.normal(0, 10, 3).astype(np.float32)
        rough = (10, 12)
    elif kind == 'gravel':
        color = np.array((110, 140, 160), np.float32) * random.uniform(0.6, 1.2)
        rough = (8, 18)
    else:
        color = _sample_dull(random, 75, 225)
        rough = (5, random.uniform(1, 7))
    ground = color + rough[0] * _noise(random, random.uniform(30, 120))
    ground = ground + rough[1] * _noise(random, random.uniform(2, 4))
    if kind == 'slabs':
        _draw_joints(ground, color, random)
    if kind == 'hall':  # brighter at its near end
        ground *= 1 + 0.15 * np.linspace(-1, 1, HEIGHT, dtype=np.float32)[:, None, None]
    return ground.astype(np.float32)


def _draw_joints(ground: np.ndarray, color: Color, random: np.random.Generator) -> None:
    """Draw the joints between slabs."""
    step = int(random.integers(18, 70))
    line = (color * random.uniform(0.72, 0.92)).tolist()
    slope = random.uniform(-0.4, 0.4)
    for y in range(0, HEIGHT, max(8, int(step * random.uniform(0.3, 0.9)))):
        cv2.line(ground, (0, y), (WIDTH, y), line, 1, cv2.LINE_AA)
    for x in range(-HEIGHT, WIDTH + HEIGHT, step):
        cv2.line(ground, (x, 0), (int(x + slope * HEIGHT), HEIGHT), line, 1, cv2.LINE_AA)


def _lay_ground(picture: np.ndarray, random: np.random.Generator) -> None:
    """Lay another ground on one side of a line, often with a curb between them."""
    y = random.uniform(0.1, 0.9) * HEIGHT
    slope = random.uniform(-0.7, 0.7)
    left, right = (0.0, y - slope * WIDTH / 2), (float(WIDTH), y + slope * WIDTH / 2)
    edge = 0.0 if random.random() < 0.5 else float(HEIGHT)
    area = np.array([left, right, (WIDTH, edge), (0, edge)]).astype(np.int32)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(mask, [area], 255)
    picture[mask > 0] = _sample_ground(random)[mask > 0]
    if random.random() < 0.6:
        color = _sample_dull(random, 60, 230).tolist()
        thick = int(random.integers(2, 9))
        cv2.line(picture, area[0].tolist(), area[1].tolist(), color, thick, cv2.LINE_AA)


def _paint_mark(picture: np.ndarray, random: np.random.Generator) -> None:
    """Paint a line on the road, or a spot: a patch of tar, a puddle, a cover."""
    is_line = random.integers(3) == 0
    x, y = random.uniform(0, WIDTH), random.uniform(0, HEIGHT)
    if is_line:
        color = ((225, 225, 225), (60, 190, 225), (200, 160, 110))[int(random.integers(3))]
        angle = random.uniform(-0.9, 0.9)
        end = (int(x + 900 * np.cos(angle)), int(y + 900 * np.sin(angle)))
        start = (int(x - 900 * np.cos(angle)), int(y - 900 * np.sin(angle)))
        cv2.line(picture, start, end, color, int(random.integers(1, 7)), cv2.LINE_AA)
        return
    size = (int(random.uniform(10, 70)), int(random.uniform(4, 26)))
    shade = picture[int(y), int(x)] * random.uniform(0.5, 1.2)
    angle = random.uniform(-30, 30)
    cv2.ellipse(picture, (int(x), int(y)), size, angle, 0, 360, shade.tolist(), -1, cv2.LINE_AA)


def _paint_wall(picture: np.ndarray, random: np.random.Generator) -> None:
    """Paint a front with windows, a shop, or a hedge along the upper edge."""
    base = int(HEIGHT * random.uniform(0.12, 0.45))
    if random.random() < 0.3:
        blots = np.tile(blot_map(), (1, 2))[:base, :WIDTH, None]
        leaves = np.array((36, 66, 50), np.float32) * random.uniform(0.6, 1.5)
        picture[:base] = leaves + blots * np.array((45, 75, 62), np.float32)
        return
    brick = np.array((70, 95, 150), np.float32) * random.uniform(0.5, 1.3)
    color = brick if random.random() < 0.35 else _sample_dull(random, 50, 225)
    picture[:base] = color + 5 * _noise(random, 20)[:base]
    if random.random() < 0.5:
        for row in range(0, base, 7):
            cv2.line(picture, (0, row), (WIDTH, row), (color * 0.88).tolist(), 1)
    step, wide = int(random.integers(70, 240)), random.uniform(0.4, 0.95)
    top = int(base * random.uniform(0.05, 0.4))
    bottom = base if random.random() < 0.4 else int(base * random.uniform(0.6, 0.9))
    frame = _sample_dull(random, 30, 240).tolist()
    for x in range(int(random.integers(0, 60)), WIDTH, step):
        pane = (_sample_dull(random, 20, 120)).tolist()
        corner = (x + int(step * wide), bottom)
        cv2.rectangle(picture, (x, top), corner, pane, -1)
        cv2.rectangle(picture, (x, top), corner, frame, int(random.integers(1, 6)))


def _paint_thing(picture: np.ndarray, random: np.random.Generator) -> None:
    """Paint one of :data:`THINGS` somewhere, mostly in a dull color."""
    painters = list(THINGS)
    paint = painters[int(random.choice(len(painters), p=list(THINGS.values())))]
    x, y = int(random.integers(0, WIDTH)), int(random.integers(60, HEIGHT))
    size = random.uniform(0.6, 1.5)
    color = _sample_dull(random, 25, 220)
    if random.random() < 0.2:
        color = random.uniform(20, 240, 3).astype(np.float32)
    paint(Thing(picture, x, y, size, color.tolist(), (color * 0.6).tolist()), random)


def _cast_shade(picture: np.ndarray, random: np.random.Generator) -> None:
    """Darken an area with a straight edge, like the shade of a house."""
    x, y = random.uniform(0, WIDTH), random.uniform(0, HEIGHT)
    angle = random.uniform(0, 2 * np.pi)
    columns = np.arange(WIDTH, dtype=np.float32)[None] - x
    rows = np.arange(HEIGHT, dtype=np.float32)[:, None] - y
    depth = np.clip((np.cos(angle) * columns + np.sin(angle) * rows) / 6, 0, 1)
    picture *= (1 - random.uniform(0.2, 0.55) * depth)[..., None].astype(np.float32)
