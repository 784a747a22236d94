// Which photos this browser uploaded, and the token that lets it delete each.
const KEY = "contact-sheet:delete-tokens";
const MOST = 5000;

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {}; // storage is forbidden, or holds something else
  }
}

function write(tokens) {
  try {
    localStorage.setItem(KEY, JSON.stringify(tokens));
  } catch {
    // Without storage nothing can be deleted later; uploads work all the same.
  }
}

export function tokenOf(id) {
  return read()[id];
}

/** The ids of what this browser uploaded and may delete. */
export const ownIds = () => new Set(Object.keys(read()));

export function keepToken(id, token) {
  write(Object.fromEntries([...Object.entries(read()), [id, token]].slice(-MOST)));
}

export function dropToken(id) {
  const { [id]: _, ...rest } = read();
  write(rest);
}
