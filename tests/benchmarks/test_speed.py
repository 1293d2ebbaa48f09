from __future__ import annotations

from benchmarks.speed import measure


def test_ways_are_timed_in_turn_and_the_first_round_is_dropped() -> None:
    calls: list[str] = []
    ways = measure({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3)
    assert calls == ["a", "b"] * 4
    assert [way.name for way in ways] == ["a", "b"]
    assert [len(way.seconds) for way in ways] == [3, 3]
    assert all(seconds > 0 for way in ways for seconds in way.seconds)
