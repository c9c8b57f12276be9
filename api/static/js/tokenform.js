// The form that asks for the token.
import { call } from "./api.js";
import { byId, tell } from "./dom.js";
import { keep } from "./token.js";

/** Keeps what is sent when it opens `scope`; then `onGrant(grant)`. */
export function tokenForm(scope, onGrant) {
  byId("token-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = byId("token").value.trim();
    try {
      const grant = await granted(text, scope);
      keep(text, byId("remember").checked);
      byId("token").value = "";
      askForToken(false);
      onGrant(grant);
    } catch (error) {
      refuse(error.status === 401 ? "The token is not one of this server's, or not any more." : error.message);
      byId("token").select();
    }
  });
}

/** What the token opens; throws for one that opens nothing, or not `scope`. */
export async function granted(text, scope) {
  const grant = await call("/v1/token", { headers: { Authorization: `Bearer ${text}` } });
  if (grant.scopes.includes(scope)) return grant;
  throw new Error(`This token may only ${grant.scopes.join(" and ")}: one with the scope “${scope}” is needed.`);
}

/** Shows the form with the reason why it asks, or hides it. */
export function askForToken(needed, reason = "") {
  byId("token-form").hidden = !needed;
  refuse(reason);
  if (needed) byId("token").focus();
}

/** Says what is wrong with the token in the field; nothing is without a reason. */
function refuse(reason) {
  tell(byId("token-error"), reason);
  byId("token").ariaInvalid = String(Boolean(reason));
}
