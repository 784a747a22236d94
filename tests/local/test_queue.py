"""In which order the local product does what was uploaded."""

from pathlib import Path
from typing import Any

from services.local.queue import Queue


def event(name: str) -> dict[str, Any]:
    """Return an event whose source is the first letter of its name."""
    return {"Records": [{"userIdentity": {"principalId": name[0]}}], "name": name}


def taken(queue: Queue, count: int) -> list[Any]:
    """Take so many events and return them."""
    done: list[Any] = []
    for _ in range(count):
        queue.take_one(done.append)
    return [one["name"] for one in done]


def test_a_backlog_holds_up_its_own_source_alone(tmp_path: Path) -> None:
    """What another one uploads is next, and after that both take turns."""
    queue = Queue(tmp_path)
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
    queue.close()
