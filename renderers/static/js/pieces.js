/** Sends one file in pieces; where the connection breaks it asks how much is there and goes on. */

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30000;

/** The server's answer, read; one that means no is an error with its status. */
class Refusal extends Error {
  constructor(status, content) {
    super(content.message ?? "文件没有传成功，请再选一次。");
    this.status = status;
    this.content = content;
  }
}

/**
 * @param {{url: string, csrf: string, signal: AbortSignal, onProgress: (sent: number) => void,
 *   onBroken: () => void, onCoarse: (message: string, dpi: number) => Promise<boolean>}} options
 * @returns what is known of the stored file
 */
export async function sendInPieces(file, field, options) {
  const mark = String(file.lastModified ?? "");
  const begun = await persist(options, () => post(options.url, { field, name: file.name, size: file.size, mark }, options));
  options.signal.addEventListener("abort", () => post(begun.urls.drop, {}, { ...options, signal: undefined }).catch(() => {}));
  options.signal.throwIfAborted();
  await sendAll(file, begun, options);
  return finish(begun, options);
}

async function sendAll(file, begun, options) {
  let sent = begun.received;
  while (sent < file.size) {
    options.onProgress(sent);
    const body = new FormData();
    body.append("from", String(sent));
    body.append("piece", file.slice(sent, sent + begun.piece), "piece");
    try {
      sent = (await request(begun.urls.send, body, "", options)).received;
    } catch (error) {
      // Another piece arrived than we know of: the answer says where to go on.
      if (error.status === 409 && error.content.received !== undefined) sent = error.content.received;
      else if (!isBroken(error)) throw error;
      else {
        options.onBroken();
        await pause(FIRST_WAIT, options.signal);
        sent = (await persist(options, () => request(begun.url, undefined, "", options))).received;
      }
    }
  }
  options.onProgress(sent);
}

async function finish(begun, options) {
  try {
    return await persist(options, () => post(begun.urls.finish, { set_dpi: false }, options));
  } catch (error) {
    if (!error.content?.dpi || !(await options.onCoarse(error.message, error.content.dpi))) throw error;
    return persist(options, () => post(begun.urls.finish, { set_dpi: true }, options));
  }
}

/** Try again for as long as nothing answers. */
async function persist(options, act) {
  for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    try {
      return await act();
    } catch (error) {
      if (!isBroken(error)) throw error;
      options.onBroken();
      await pause(wait, options.signal);
    }
  }
}

/** No answer, or one of a gateway whose server is away. */
function isBroken(error) {
  return error instanceof TypeError || (error.status >= 502 && error.status <= 504);
}

/** Wait so long, or until the connection is back. */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    window.addEventListener("online", resolve, { once: true });
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

function post(url, body, options) {
  return request(url, JSON.stringify(body), "application/json", options);
}

async function request(url, body, type, { csrf, signal }) {
  const headers = { Accept: "application/json", "X-CSRFToken": csrf };
  if (type) headers["Content-Type"] = type;
  const method = body === undefined ? "GET" : "POST";
  const answer = await fetch(url, { method, body, headers, signal, credentials: "same-origin" });
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, content);
  return content;
}
