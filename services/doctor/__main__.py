"""`python -m services.doctor`: checks a running installation, one line a check, with the fix.

Exit status: 0 all is well, 1 something is wrong, 2 nothing could be checked.
"""

import argparse
import sys
from dataclasses import replace

from services.core.settings import ConfigError, load_local_settings, load_settings
from services.doctor.checks import CHECKS, run_checks
from services.doctor.finding import Finding, Verdict
from services.doctor.installation import CannotCheckError, local_installation
from services.doctor.stack import DEFAULT_STACK, stack_installation

WIDTH = max(len(name) for name in CHECKS)
CLEAR = "\r\033[K"


def line(name: str, finding: Finding) -> str:
    """Return a finding as it is printed."""
    text = f"{finding.verdict:<4}  {name:<{WIDTH}}  {finding.text}"
    return f"{text}. Fix: {finding.fix}" if finding.fix else text


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """Return the arguments; ends the program with status 2 where they are wrong."""
    parser = argparse.ArgumentParser(prog="python -m services.doctor", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    named = f"a stack ({DEFAULT_STACK})"
    which.add_argument("--stack", nargs="?", const=DEFAULT_STACK, metavar="NAME", help=named)
    here = "what `make run` runs with these settings (default)"
    which.add_argument("--local", action="store_true", help=here)
    wait = "how long a picture may take to be published (60)"
    parser.add_argument("--seconds", type=float, default=60, help=wait)
    return parser.parse_args(words)


def progress(step: str) -> None:
    """Show a step on the terminal, over the one before."""
    if sys.stderr.isatty():
        print(f"{CLEAR}      {step}", end="", file=sys.stderr, flush=True)  # noqa: T201


def main(words: list[str] | None = None) -> int:
    """Check, print and return the exit status."""
    arguments = parse(words)
    try:
        settings = load_settings()
        if arguments.stack:
            found = stack_installation(arguments.stack, settings.region)
        else:
            found = local_installation(settings, load_local_settings())
        installation = replace(found, seconds=arguments.seconds, progress=progress)
    except (ConfigError, CannotCheckError) as error:
        print(f"doctor: {error}", file=sys.stderr)  # noqa: T201 the one sentence
        return 2
    wrong = 0
    for name, finding in run_checks(installation):
        if sys.stderr.isatty():
            print(CLEAR, end="", file=sys.stderr, flush=True)  # noqa: T201
        print(line(name, finding), flush=True)  # noqa: T201 the report
        wrong += finding.verdict is Verdict.FAIL
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
