"""All checks, in the order in which they are told."""

from collections.abc import Callable, Iterator

from services.doctor import buckets, events
from services.doctor.clock import clock
from services.doctor.cors import cors
from services.doctor.end_to_end import end_to_end
from services.doctor.examination import Examination
from services.doctor.finding import Finding, Verdict, skip
from services.doctor.notification import no_loop, notification
from services.doctor.refusals import explain
from services.doctor.roles import roles

Check = Callable[[Examination], Finding]

REACHABLE = "buckets reachable"

CHECKS: dict[str, Check] = {
    REACHABLE: buckets.reachable,
    "region host": buckets.region,
    "ownership": buckets.ownership,
    "public access": buckets.public_access,
    "versioning": buckets.versioning,
    "CORS": cors,
    "notification": notification,
    "no loop": no_loop,
    "roles": roles,
    "failure queue": events.failure_queue,
    "sweep": events.sweep,
    "clock": clock,
    "end to end": end_to_end,
}
# What can be asked whether or not the buckets answer.
_WITHOUT_BUCKETS = frozenset({REACHABLE, "roles", "failure queue", "clock", "end to end"})


def examine(examination: Examination) -> Iterator[tuple[str, Finding]]:
    """Yield each check's name and finding, as soon as it is there; no check stops the others."""
    reachable = True
    for name, check in CHECKS.items():
        if not reachable and name not in _WITHOUT_BUCKETS:
            yield name, skip("a bucket cannot be asked, see above")
            continue
        try:
            finding = check(examination)
        except Exception as error:  # noqa: BLE001  whatever answers there, the next check is asked
            finding = explain(error, examination.installation)
        if name == REACHABLE:
            reachable = finding.verdict is not Verdict.FAIL
        yield name, finding
