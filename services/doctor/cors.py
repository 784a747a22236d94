"""Cross-origin rules of the upload bucket: the page posts to it and reads the answer."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from services.doctor.examination import Examination
from services.doctor.finding import Finding, fail, ok
from services.doctor.refusals import code_of
from services.local.s3.cors import CorsRule

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import CORSRuleOutputTypeDef

EXPOSED = ("ETag", "Location")  # Uppy waits for ever for an answer that it may not read


def cors(examination: Examination) -> Finding:
    """Check that the gallery's pages may post to the upload bucket and read ETag and Location."""
    installation = examination.installation
    bucket, origin = installation.settings.upload_bucket, installation.origin
    rule = {
        "AllowedOrigins": [origin],
        "AllowedMethods": ["POST"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": list(EXPOSED),
        "MaxAgeSeconds": 3000,
    }
    fix = installation.fix(
        f"aws s3api put-bucket-cors --bucket {bucket} "
        f"--cors-configuration '{json.dumps({'CORSRules': [rule]})}'"
    )
    try:
        told = installation.clients.s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    except ClientError as error:
        if code_of(error) != "NoSuchCORSConfiguration":
            raise
        return fail(f"{bucket} has no CORS rules, so no page can upload", fix)
    rules = [_rule(item) for item in told]
    # S3 takes the first rule that matches, whatever the later ones say.
    matching = next((rule for rule in rules if rule.match(origin, "POST")), None)
    if matching is None:
        if any(rule.match(origin, method) for rule in rules for method in rule.methods):
            return fail(f"{bucket} does not let {origin} POST", fix)
        origins = ", ".join(sorted({name for rule in rules for name in rule.origins}))
        return fail(f"{bucket} lets {origins} upload, not the gallery's own {origin}", fix)
    exposed = {name.lower() for name in matching.exposed}
    if hidden := [name for name in EXPOSED if name.lower() not in exposed]:
        return fail(f"{bucket} does not expose {' and '.join(hidden)} to the page", fix)
    return ok(f"{origin} may POST and read {' and '.join(EXPOSED)}")


def _rule(told: "CORSRuleOutputTypeDef") -> CorsRule:
    return CorsRule(
        tuple(told["AllowedOrigins"]),
        tuple(told["AllowedMethods"]),
        tuple(told.get("AllowedHeaders", ())),
        tuple(told.get("ExposeHeaders", ())),
    )
