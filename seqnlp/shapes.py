"""Shapes in signatures: `Float[Tensor, "batch time width"]`.

Tests check them at run time through jaxtyping and beartype; without jaxtyping they are only documentation.

| axis | size |
|---|---|
| batch | sequences in a batch |
| time | steps of a sequence, padding included |
| width | features of one step |
| distinct | different words in a batch |
| longest | characters of the longest of them |
| labels | tags or classes |
| lookback, horizon | steps of the input window, and steps to forecast |
| channels | values at each step of a series |
| covariates | future covariates of each step |
| size | parameters of the distribution of each value |
"""

from typing import TYPE_CHECKING, Any

__all__ = ["Bool", "Float", "Int"]

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
else:
    try:
        from jaxtyping import Bool, Float, Int
    except ModuleNotFoundError:

        class _Shaped:
            """Stand-in for jaxtyping: the array type alone, the shape only read by people."""

            def __class_getitem__(cls, item: tuple[Any, str]) -> Any:
                return item[0]

        Bool = Float = Int = _Shaped
