// Passkeys: the browser's own dialog makes one, or signs in with one.
import { element } from "../js/page.js";
import { post, t } from "./words.js";

const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
const decode = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

/** A credential as JSON (WebAuthn Level 3, 5.1.8), which not every browser writes by itself. */
function written({ id, rawId, type, authenticatorAttachment, response }) {
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const fields = parts.filter((name) => response[name]).map((name) => [name, encode(response[name])]);
  return {
    id,
    rawId: encode(rawId),
    type,
    authenticatorAttachment,
    clientExtensionResults: {},
    response: Object.fromEntries(fields),
  };
}

async function make() {
  const options = await post("/api/passkeys/new");
  options.challenge = decode(options.challenge);
  options.user.id = decode(options.user.id);
  for (const one of options.excludeCredentials ?? []) one.id = decode(one.id);
  await post("/api/passkeys", written(await navigator.credentials.create({ publicKey: options })));
  location.reload();
}

async function signIn() {
  const options = await post("/api/passkeys/signin");
  options.challenge = decode(options.challenge);
  const credential = await navigator.credentials.get({ publicKey: options });
  const { next } = await post("/api/passkeys/signin", written(credential), "PUT");
  location.assign(next);
}

export function startPasskeys() {
  if (!window.PublicKeyCredential) return;
  for (const [name, act] of [
    ["new", make],
    ["signin", signIn],
  ]) {
    const button = document.querySelector(`[data-passkey-${name}]`);
    if (!button) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      button.disabled = true;
      button.parentElement.querySelector("[role=alert]")?.remove();
      try {
        await act();
      } catch {
        button.after(element("span", { role: "alert" }, t("passkey_failed")));
      } finally {
        button.disabled = false;
      }
    });
  }
}
