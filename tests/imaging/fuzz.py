"""A coverage-guided fuzz target: `python -m tests.imaging.fuzz [libFuzzer's options]`.

Whatever the bytes, there must be variants that open or a verdict, within 20 seconds and the memory
that the decoding process has. Anything else ends the run and leaves its input as crash-…, timeout-…
or oom-… in build/fuzz, to be run again by naming the file. What was found worth keeping stays in
build/fuzz/corpus and is where the next run starts.
"""

import io
import os
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["services"], enable_loader_override=False):
    from services.imaging.environment import LIBRARIES

    os.environ.update(LIBRARIES)
    from services.core.rejected import Rejected
    from services.core.settings import Limits
    from services.imaging import (
        make_variants,
        pipeline,  # noqa: F401 - the engine would load it later, without instruments
    )
    from services.imaging.memory import MEMORY_BOUND

from PIL import Image

from tests import pictures
from tests.imaging import structure

FOLDER = Path("build/fuzz")
LIMITS = Limits(max_pixels=1_000_000, max_total_pixels=1_000_000)


def one_input(data: bytes) -> None:
    """Raise unless the bytes become variants of the right size or get a verdict."""
    try:
        picture = make_variants(data, sizes=(32,), formats=("webp", "jpeg"), limits=LIMITS)
    except Rejected:
        return
    for variant in picture.variants:
        if Image.open(io.BytesIO(variant.data)).size != (variant.fit.width, variant.fit.height):
            msg = f"a variant is not of {variant.fit}"
            raise AssertionError(msg)


def mutated(data: bytes, most: int, seed: int) -> bytes:
    """Return a mutation within the file's structure, mostly."""
    return structure.mutated(data, most, seed, atheris.Mutate)


def main() -> None:
    """Fuzz until the time is over or something is found."""
    corpus = FOLDER / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(pictures.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = FOLDER / "dictionary"
    words.write_text(structure.dictionary())
    most = max(map(len, pictures.seeds())) + 1000
    options = [
        f"-max_len={most}", "-timeout=20", f"-rss_limit_mb={MEMORY_BOUND >> 20}",
        f"-artifact_prefix={FOLDER}/", f"-dict={words}",
    ]  # fmt: skip
    named = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    arguments = [sys.argv[0], *options, *sys.argv[1:], *([] if named else [str(corpus)])]
    atheris.Setup(arguments, one_input, custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
