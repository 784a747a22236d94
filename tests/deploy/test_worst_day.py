"""What an open gallery can cost in a day, worked out from the settings and the template."""

from services.core.settings import Settings
from tests.deploy.packaging import ROOT, of_type, package
from tests.web.bounds import MOST_LISTINGS, MOST_READS

# US dollars in us-east-1, arm64. Sources: AWS's price pages of S3, Lambda, API Gateway.
LIST_OR_PUT, GET, API, INVOCATION = 5 / 1e6, 0.4 / 1e6, 1 / 1e6, 0.2 / 1e6
GB_SECOND, GB_MONTH = 0.0000133334, 0.023
LISTING_SECONDS = 0.02


def rows() -> list[str]:
    """Return the rows of the table in docs/deploy.md."""
    template, settings = package(), Settings()
    functions = of_type(template, "AWS::Lambda::Function")
    web, resize = functions["WebLambdaFunction"], functions["ResizeLambdaFunction"]
    [stage] = of_type(template, "AWS::ApiGatewayV2::Stage").values()
    rate = stage["DefaultRouteSettings"]["ThrottlingRateLimit"]
    asked = rate * 86_400
    # The costliest route makes the most listings; the one with the most reads makes fewer.
    seconds = MOST_LISTINGS * LISTING_SECONDS * web["MemorySize"] / 1024 * GB_SECOND
    by_request = API + INVOCATION + MOST_LISTINGS * LIST_OR_PUT + seconds
    assert MOST_READS * GET < MOST_LISTINGS * LIST_OR_PUT / 2
    # Forms that were given before the pause is seen: a minute until it is written, half until read.
    uploads = settings.photos_a_day + rate * 90
    by_upload = 30 * LIST_OR_PUT + resize["Timeout"] * resize["MemorySize"] / 1024 * GB_SECOND
    stored = settings.bytes_a_day / 1e9
    kept = f"${stored * GB_MONTH:,.2f} a month, at most ${settings.bytes_in_total / 1e9 * GB_MONTH:,.2f}"
    whole = f"each for the whole {resize['Timeout']} s"
    table = (
        ("Pages and API", f"{asked:,} requests, {rate} a second", "API Gateway's throttle",
         f"${asked * by_request:,.0f}"),
        ("Uploads that are looked at", f"{uploads:,}, {whole}",
         "`PHOTOS_A_DAY`, and 90 s until all know", f"${uploads * by_upload:,.0f}"),
        ("What is kept of them", f"{stored:,.0f} GB", "`BYTES_A_DAY`, `BYTES_IN_TOTAL`", kept),
    )  # fmt: skip
    return [f"| {' | '.join(row)} |" for row in table]


def test_the_worst_day_is_what_the_settings_make_it() -> None:
    """The table in docs/deploy.md has these very numbers."""
    document = (ROOT / "docs/deploy.md").read_text()
    assert "\n".join(rows()) in document, "\n".join(rows())
