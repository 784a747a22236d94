"""The queue between bridge and workers."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from services.local import queue as module
from services.local.queue import SCHEDULE, Queue, failures


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    """An empty one, of worker `a`, that tries again at once."""
    monkeypatch.setattr(module, "FIRST_DELAY_SECONDS", 0)
    with closing(Queue(tmp_path, "a")) as opened:
        yield opened


def fail(event: dict[str, Any]) -> None:
    """Raise, as the handler does where the storage fails."""
    raise OSError(event["name"])


def test_events_come_in_order_and_once(queue: Queue) -> None:
    """What was handled is gone."""
    handled: list[object] = []
    for number in range(3):
        queue.put({"number": number})
    while queue.take_one(handled.append):
        pass
    assert handled == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert (queue.waiting(), queue.failures()) == (0, [])


def test_after_three_tries_an_event_is_a_failure(queue: Queue, tmp_path: Path) -> None:
    """It is kept with its reason, tried no more, and again as often after the next start."""
    assert failures(tmp_path / "missing") == []
    queue.put({"name": "no room"})
    for _ in range(2):
        assert [queue.take_one(fail) for _ in range(4)] == [True, True, True, False]
        assert failures(tmp_path) == ["no room"]
        queue.redrive()
        assert (queue.waiting(), failures(tmp_path)) == (1, [])


def test_a_sweep_that_fails_is_not_tried_again(queue: Queue) -> None:
    """The next one comes by itself."""
    queue.put(SCHEDULE)
    assert queue.take_one(lambda _: 1 / 0)
    assert (queue.waiting(), queue.failures()) == (0, [])


def test_a_killed_worker_gives_back_what_it_had(queue: Queue, tmp_path: Path) -> None:
    """Only its own, only when it is back, and only so often."""

    def killed(_: object) -> None:
        raise KeyboardInterrupt

    queue.put({"name": "deadly"})
    for tries in range(1, 4):
        with pytest.raises(KeyboardInterrupt):
            queue.take_one(killed)
        with closing(Queue(tmp_path, "b")) as other:
            other.give_back()
            assert other.take_one(fail) is False
        queue.give_back()
        assert queue.waiting() == (1 if tries < 3 else 0)
    assert queue.failures() == ["the worker was killed"]


def event(name: str) -> dict[str, Any]:
    """Return an event whose source is the first letter of its name."""
    return {"Records": [{"userIdentity": {"principalId": name[0]}}], "name": name}


def taken(queue: Queue, count: int) -> list[Any]:
    """Take so many events and return them."""
    done: list[Any] = []
    for _ in range(count):
        queue.take_one(done.append)
    return [one["name"] for one in done]


def test_a_backlog_holds_up_its_own_source_alone(queue: Queue) -> None:
    """What another one uploads is next, and after that both take turns."""
    for number in range(16):
        queue.put(event(f"a{number}"))
    assert taken(queue, 4) == ["a0", "a1", "a2", "a3"]
    for number in range(3):
        queue.put(event(f"b{number}"))
    assert taken(queue, 8) == ["a4", "b0", "a5", "b1", "a6", "b2", "a7", "a8"]
    queue.put(event("c0"))
    assert taken(queue, 8) == ["a9", "c0", "a10", "a11", "a12", "a13", "a14", "a15"]
    queue.put(event("b3"))
    queue.put(event("a16"))
    assert taken(queue, 2) == ["b3", "a16"]


def test_a_long_backlog_makes_no_turn_slower(queue: Queue) -> None:
    """An index has the order, so that each take looks at one event and not at all."""
    plan = " ".join(str(row) for row in queue._sql(f"explain query plan {module.NEXT}", 3, 0.0))
    assert "turn" in plan
    assert "B-TREE" not in plan
