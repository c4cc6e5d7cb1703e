"""What the finished runs of a row measured, and how it differs from what another row measured."""

from collections.abc import Mapping
from dataclasses import dataclass

from midattr_plugin.compare.intervals import Difference, paired_difference
from midattr_plugin.compare.query_differences import (
    QUERY_SCORES,
    QueriesBySeed,
    query_differences,
)
from midattr_plugin.errors import InputError


@dataclass(frozen=True)
class Measured:
    """Scores of the finished runs of a row on one target with one descriptor.

    Attributes:
        name: the row and descriptor, for messages.
        scores: seed -> score -> percent.
        queries: seed -> scores of each query; only of runs that kept them.
    """

    name: str
    scores: Mapping[int, Mapping[str, float]]
    queries: QueriesBySeed

    def minus(self, baseline: 'Measured') -> dict[str, Difference]:
        """Return the difference in each score over the seeds that both have; none without any.

        Raises:
            InputError: the two were not tested on the same queries.
        """
        seeds = [seed for seed in self.scores if seed in baseline.scores]
        if not seeds:
            return {}
        names = [name for name in self.scores[seeds[0]] if name in baseline.scores[seeds[0]]]
        differences = {
            name: paired_difference(
                {seed: self.scores[seed][name] for seed in seeds},
                {seed: baseline.scores[seed][name] for seed in seeds},
            )
            for name in names
        }
        kept = all(seed in side.queries for seed in seeds for side in (self, baseline))
        if not kept or len(seeds) == 1:
            return differences
        try:
            return differences | query_differences(
                self.queries,
                baseline.queries,
                seeds,
                [name for name in names if name in QUERY_SCORES],
            )
        except InputError as error:
            raise InputError(
                f'{self.name} and {baseline.name} cannot be compared: {error.sentence}; give '
                'both rows the same test data, or do not compare them'
            ) from None
