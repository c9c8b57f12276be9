// The token of this server: asked for once, kept for the tab or, if wished, on this computer.
const KEY = "fontkin-token";

export const token = () => sessionStorage.getItem(KEY) || localStorage.getItem(KEY) || "";

export function keep(text, onThisComputer = false) {
  forget();
  (onThisComputer ? localStorage : sessionStorage).setItem(KEY, text);
}

export function forget() {
  sessionStorage.removeItem(KEY);
  localStorage.removeItem(KEY);
}

/** The address of a picture that only the token opens; null when it does not. */
export async function privately(url) {
  if (!token()) return null;
  const answer = await fetch(url, { headers: authorized() }).catch(() => null);
  return answer?.ok ? URL.createObjectURL(await answer.blob()) : null;
}

/** The header that carries it; none without a token. */
export const authorized = () => (token() ? { Authorization: `Bearer ${token()}` } : {});
