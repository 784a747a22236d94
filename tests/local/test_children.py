"""The processes of the local product."""

from services.local.children import Children


def test_what_ended_is_started_again_and_nothing_else() -> None:
    """Not even one whose name begins so: the eleventh worker goes on when the second ends."""
    with Children() as children:
        children.start("worker-10", ["/bin/sleep", "600"], {})
        children.start("worker-1", ["/bin/false"], {})
        other = children._running["worker-10"].pid
        children._running["worker-1"].wait()
        assert children.revive()
        assert children._running["worker-10"].pid == other
        assert not children.ended("worker-10")


def test_all_whose_names_begin_so_are_started_anew() -> None:
    """As after a change of their code."""
    with Children() as children:
        for name in ("worker-0", "worker-1", "weed"):
            children.start(name, ["/bin/sleep", "600"], {})
        before = {name: child.pid for name, child in children._running.items()}
        children.restart("worker", "web")
        after = {name: child.pid for name, child in children._running.items()}
        assert [name for name in before if before[name] != after[name]] == ["worker-0", "worker-1"]
