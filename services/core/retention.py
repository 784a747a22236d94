"""How long what is not a photo is kept, in days: on AWS by the buckets' lifecycle rules."""

from services.core.grants import USED_PREFIX
from services.core.keys import (
    ATTEMPT_PREFIX,
    QUARANTINE_PREFIX,
    REPORT_PREFIX,
    TOMBSTONE_PREFIX,
    VERDICT_PREFIX,
)

OLD_VERSIONS = 7  # of an upload that another one followed; the sweep tries it until then

IN_UPLOAD_BUCKET = {QUARANTINE_PREFIX: 7}
IN_GALLERY_BUCKET = {
    VERDICT_PREFIX: 30,
    TOMBSTONE_PREFIX: 30,  # longer than any version of the upload that they are about
    REPORT_PREFIX: 90,
    ATTEMPT_PREFIX: 30,
    USED_PREFIX: 60,  # that a one-time token was used; grants in use are noted again and again
}
