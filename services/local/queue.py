"""The durable queue between bridge and workers: huey on SQLite, in the data folder."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

from huey import Huey
from huey.api import Task
from huey.signals import SIGNAL_ERROR
from huey.storage import SqliteStorage

FILE = "queue.sqlite"

# As Lambda does with asynchronous events: the first try and two more, then the failure list.
TRIES = 3
FIRST_DELAY_SECONDS = 2
SCHEDULE = {"source": "aws.events", "detail-type": "Scheduled Event"}


Handle = Callable[[dict[str, Any]], object]


@dataclass(frozen=True, slots=True)
class Failure:
    """An event that was given up on."""

    event: dict[str, Any]
    error: str
    at: float  # seconds since 1970


class _KeepsWhatIsTaken(SqliteStorage):  # type: ignore[misc] # huey has no types
    """Keeps what a worker took until it asks for more: huey itself forgets a task as it starts."""

    ddl = (
        *SqliteStorage.ddl,
        "create table if not exists taken (worker text not null primary key, data blob not null)",
    )

    def __init__(self, *arguments: Any, worker: str = "", **options: Any) -> None:
        self.worker = worker
        super().__init__(*arguments, **options)

    def dequeue(self) -> bytes | None:
        """Return the next task of this worker, and be done with its last."""
        mine = "(select 1 from taken where worker = ?)"
        found = f"select exists (select 1 from task where queue = ?) or exists {mine}"  # noqa: S608 no value in it
        if self.sql(found, (self.name, self.worker), results=True) == [(0,)]:
            return None
        with self.db(commit=True) as cursor:
            cursor.execute("delete from taken where worker = ?", (self.worker,))
            cursor.execute(
                "delete from task where id = (select id from task where queue = ? "
                "order by priority desc, id limit 1) returning data",
                (self.name,),
            )
            row = cursor.fetchone()
            if row:
                cursor.execute("insert into taken values (?, ?)", (self.worker, row[0]))
        return bytes(row[0]) if row else None

    def next_round(self) -> int | None:
        """Return the round of the task that is taken next, or None where nothing waits."""
        sql = "select max(priority) from task where queue = ?"
        [(highest,)] = self.sql(sql, (self.name,), results=True)
        return None if highest is None else -int(highest)

    def left_behind(self) -> bytes | None:
        """Return what this worker had taken when it was killed, if anything."""
        sql = "select data from taken where worker = ?"
        rows = self.sql(sql, (self.worker,), results=True)
        return bytes(rows[0][0]) if rows else None


class Queue:
    """Events on their way to the handler; any number of processes may use the same file.

    `worker` names who takes events, the same after a restart.
    """

    def __init__(self, data_dir: Path, worker: str = "") -> None:
        self._huey = Huey(
            storage_class=_KeepsWhatIsTaken,
            filename=str(data_dir / FILE),
            worker=worker,
            results=False,
        )
        self._handle: Handle = print
        self._rounds: dict[str, int] = {}  # source → the round of its last event
        self._lock = Lock()
        self._deliver = self._huey.task(
            retries=TRIES - 1, retry_delay=FIRST_DELAY_SECONDS, retry_backoff=2, name="deliver"
        )(lambda event: self._handle(event))
        self._huey.signal(SIGNAL_ERROR)(self._note_failure)

    def put(self, event: dict[str, Any]) -> None:
        """Add an event; it is on disk when this returns.

        Start-time fair queueing: each event of a source stands one round after its last, and rounds
        are taken in order, so that a backlog holds up nobody's but its own source's.
        """
        [record, *_] = event.get("Records") or [{}]
        source = record.get("userIdentity", {}).get("principalId", "")
        with self._lock:
            now = self._huey.storage.next_round()
            rounds = {one: last for one, last in self._rounds.items() if last >= (now or 0)}
            self._rounds = {} if now is None else rounds
            self._rounds[source] = max(now or 0, self._rounds.get(source, -1) + 1)
            self._deliver(event, priority=-self._rounds[source])

    def waiting(self) -> int:
        """Return how many events nobody has taken yet."""
        return int(self._huey.pending_count())

    def take_one(self, handle: Handle) -> bool:
        """Call `handle` with the next event, if there is one; what it raises is tried again."""
        self._handle = handle
        if self._huey.scheduled_count():
            for due in self._huey.read_schedule():
                self._huey.enqueue(due)
        task = self._huey.dequeue()
        if task:
            self._huey.execute(task)
        return task is not None

    def give_back(self) -> None:
        """Put back what this worker had taken when it was killed, as one try less."""
        data = self._huey.storage.left_behind()
        if data is None:
            return
        task = self._huey.deserialize_task(data)
        if task.retries:
            task.retries -= 1
            self._huey.enqueue(task)
        else:
            self._note_failure(SIGNAL_ERROR, task, "the worker was killed each time")
        # Whoever is killed just here leaves the event twice, which the handler is made for.
        self._huey.storage.sql("delete from taken where worker = ?", (self._worker,), commit=True)

    @property
    def _worker(self) -> str:
        return str(self._huey.storage.worker)

    def failures(self) -> list[Failure]:
        """Return the events that were given up on, the oldest first."""
        items = self._huey.storage.result_items().values()
        found = [Failure(**json.loads(bytes(item))) for item in items]
        return sorted(found, key=lambda failure: failure.at)

    def redrive(self) -> None:
        """Put the events that were given up on back, for as many tries again."""
        for failure in self.failures():
            self.put(failure.event)
        self._huey.storage.flush_results()

    def close(self) -> None:
        """Close the file."""
        self._huey.storage.close()

    def _note_failure(self, _: str, task: Task, error: object = None) -> None:
        event = task.args[0]
        if not task.retries and event != SCHEDULE:  # else it comes again, or the next sweep does
            self.give_up(event, str(error) or type(error).__name__)

    def give_up(self, event: dict[str, Any], error: str) -> None:
        """Add an event to those that are tried no more."""
        failure = Failure(event, error, time.time())
        self._huey.storage.put_data(str(uuid4()), json.dumps(asdict(failure)).encode())


def failures(data_dir: Path) -> list[Failure]:
    """Return the events that the product in a data folder gave up on; none where none ever ran."""
    if not (data_dir / FILE).exists():
        return []
    queue = Queue(data_dir)
    try:
        return queue.failures()
    finally:
        queue.close()
