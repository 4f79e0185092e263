"""`[parser]` of a tagger: biaffine attention over pairs of words (Dozat and Manning, 2017)."""

from typing import Annotated, final

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from seqnlp.codecs import Labels
from seqnlp.codecs.labels import UNSEEN
from seqnlp.codecs.spanning_tree import are_trees, best_tree
from seqnlp.decoders.base import Loss, TagModule, Tags
from seqnlp.nn.device import to_numpy
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import States
from seqnlp.shapes import Float, Int
from seqnlp.spec import Spec


@final
class Biaffine(Spec):
    """`[parser]` section: biaffine parser of label columns of the kind `dependencies`."""

    transferable = ("dropout",)

    arc_size: Annotated[int, Field(ge=1)] = 200
    """Features of a word as head and as dependent, for the choice of heads."""
    relation_size: Annotated[int, Field(ge=1)] = 64
    """The same for the choice of relations."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.33
    """Share of features dropped, before and after these, the same ones in all of a sentence."""

    def build(self, width: int, relations: Labels) -> "BiaffineParser":
        """Make the network for encoded steps of this width."""
        return BiaffineParser(self, width, len(relations))


@final
class BiaffineParser(TagModule):
    """Head and relation of each word; a tag is the head times the number of relations, plus the relation.

    Heads make the tree with the highest probability, one word of it at the root (Chu-Liu/Edmonds).
    """

    named_axes = {
        **dict.fromkeys(("relation_weight", "relation_bias"), (0,)),
        **dict.fromkeys(("of_head.weight", "of_head.bias"), (0,)),
    }

    def __init__(self, spec: Biaffine, width: int, relations: int) -> None:
        super().__init__()
        self.relations, self._arc, self._relation = relations, spec.arc_size, spec.relation_size
        bound = spec.relation_size**-0.5
        size = spec.arc_size + spec.relation_size
        self.as_dependent, self.as_head = nn.Linear(width, size), nn.Linear(width, size)
        self.root = nn.Parameter(torch.empty(size).uniform_(-0.1, 0.1))
        self.arc = nn.Linear(spec.arc_size, spec.arc_size)
        shape = relations, spec.relation_size, spec.relation_size
        self.relation_weight = nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
        self.relation_bias = nn.Parameter(torch.empty(shape[:2]).uniform_(-bound, bound))
        self.of_head = nn.Linear(spec.relation_size, relations)
        self.dropout = Dropout(spec.dropout)

    def loss(self, states: States, target: Int[Tensor, "batch time"]) -> Loss:
        """Cross-entropy of heads, plus that of relations to the right heads."""
        kept = states.mask & (target != UNSEEN)
        arcs, dependents, heads = self._scores(states)
        numbers = target[kept]
        gold, relation = numbers // self.relations, numbers % self.relations
        rows = kept.nonzero()[:, 0]
        logits = self._relations(dependents[kept], heads[rows, gold])
        total = nn.functional.cross_entropy(arcs[kept], gold, reduction="sum")
        total = total + nn.functional.cross_entropy(logits.float(), relation, reduction="sum")
        return Loss(total, len(numbers))

    def predict(self, states: States) -> Tags:
        """Likeliest tree of each sentence, and the likeliest relations in it."""
        arcs, dependents, heads = self._scores(states)
        logs = arcs.log_softmax(-1)
        chosen = torch.zeros_like(states.mask, dtype=torch.long)
        chosen[states.mask] = torch.from_numpy(trees(to_numpy(logs), to_numpy(states.mask))).to(chosen.device)
        rows = torch.arange(len(chosen), device=chosen.device)[:, None]
        shares, relation = self._relations(dependents, heads[rows, chosen]).float().softmax(-1).max(-1)
        scores = logs.gather(-1, chosen[..., None])[..., 0].exp() * shares
        return Tags(chosen * self.relations + relation, scores)

    def _scores(
        self, states: States
    ) -> tuple[Float[Tensor, "batch time heads"], Float[Tensor, "batch time size"], Float[Tensor, "batch heads size"]]:
        """Score all pairs of words.

        Returns:
            Logits of the heads, the root before the words, and features of dependents and heads for relations.
        """
        outputs, mask = self.dropout(states.outputs), states.mask
        dependents = self.dropout(nn.functional.leaky_relu(self.as_dependent(outputs), 0.1))
        words = nn.functional.leaky_relu(self.as_head(outputs), 0.1)
        root = self.root.to(words.dtype).expand(len(words), 1, -1)
        heads = self.dropout(torch.cat([root, words], 1))
        sizes = [self._arc, self._relation]
        (arc, relation), (arc_head, relation_head) = dependents.split(sizes, -1), heads.split(sizes, -1)
        logits = (self.arc(arc) @ arc_head.transpose(1, 2)).float()
        time = mask.shape[1]
        itself = torch.eye(time, dtype=torch.bool, device=mask.device)
        barred = nn.functional.pad(~mask[:, None, :] | itself, (1, 0))
        return logits.masked_fill(barred, -1e9), relation, relation_head

    def _relations(
        self, dependents: Float[Tensor, "*words size"], heads: Float[Tensor, "*words size"]
    ) -> Float[Tensor, "*words relations"]:
        """Logits of the relations of words to their heads."""
        asked = nn.functional.linear(dependents, self.relation_weight.flatten(0, 1), self.relation_bias.flatten())
        asked = asked.view(*asked.shape[:-1], self.relations, self._relation)
        return (asked @ heads[..., None])[..., 0] + self.of_head(heads)  # type: ignore[no-any-return]


def trees(logs: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Heads of the words of each sentence that make the likeliest tree.

    Args:
        logs: Log-probability of each head, the root before the words; shape (batch, time, time + 1).
        mask: True on real words; shape (batch, time).

    Returns:
        The head of each word, sentence after sentence.
    """
    lengths = mask.sum(1)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    heads: NDArray[np.int64] = logs.argmax(-1)[mask]  # a tree as it stands, most of the time
    for row in np.flatnonzero(~are_trees(heads, offsets) & (lengths > 0)).tolist():
        size = int(lengths[row])
        scores = np.full((size + 1, size + 1), -np.inf)
        scores[1:] = logs[row, :size, : size + 1]
        heads[offsets[row] : offsets[row + 1]] = best_tree(scores)
    return heads
