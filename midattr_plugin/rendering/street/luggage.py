"""Paints backpacks, shoulder bags, handbags, and what people hold in a hand."""

import numpy as np

from midattr_plugin.rendering.canvas import Canvas
from midattr_plugin.rendering.palette import Color, mix
from midattr_plugin.rendering.street.figure import Figure

_BLACK = np.array([18, 18, 20], np.float32)
_WHITE = np.array([240, 240, 240], np.float32)


def paint_backpack(canvas: Canvas, figure: Figure) -> None:
    """Paint the pack itself, on the back."""
    wearer = figure.wearer
    color, size = wearer.bag_colors[0], wearer.bag_size
    half_y = 0.085 + 0.045 * size
    y = figure.shoulder_y + 0.01 + half_y
    z = figure.lean * 0.7 - figure.depth - wearer.top.bulk
    levels = [
        (y - half_y, 0.045, 0.022, z - 0.02),
        (y - 0.8 * half_y, 0.072, 0.045, z - 0.032),
        (y + 0.7 * half_y, 0.080 + 0.012 * size, 0.055 + 0.02 * size, z - 0.045),
        (y + half_y, 0.068, 0.04, z - 0.036),
    ]
    unit = figure.view.scale_x
    canvas.paint(figure.rings(levels), color, 0.06 * unit, 0.14, wearer.folds)
    if figure.view.facing() < -0.1:
        pocket = figure.at(0, y + 0.4 * half_y, z - 0.095 - 0.02 * size)
        tone = mix(color, _BLACK if color.mean() > 90 else _WHITE, 0.2)
        canvas.paint(figure.ball(pocket, np.array([0.05, 0.36 * half_y, 0.012])), tone, 0.03 * unit)


def paint_straps(canvas: Canvas, figure: Figure) -> None:
    """Paint the straps of a backpack, unless seen from behind."""
    if figure.view.facing() < -0.2:
        return
    wearer = figure.wearer
    color = mix(wearer.bag_colors[0], _BLACK, 0.2)
    front = figure.depth + wearer.top.bulk
    s = figure.shoulder_y
    for side in (-1, 1):
        x = side * figure.shoulder * 0.58
        if figure.near(np.array([x, 0, front])) < 0:
            continue
        points = (
            (figure.at(x * 0.95, s - 0.004, figure.lean), 0.013),
            (figure.at(x, s + 0.07, figure.lean + front * 0.96), 0.013),
            (figure.at(x * 1.3, s + 0.16, front * 0.4), 0.009),
        )
        canvas.paint(figure.tube(*points), color, 3)


def paint_shoulder_bag(canvas: Canvas, figure: Figure) -> None:
    """Paint a bag beside the hip, with its strap across the trunk or on the shoulder."""
    wearer = figure.wearer
    color, size, side = wearer.bag_colors[1], wearer.bag_size, wearer.bag_side
    s, unit = figure.shoulder_y, figure.view.scale_x
    place = figure.at(side * (figure.hip + wearer.top.bulk + 0.02), 0.47 - 0.06 * size, -0.01)
    shoulder = -side if wearer.gait < 0.6 else 0.85 * side
    z = (figure.depth + wearer.top.bulk) * (0.95 if figure.view.facing() > 0 else -0.95)
    above = figure.at(shoulder * figure.shoulder * 0.55, s - 0.006, figure.lean)
    middle = figure.at(0.25 * (shoulder + side) * figure.shoulder, 0.30, z)
    strap = figure.tube((above, 0.008), (middle, 0.008), (place, 0.008))
    canvas.paint(strap, mix(color, _BLACK, 0.3), 2)
    half = np.array([0.028, 0.045 + 0.03 * size, 0.055 + 0.03 * size])
    canvas.paint(figure.ball(place, half), color, 0.04 * unit, 0.12, wearer.folds)


def paint_handbag(canvas: Canvas, figure: Figure) -> None:
    """Paint a handbag on the bent forearm."""
    wearer = figure.wearer
    name = 'l' if wearer.bag_side == 1 else 'r'
    elbow, hand = figure.joints[f'elbow_{name}'], figure.joints[f'hand_{name}']
    grip = elbow + 0.5 * (hand - elbow)
    half = np.array([0.018, 0.030 + 0.018 * wearer.bag_size, 0.042 + 0.02 * wearer.bag_size])
    center = grip + (0, 0.035 + half[1], 0)
    color = wearer.bag_colors[2]
    handle = figure.tube((grip, 0.006), (center, 0.006))
    canvas.paint(handle, mix(color, _BLACK, 0.3), 2)
    unit = figure.view.scale_x
    canvas.paint(figure.ball(center, half), color, 0.04 * unit, 0.1, wearer.folds)


def paint_in_hand(canvas: Canvas, figure: Figure, name: str, color: Color, size: float) -> None:
    """Paint a sheet, a phone or a shopping bag in the hand of side 'l' or 'r'."""
    elbow, hand = figure.joints[f'elbow_{name}'], figure.joints[f'hand_{name}']
    fist = hand + 0.25 * (hand - elbow)
    half = np.array([0.012 + 0.02 * size, 0.012 + 0.03 * size, 0.02 + 0.03 * size])
    low = fist + (0, half[1] * 0.6, 0)
    canvas.paint(figure.ball(low, half), color, 3)
