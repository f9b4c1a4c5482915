/** Draws the preview of `schemas watch` anew when a file was saved. */

const EVERY_MS = 1000;
const known = Number(document.body.dataset.version);

async function look() {
  try {
    const answer = await fetch("/version");
    const { version } = await answer.json();
    if (version !== known) {
      location.reload();
      return;
    }
  } catch {
    // The command was ended; it may be started again.
  }
  setTimeout(look, EVERY_MS);
}

setTimeout(look, EVERY_MS);
