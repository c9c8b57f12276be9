// The token of this server: asked for once, kept for its tabs or, if wished, on this computer.
const KEY = "fontkin-token";
const PATIENCE = 150; // milliseconds that other tabs have to answer
const tabs = new BroadcastChannel(KEY);

tabs.addEventListener("message", ({ data }) => {
  const mine = sessionStorage.getItem(KEY);
  if (data.wanted && mine) tabs.postMessage({ token: mine });
  if (data.gone) sessionStorage.removeItem(KEY);
});

export const token = () => sessionStorage.getItem(KEY) || localStorage.getItem(KEY) || "";

/** The token, from another tab of this server if need be; "" when nobody has one. */
export function anyToken() {
  if (token()) return Promise.resolve(token());
  return new Promise((resolve) => {
    const take = ({ data }) => {
      if (data.token) sessionStorage.setItem(KEY, data.token);
      if (data.token) done();
    };
    const done = () => { tabs.removeEventListener("message", take); resolve(token()); };
    tabs.addEventListener("message", take);
    tabs.postMessage({ wanted: true });
    setTimeout(done, PATIENCE);
  });
}

export function keep(text, onThisComputer = false) {
  forget();
  (onThisComputer ? localStorage : sessionStorage).setItem(KEY, text);
}

/** In every tab. */
export function forget() {
  sessionStorage.removeItem(KEY);
  localStorage.removeItem(KEY);
  tabs.postMessage({ gone: true });
}

/** The header that carries it; none without a token. */
export const authorized = () => (token() ? { Authorization: `Bearer ${token()}` } : {});

/** `fetch` with the token. One that opens nothing any more, revoked or of another time, is
 *  forgotten, and what everybody may see is asked for. */
export async function fetched(url, options = {}) {
  const ask = () => fetch(url, { ...options, headers: { ...options.headers, ...authorized() } });
  const answer = await ask();
  if (answer.status !== 401 || !token()) return answer;
  forget();
  return ask();
}

/** The address of a picture that only the token opens; null when it does not. */
export async function privately(url) {
  if (!token()) return null;
  const answer = await fetch(url, { headers: authorized() }).catch(() => null);
  return answer?.ok ? URL.createObjectURL(await answer.blob()) : null;
}

/** From now on, pictures of faces that do not load are asked for with the token; one that does not
 *  open them either leaves them with the event "lost". */
export function showPrivate() {
  document.addEventListener("error", again, true);
}

async function again({ target }) {
  const url = target.currentSrc || target.src;
  if (target.tagName !== "IMG" || !url.startsWith(`${location.origin}/v1/faces/`)) return;
  const mine = await privately(url);
  const stays = url === (target.currentSrc || target.src);
  if (!mine) {
    if (stays) target.dispatchEvent(new Event("lost"));
  } else if (!stays) {
    URL.revokeObjectURL(mine);
  } else {
    target.addEventListener("load", () => URL.revokeObjectURL(mine), { once: true });
    target.removeAttribute("srcset");
    target.src = mine;
  }
}
