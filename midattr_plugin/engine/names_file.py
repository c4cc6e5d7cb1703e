"""The file ``names.csv``: names behind the numbers of people and cameras in ``query_scores.csv``.

It has a row per number of a target whose people or cameras have names, such as one by a table.
"""

import csv
import io
from collections.abc import Mapping
from typing import Any


def names_text(datasets: Mapping[str, Any]) -> str:
    """Return the content of the file; '' if nobody has a name.

    Args:
        datasets: name of a target -> its images, which may have ``pid_names`` and ``camid_names``,
            names by number.
    """
    rows = [
        (target, what, number, name)
        for target, dataset in datasets.items()
        for what, names in (
            ('pid', getattr(dataset, 'pid_names', ())),
            ('camid', getattr(dataset, 'camid_names', ())),
        )
        for number, name in enumerate(names)
        if name
    ]
    if not rows:
        return ''
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows([('target', 'what', 'number', 'name'), *rows])
    return text.getvalue()
