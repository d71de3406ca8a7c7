"""Which tasks can follow which is known for all of them at once, in circles too."""

from hypothesis import given
from hypothesis import strategies as st

from formicary.domain.following import Following

NODES = [f"n{number}" for number in range(8)]
GRAPHS = st.fixed_dictionaries(
    {node: st.lists(st.sampled_from(NODES), max_size=4) for node in NODES}
)


def walked(edges: dict[str, list[str]], start: str) -> set[str]:
    found: set[str] = set()
    pending = [start]
    while pending:
        for target in edges[pending.pop()]:
            if target not in found:
                found.add(target)
                pending.append(target)
    return found


@given(GRAPHS)
def test_following_is_what_a_walk_from_each_node_finds(edges: dict[str, list[str]]) -> None:
    following = Following(edges)

    for earlier in NODES:
        after = {node for node in NODES if following.can_follow(node, earlier)}
        assert after == walked(edges, earlier)


@given(st.permutations(NODES), st.data())
def test_without_circles_too(order: list[str], data: st.DataObject) -> None:
    edges = {
        node: data.draw(st.lists(st.sampled_from(order[place + 1 :]), max_size=3))
        if place + 1 < len(order)
        else []
        for place, node in enumerate(order)
    }
    following = Following(edges)

    for earlier in NODES:
        assert {n for n in NODES if following.can_follow(n, earlier)} == walked(edges, earlier)


def test_a_long_chain_needs_no_recursion() -> None:
    edges = {f"n{number}": [f"n{number + 1}"] for number in range(5000)} | {"n5000": []}

    assert Following(edges).can_follow("n5000", "n0")
    assert not Following(edges).can_follow("n0", "n5000")
