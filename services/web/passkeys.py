"""Signing in by passkey (WebAuthn), for owners who signed in by a link once.

Source: W3C, "Web Authentication: An API for accessing Public Key Credentials, Level 3".
"""

import base64
import json
import secrets
import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from services.core.grants import grant_id
from services.store.passkeys import Passkey, passkey_id
from services.web.access import AccessDep, Owner, cookie_name, set_token
from services.web.dependencies import SettingsDep, StoreDep, public_url
from services.web.owner import start_session
from services.web.problems import ProblemError

router = APIRouter(prefix="/api/passkeys")

CHALLENGE_COOKIE = "challenge"
CHALLENGE_LASTS = timedelta(minutes=5)

_REFUSED = (HTTPStatus.FORBIDDEN, "The passkey was not accepted; sign in with a link.")


def _options(request: Request, options: Any, challenge: bytes) -> Response:
    """Return what the browser's dialog needs, and keep the challenge in a cookie until it answers."""
    from webauthn import options_to_json

    response = Response(options_to_json(options), media_type="application/json")
    text = base64.urlsafe_b64encode(challenge).decode()
    set_token(request, response, CHALLENGE_COOKIE, text, CHALLENGE_LASTS)
    response.headers["Cache-Control"] = "no-store"
    return response


def _new_challenge() -> bytes:
    return int(time.time()).to_bytes(8) + secrets.token_bytes(24)


def _challenge(request: Request, access: AccessDep) -> bytes:
    """Return the challenge that this browser was given; each counts once, and not for long."""
    text = request.cookies.get(cookie_name(request, CHALLENGE_COOKIE), "")
    try:
        challenge = base64.urlsafe_b64decode(text)
    except ValueError:
        challenge = b""
    age = time.time() - int.from_bytes(challenge[:8])
    fresh = len(challenge) == 32 and 0 <= age <= CHALLENGE_LASTS.total_seconds()
    if not fresh or not access.store.grants.use_up(grant_id(text)):
        raise ProblemError(*_REFUSED)
    return challenge


async def _credential(request: Request) -> dict[str, Any]:
    try:
        credential = json.loads(await request.body())
    except ValueError:
        credential = None
    if not isinstance(credential, dict) or not isinstance(credential.get("rawId"), str):
        raise ProblemError(*_REFUSED)
    return credential


Credential = Annotated[dict[str, Any], Depends(_credential)]


def _site(request: Request, settings: SettingsDep) -> tuple[str, str]:
    """Return the origin that a passkey is bound to, and the host as its id."""
    origin = public_url(request, settings)
    return origin, urlsplit(origin).hostname or ""


@router.post("/new")
def offer_passkey(
    request: Request, grant: Owner, store: StoreDep, settings: SettingsDep
) -> Response:
    """Return the options by which a browser makes a passkey."""
    from webauthn import generate_registration_options
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    name = str(store.grants.details(grant).get("name") or "owner")
    challenge = _new_challenge()
    options = generate_registration_options(
        rp_id=_site(request, settings)[1],
        rp_name=settings.site_title,
        user_name=name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=passkey.credential_id)
            for passkey in store.passkeys.all()
        ],
    )
    return _options(request, options, challenge)


@router.post("")
def keep_passkey(
    request: Request,
    grant: Owner,
    credential: Credential,
    access: AccessDep,
    settings: SettingsDep,
) -> Response:
    """Keep the public key of a passkey that the owner's browser made."""
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    origin, host = _site(request, settings)
    try:
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=_challenge(request, access),
            expected_rp_id=host,
            expected_origin=origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError):
        raise ProblemError(*_REFUSED) from None
    key, count = verified.credential_public_key, verified.sign_count
    name = str(access.store.grants.details(grant).get("name", ""))
    created = datetime.now(UTC).isoformat()
    access.store.passkeys.put(Passkey(verified.credential_id, key, count, name, created))
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.post("/signin")
def ask_for_passkey(request: Request, settings: SettingsDep) -> Response:
    """Return the options by which a browser asks for a passkey."""
    from webauthn import generate_authentication_options
    from webauthn.helpers.structs import UserVerificationRequirement

    challenge = _new_challenge()
    options = generate_authentication_options(
        rp_id=_site(request, settings)[1],
        challenge=challenge,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return _options(request, options, challenge)


@router.put("/signin")
def sign_in_by_passkey(
    request: Request, credential: Credential, access: AccessDep, settings: SettingsDep
) -> Response:
    """Sign in whoever holds the private key of a passkey that was kept."""
    from webauthn import base64url_to_bytes, verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    origin, host = _site(request, settings)
    try:
        passkey = access.store.passkeys.get(passkey_id(base64url_to_bytes(credential["rawId"])))
        if passkey is None:
            raise ProblemError(*_REFUSED)
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=_challenge(request, access),
            expected_rp_id=host,
            expected_origin=origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError):
        raise ProblemError(*_REFUSED) from None
    # Never put back: the owner may have withdrawn it while its signature was looked at.
    count = verified.new_sign_count
    if count and not access.store.passkeys.count(passkey, count):
        raise ProblemError(*_REFUSED)
    session = start_session(request, access, passkey.name, "passkey")
    response = JSONResponse({"next": session.headers["location"]})
    response.raw_headers += [header for header in session.raw_headers if header[0] == b"set-cookie"]
    return response
