"""`python -m services.doctor`: checks a running installation, one line a check, with the fix.

Exit status: 0 all is well, 1 something is wrong, 2 nothing could be checked.
"""

import argparse
import sys

from services.core.settings import ConfigError, load_local_settings, load_settings
from services.doctor.checks import CHECKS, examine
from services.doctor.examination import Examination
from services.doctor.finding import Finding, Verdict
from services.doctor.installation import CannotExamineError, Installation, local_installation
from services.doctor.stack import DEFAULT_STACK, stack_installation

WIDTH = max(len(name) for name in CHECKS)
CLEAR = "\r\033[K"


def line(name: str, finding: Finding) -> str:
    """Return a finding as it is printed."""
    text = f"{finding.verdict:<4}  {name:<{WIDTH}}  {finding.text}"
    return f"{text}. Fix: {finding.fix}" if finding.fix else text


def find(arguments: argparse.Namespace) -> Installation:
    """Return the installation that was asked for; raises ConfigError or CannotExamineError."""
    settings = load_settings()
    if arguments.stack:
        return stack_installation(arguments.stack, settings.region)
    return local_installation(settings, load_local_settings())


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """Return the arguments; ends the program with status 2 where they are wrong."""
    parser = argparse.ArgumentParser(prog="python -m services.doctor", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--stack",
        nargs="?",
        const=DEFAULT_STACK,
        metavar="NAME",
        help=f"what was deployed, by its stack ({DEFAULT_STACK})",
    )
    which.add_argument(
        "--local", action="store_true", help="what `make run` runs with the same settings (default)"
    )
    parser.add_argument(
        "--seconds", type=float, default=60, help="how long a picture may take to appear (60)"
    )
    return parser.parse_args(words)


def progress(step: str) -> None:
    """Show a step on the terminal, over the one before."""
    if sys.stderr.isatty():
        print(f"{CLEAR}      {step}", end="", file=sys.stderr, flush=True)  # noqa: T201


def main(words: list[str] | None = None) -> int:
    """Check, print and return the exit status."""
    arguments = parse(words)
    try:
        installation = find(arguments)
    except (ConfigError, CannotExamineError) as error:
        print(f"doctor: {error}", file=sys.stderr)  # noqa: T201 the one sentence
        return 2
    examination = Examination(installation, seconds=arguments.seconds, progress=progress)
    wrong = 0
    for name, finding in examine(examination):
        if sys.stderr.isatty():
            print(CLEAR, end="", file=sys.stderr, flush=True)  # noqa: T201
        print(line(name, finding), flush=True)  # noqa: T201 what a person asked for
        wrong += finding.verdict is Verdict.FAIL
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
