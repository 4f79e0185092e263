"""Recipe: everything that a training needs to know, as one frozen typed tree."""

from abc import ABC
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from seqnlp.errors import Fault
from seqnlp.recipe.data import Data
from seqnlp.spec import Family


class Recipe(Family, ABC):
    """A task and the parts that it is assembled from. Each task is a member, in `seqnlp.tasks`."""

    discriminator: ClassVar[str] = "task"

    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    """Every random choice of a training follows from this number."""
    plugins: list[str] = []
    """Python files with components of your own; they are run when the recipe is read."""
    data: Data

    def faults(self) -> Iterator[Fault]:
        """Settings that are each right alone and make no sense together; `key` and `problem` are set."""
        yield from ()

    def locate(self, source: str, find: Callable[[str], Path]) -> Any:
        """Where a split is, as it is then read; `find` raises `DataError` for a file that is not there."""
        return self.data.reader.locate(source, find)
