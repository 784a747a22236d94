/** Loads a style sheet that comes with a part used for the first time. */
const loaded = new Map();

export function loadStyle(name) {
  if (!loaded.has(name)) {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL(`/static/${name}`, import.meta.url).href;
    const done = new Promise((resolve, reject) => {
      link.onload = resolve;
      link.onerror = () => reject(new Error(`${name} did not load`));
    });
    done.catch(() => loaded.delete(name));
    loaded.set(name, done);
    document.head.append(link);
  }
  return loaded.get(name);
}
