"""Refuses rows with other rendered pictures than the rows beside them.

A folder that is rendered again, e.g. with another ``--difficulty``, has the same images by name.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from midattr_plugin.compare.plan import Run
from midattr_plugin.datasets.rendered import recipes_of_data
from midattr_plugin.errors import InputError


def check_same_pictures(runs: Sequence[Run]) -> dict[str, str]:
    """Return by what recipe the rendered pictures of each dataset of finished runs were made.

    Raises:
        InputError: two runs had pictures of the same dataset, but of other recipes.
    """
    recipes: dict[str, str] = {}
    for run in runs:
        for dataset, recipe in run.results.rendered_as.items() if run.is_done else ():
            if recipes.setdefault(dataset, recipe) != recipe:
                raise InputError(
                    f'"{run.folder}" was run with {dataset} rendered by the recipe "{recipe}", and '
                    f'other runs of this suite by "{recipes[dataset]}"; remove the runs of one of '
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
    at_hand = recipes_of_data(datamanager)
    for dataset in sorted({*datamanager.test_loader, *datamanager.sources} & recipes.keys()):
        if recipes[dataset] != at_hand.get(dataset):
            raise InputError(
                f'{dataset} is rendered by the recipe "{at_hand.get(dataset)}", but finished runs '
                f'had "{recipes[dataset]}"; choose another --out, or render those pictures again'
            )
