"""When the steps after the end of a series will be."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqnlp.errors import DataError
from seqnlp.readers.steps import Step


def times_after(times: NDArray[np.datetime64], steps: int, series: str, path: Path) -> NDArray[np.datetime64]:
    """Go on with the step of a series: so many seconds, or so many months.

    Args:
        times: When its rows were, two or more; shape (rows,).
        steps: How many moments to add.
        series: What it is called in messages.
        path: The file that it is from.

    Raises:
        seqnlp.errors.DataError: if the last rows are not evenly apart.
    """
    recent = times[-25:].astype("datetime64[s]")
    step = Step.infer([recent])
    if step is not None:
        places, exact = step.places(recent)
        if exact.all() and (np.diff(places) == 1).all():
            return step.after(recent[-1], np.arange(1, steps + 1))
    raise DataError(
        f"series {series!r}: its last rows are not evenly apart, so that none can be dated after them", path
    )
