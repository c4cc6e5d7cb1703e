"""What fusing the branches gains over each of them in the same trained model (section 3.5)."""

from collections.abc import Iterator, Sequence

from midattr_plugin.compare.intervals import Difference, paired_difference
from midattr_plugin.compare.summary import Line

FUSED = 'fused'


def fusion_gains(lines: Sequence[Line]) -> Iterator[tuple[Line, Line, dict[str, Difference]]]:
    """Of each row with a fused feature: its line, that of a branch, and the paired differences.

    Yields:
        The line of the fused feature, the line of the single feature, and by figure the
        difference of the first to the second over the seeds, in points of percent.
    """
    for fused in (line for line in lines if line.descriptor == FUSED):
        for single in lines:
            if (single.row, single.target) == (fused.row, fused.target) and single is not fused:
                yield (
                    fused,
                    single,
                    {
                        name: paired_difference(fused.values[name], single.values[name])
                        for name in ('rank-1', 'mAP')
                    },
                )
