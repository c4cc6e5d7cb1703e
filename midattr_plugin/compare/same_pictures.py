"""Refuses rows that were tested on other rendered pictures than the rows beside them.

A folder that is rendered again, e.g. with another ``--difficulty``, has the same images by name.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from midattr_plugin.compare.plan import Run
from midattr_plugin.datasets.rendered import recipe_of
from midattr_plugin.errors import InputError


def check_same_pictures(runs: Sequence[Run]) -> dict[str, str]:
    """Return by what recipe the rendered pictures of each target of finished runs were made.

    Raises:
        InputError: two runs were tested on pictures of the same target, but of other recipes.
    """
    recipes: dict[str, str] = {}
    for run in runs:
        for target, recipe in run.results.rendered_as.items() if run.is_done else ():
            if recipes.setdefault(target, recipe) != recipe:
                raise InputError(
                    f'"{run.folder}" was tested on {target} rendered by the recipe "{recipe}", and '
                    f'other runs of this suite by "{recipes[target]}"; remove the runs of one of '
                    'them, and run the suite again'
                )
    return recipes


def check_pictures_at_hand(recipes: Mapping[str, str], datamanager: Any) -> None:
    """Check that pictures are those of finished runs.

    Args:
        recipes: what :func:`check_same_pictures` returned.
        datamanager: a data manager of torchreid.

    Raises:
        InputError: they were rendered by another recipe.
    """
    for target, loaders in datamanager.test_loader.items():
        at_hand = str(recipe_of(loaders['gallery'].dataset))
        if recipes.get(target, at_hand) != at_hand:
            raise InputError(
                f'{target} is rendered by the recipe "{at_hand}", but finished runs were tested on '
                f'"{recipes[target]}"; choose another --out, or render those pictures again'
            )
