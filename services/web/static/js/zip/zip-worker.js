// A service worker for nothing but downloads: the page sends a ZIP's bytes piece by piece, and the
// browser saves them as they come. It is asked for paths under /static/zip/ alone, and keeps nothing.
const downloads = new Map(); // id → {name, port}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", ({ data }) => {
  if (!data?.port) return; // only that the page is alive
  downloads.set(data.id, data);
  data.port.postMessage("ready");
});

function body(port) {
  return new ReadableStream({
    start(control) {
      port.onmessage = ({ data }) => {
        if (data === "close") control.close();
        else if (data === "abort") control.error(new Error("cancelled"));
        else {
          control.enqueue(data);
          port.resolve?.();
        }
      };
    },
    pull() {
      port.postMessage("pull");
      return new Promise((resolve) => (port.resolve = resolve));
    },
    cancel() {
      port.postMessage("cancel");
    },
  });
}

self.addEventListener("fetch", (event) => {
  const id = new URL(event.request.url).pathname.split("/static/zip/")[1];
  const download = downloads.get(id);
  if (!download) return;
  downloads.delete(id);
  const name = encodeURIComponent(download.name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  event.respondWith(
    new Response(body(download.port), {
      headers: {
        "Content-Type": "application/zip",
        "Content-Disposition": `attachment; filename*=UTF-8''${name}`,
        "X-Content-Type-Options": "nosniff",
      },
    }),
  );
});
