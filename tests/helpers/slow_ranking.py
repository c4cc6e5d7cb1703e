"""Scores of one query in plain loops down its ranking, slow and easy to read."""

import math


def kept_hits(distances, pid, camid, g_pids, g_camids):
    """Whether each image of the ranking is right, without junk: own identity and camera.

    Equal distances stay in the order of the gallery.
    """
    order = sorted(range(len(distances)), key=lambda place: distances[place])
    return [
        g_pids[place] == pid for place in order if (g_pids[place], g_camids[place]) != (pid, camid)
    ]


def first_rank(hits):
    """From 1; 0 without a match."""
    return next((place for place, hit in enumerate(hits, 1) if hit), 0)


def average_precision(hits):
    """As torchreid defines it: mean of k/r over the matches."""
    found, terms = 0, []
    for place, hit in enumerate(hits, 1):
        if hit:
            found += 1
            terms.append(found / place)
    return sum(terms) / len(terms) if terms else math.nan


def average_precision_zheng2015(hits):
    """As the public code of Zheng et al. does: the area is summed while the recall grows."""
    if not any(hits):
        return math.nan
    area, old_recall, old_precision, found = 0.0, 0.0, 1.0, 0
    for place, hit in enumerate(hits, 1):
        if hit:
            found += 1
        recall = found / sum(hits)
        precision = found / place
        area += (recall - old_recall) * (old_precision + precision) / 2
        old_recall, old_precision = recall, precision
    return area
