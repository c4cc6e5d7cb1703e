"""Rows of a suite are tested on the same rendered pictures."""

from functools import partial
from types import SimpleNamespace

import pytest

from helpers.fake_runs import TARGET, change_results, write_runs
from midattr_plugin import torchreid_compat
from midattr_plugin.compare.same_pictures import check_pictures_at_hand, check_same_pictures
from midattr_plugin.datasets.rendered import MARKER, Recipe
from midattr_plugin.errors import InputError

EASY, HARD = Recipe(1, 0.5, 'invented people'), Recipe(1, 2, 'invented people')


def rendered_runs(folder, *recipes):
    _, runs, _ = write_runs(folder, seeds=(1, 2, 3), unfinished=[('more', 3)])
    for run, recipe in zip(runs, recipes, strict=False):  # the last one is not finished
        change_results(run, partial(_note, recipe=recipe))
    return runs


def _note(results, recipe):
    results.rendered_as[TARGET] = str(recipe)


def at_hand(folder, recipe):
    folder.mkdir(exist_ok=True)
    (folder / MARKER).write_text('A notice.\n' + recipe.text() if recipe else '')
    items = [(str(folder / 'gallery/1.jpg'), 1, 0)]
    dataset = torchreid_compat.ImageDataset(items, items, items, mode='gallery', verbose=False)
    loader = SimpleNamespace(dataset=dataset)
    return SimpleNamespace(
        sources=[], train_loader=loader, test_loader={TARGET: {'gallery': loader}}
    )


def test_one_recipe(tmp_path):
    runs = rendered_runs(tmp_path, *[EASY] * 5)
    recipes = check_same_pictures(runs)
    assert recipes == {TARGET: str(EASY)}
    check_pictures_at_hand(recipes, at_hand(tmp_path / 'data', EASY))
    for other in (HARD, None):
        with pytest.raises(InputError, match='runs had "renderer version: 2, seed: 1, diff.+0.5'):
            check_pictures_at_hand(recipes, at_hand(tmp_path / 'data', other))


def test_two_recipes(tmp_path):
    runs = rendered_runs(tmp_path, EASY, EASY, EASY, HARD)
    with pytest.raises(InputError, match='difficulty: 2.0, .+ other runs .+ "rend.+lty: 0.5'):
        check_same_pictures(runs)


def test_nothing_is_known(tmp_path):
    """Of real images, or of runs of a version that did not keep it."""
    recipes = check_same_pictures(rendered_runs(tmp_path))
    assert recipes == {}
    check_pictures_at_hand(recipes, at_hand(tmp_path / 'data', EASY))
