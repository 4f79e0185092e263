from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.tasks.tag.scores import most_frequent_tags


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=40))
def test_against_plain_python(pairs: list[tuple[int, int]]) -> None:
    def first_of_the_most(tags: list[int]) -> int:
        return min(Counter(tags).items(), key=lambda item: (-item[1], item[0]))[0]

    everywhere = first_of_the_most([tag for _, tag in pairs])
    found = most_frequent_tags(np.array([word for word, _ in pairs]), np.array([tag for _, tag in pairs]), 8)
    for word in range(8):
        own = [tag for other, tag in pairs if other == word]
        assert found[word] == (first_of_the_most(own) if own else everywhere)
