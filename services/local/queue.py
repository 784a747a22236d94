"""The durable queue between bridge and workers: one table of SQLite in the data folder.

Task queues of Python on SQLite forget a task as it starts. Here an event stays until it is handled,
and a try counts before it begins: a worker that is killed loses none and repeats none for ever.
"""

import json
import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Any

FILE = "queue.sqlite"

# As Lambda does with asynchronous events: the first try and two more, then the failure list.
TRIES = 3
FIRST_DELAY_SECONDS = 2
SCHEDULE = {"source": "aws.events", "detail-type": "Scheduled Event"}

TABLE = """
pragma journal_mode = wal;
create table if not exists event (
    id integer primary key, body text not null, tries integer not null default 0,
    round integer not null, due real not null, worker text, error text not null default ''
);
create index if not exists turn on event (round, id)
"""
WAITING = "from event where worker is null and tries < ?"
NEXT = f"select id {WAITING} and due <= ? order by round, id limit 1"
TAKE = (
    f"update event set worker = ?, tries = tries + 1 where id = ({NEXT}) returning id, body, tries"  # noqa: S608 likewise
)


class Queue:
    """Events on their way to the handler; any number of processes may use the same file.

    `worker` names who takes events, the same after a restart. Each change is on disk, by fsync,
    when its method returns.
    """

    def __init__(self, data_dir: Path, worker: str = "") -> None:
        self._worker = worker
        self._rounds: dict[str, int] = {}  # source → the round of its last event
        self._lock = Lock()
        self._db = sqlite3.connect(
            data_dir / FILE, timeout=30, isolation_level=None, check_same_thread=False
        )
        self._db.executescript(TABLE)

    def put(self, event: dict[str, Any]) -> None:
        """Add an event.

        Start-time fair queueing: each event of a source stands one round after its last, and rounds
        are taken in order, so that a backlog holds up nobody's but its own source's.
        """
        [record, *_] = event.get("Records") or [{}]
        source = record.get("userIdentity", {}).get("principalId", "")
        with self._lock:
            [(now,)] = self._sql(f"select min(round) {WAITING}", TRIES)
            rounds = {} if now is None else self._rounds
            self._rounds = {one: last for one, last in rounds.items() if last >= now}
            self._rounds[source] = max(now or 0, self._rounds.get(source, -1) + 1)
            values = json.dumps(event), self._rounds[source], time.time()
            self._sql("insert into event (body, round, due) values (?, ?, ?)", *values)

    def waiting(self) -> int:
        """Return how many events wait for a worker."""
        return int(self._sql(f"select count(*) {WAITING}", TRIES)[0][0])

    def take_one(self, handle: Callable[[dict[str, Any]], object]) -> bool:
        """Call `handle` with the next event, if there is one; what it raises is tried again."""
        if not self._sql(NEXT, TRIES, time.time()):
            return False  # without a lock on the file
        taken = self._sql(TAKE, self._worker, TRIES, time.time())
        for number, body, tries in taken:
            event = json.loads(body)
            try:
                handle(event)
            except Exception as error:
                logging.getLogger(__name__).exception("event not handled")
                if event != SCHEDULE:  # which comes again by itself
                    self._sql(
                        "update event set worker = null, due = ?, error = ? where id = ?",
                        time.time() + FIRST_DELAY_SECONDS * 2 ** (tries - 1),
                        *(str(error) or type(error).__name__, number),
                    )
                    continue
            self._sql("delete from event where id = ?", number)
        return bool(taken)

    def give_back(self) -> None:
        """Put back what this worker had taken when it was killed."""
        back = "update event set worker = null, error = 'the worker was killed' where worker = ?"
        self._sql(back, self._worker)

    def failures(self) -> list[str]:
        """Return why events were given up on, one by one, the oldest first."""
        given_up = "select error from event where worker is null and tries >= ? order by due"
        return [error for (error,) in self._sql(given_up, TRIES)]

    def redrive(self) -> None:
        """Put all events back, for as many tries again, while no worker runs."""
        self._sql("update event set worker = null, tries = 0, due = ?", time.time())

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _sql(self, statement: str, *values: object) -> list[Any]:
        return self._db.execute(statement, values).fetchall()


def failures(data_dir: Path) -> list[str]:
    """Return why the product in a data folder gave up on events; none where none ever ran."""
    if not (data_dir / FILE).exists():
        return []
    with closing(Queue(data_dir)) as queue:
        return queue.failures()
