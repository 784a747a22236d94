"""The gallery under uvicorn, with reload: `python -m services.local.web HOST PORT`."""

import os
import signal
import sys
import threading
import time

import uvicorn


def end_with(parent: int) -> None:
    """Stop this process once the one that started it is gone, even if that was killed."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    uvicorn.run(
        "services.web.app:app",
        host=sys.argv[1],
        port=int(sys.argv[2]),
        reload=True,
        reload_dirs=["services"],
        log_level="warning",
        server_header=False,
        proxy_headers=False,  # TRUSTED_PROXIES says whom to believe
    )
