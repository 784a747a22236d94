"""The page as the template deploys it: its CORS, its notification, its roles, and nothing else."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from playwright.sync_api import expect

from tests.browser.conftest import Open, card, jpeg, picked, tile
from tests.conftest import free_port
from tests.deploy.deployment import Deployment, deploy
from tests.deploy.iam import Iam
from tests.deploy.packaging import package


@contextmanager
def served(deployment: Deployment, port: int) -> Iterator[None]:
    """Serve the web function, and call the resize function for what the bucket tells."""
    config = uvicorn.Config(
        deployment.client.app, "127.0.0.1", port, log_level="warning", lifespan="off"
    )
    server = uvicorn.Server(config)

    def resize() -> None:
        while not server.should_exit:
            deployment.deliver()
            time.sleep(0.05)

    threads = [threading.Thread(target=server.run), threading.Thread(target=resize)]
    for thread in threads:
        thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        for thread in threads:
            thread.join()


def test_the_deployed_page_uploads(open_page: Open) -> None:
    """A picture goes across origins to the bucket, and comes back resized, without a reload."""
    port = free_port()
    origin = f"http://localhost:{port}"
    with Iam() as iam, deploy(package(), iam, origin=origin) as on, served(on, port):
        page = open_page(origin)
        page.set_input_files("[data-chooser]", picked("deployed.jpg", jpeg(3)))
        expect(card(page, "deployed.jpg")).to_contain_text("Done")
        image = tile(page, "deployed.jpg").locator("img")
        expect(image).to_be_visible()
        page.wait_for_function("i => i.naturalWidth > 1", arg=image.element_handle())
        assert on.guard.denied == set()
