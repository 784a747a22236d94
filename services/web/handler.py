"""Entry point of the web Lambda."""

from mangum import Mangum

from services.web.app import app

# The lifespan would be run on every invocation; clients are made when the module is imported.
handler = Mangum(app, lifespan="off")
