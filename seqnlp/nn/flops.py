"""Floating-point operations of products and convolutions, counted as a network runs."""

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from seqnlp.nn.private import find


def _fused_rnn(inputs: Any, weight_ih: Any, weight_hh: Any, *rest: Any, out_shape: Any = None, **named: Any) -> int:
    """Operations of oneDNN's recurrent layer, which torch's counter does not know; arguments are shapes."""
    time, batch, width = inputs
    gates, size = weight_hh
    return int(2 * time * batch * gates * (width + size))


_LAYER = find("ops.aten.mkldnn_rnn_layer")

MAPPING: dict[Any, Any] = {} if _LAYER is None else {_LAYER: _fused_rnn}
"""Formulas beside those of torch."""


def count_flops(root: nn.Module, work: Callable[[], Any]) -> dict[str, int]:
    """Count floating-point operations: two for each multiplication with its addition.

    Args:
        root: A module that the work calls, whose parts are told apart.
        work: Runs the module.

    Returns:
        Operations by the path of a module under `root`, those of its own parts left out; what no module has done is
        under the empty path.
    """
    with FlopCounterMode(display=False, custom_mapping=MAPPING) as counter:
        work()
    whole = type(root).__name__
    totals = {
        name.removeprefix(whole).removeprefix("."): sum(by_kind.values())
        for name, by_kind in counter.get_flop_counts().items()
        if name != "Global"
    }
    totals[""] = counter.get_total_flops()
    own = dict(totals)
    for path in sorted(totals, key=len, reverse=True):
        if path:
            above = max((name for name in totals if _is_above(name, path)), key=len)
            own[above] -= totals[path]
    return {path: count for path, count in own.items() if count}


def _is_above(name: str, path: str) -> bool:
    return name != path and (not name or path.startswith(f"{name}."))
