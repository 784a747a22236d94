"""`python -m services.resize.reprocess`: gives every photo the variants that the settings name.

Takes up where it was stopped: the key of a photo's entry says whether it is done, so finding out
costs one request for a thousand photos.
"""

import argparse
import os
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

from services.core.settings import ConfigError, Settings, load_settings
from services.resize.reprocess import Reprocessing, reprocess, stale
from services.store import Store

SECONDS_A_PHOTO = 120.0


def start(
    pool: ThreadPoolExecutor, photos: list[tuple[str, str]], store: Store, settings: Settings
) -> dict[Future[Reprocessing], str]:
    """Return what will be the outcome of each photo."""

    def one(album: str, photo_id: str) -> Reprocessing:
        return reprocess(
            album, photo_id, store, settings, deadline=time.monotonic() + SECONDS_A_PHOTO
        )

    return {pool.submit(one, album, photo_id): photo_id for album, photo_id in photos}


def run(store: Store, settings: Settings, *, dry_run: bool = False) -> int:
    """Do all photos with a progress bar, and return how many could not be done."""
    from tqdm import tqdm  # not in the image, which has this module for the function's sake

    found = stale(store, settings)
    sizes = ", ".join(str(size) for size in settings.variant_sizes)
    print(  # noqa: T201 a command's output
        f"{len(found)} photos have other variants than {', '.join(settings.variant_formats)} "
        f"in {sizes}"
    )
    failed = 0
    if dry_run or not found:
        return failed
    with ThreadPoolExecutor(os.cpu_count()) as pool, tqdm(total=len(found), unit="") as bar:
        photos = start(pool, found, store, settings)
        try:
            for future in as_completed(photos):
                if error := future.exception():
                    failed += 1
                    bar.write(f"{photos[future]} stays as it is: {error}", file=sys.stderr)
                bar.update()
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
    return failed


def main() -> int:
    """Run it and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m services.resize.reprocess", description=__doc__
    )
    parser.add_argument("--dry-run", action="store_true", help="only say how many photos it is")
    arguments = parser.parse_args()
    try:
        settings = load_settings()
        return 1 if run(Store.connect(settings), settings, dry_run=arguments.dry_run) else 0
    except ConfigError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("stopped; the same command goes on", file=sys.stderr)  # noqa: T201
        return 130


if __name__ == "__main__":
    sys.exit(main())
