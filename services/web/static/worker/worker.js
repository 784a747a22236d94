// The service worker. It takes what the system's share sheet gives to the album, keep
// it in the browser and leads to the page that sends it, so that no byte passes the server; and it is
// whom the browser asks about uploads that go on without a page. It keeps no page and no picture of
// the gallery, and answers no other request.
import { keepShared } from "../js/shared.js";

self.addEventListener("install", () => self.skipWaiting()); // nothing depends on an older one

self.addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  if (event.request.method === "POST" && pathname.endsWith("/share")) {
    event.respondWith(receive(event.request, pathname));
  }
});

// A tap on the notification of uploads that go on without a page.
self.addEventListener("backgroundfetchclick", (event) => {
  const album = self.registration.scope.replace(/\/share$/, "");
  event.waitUntil(self.clients.openWindow(album));
});

async function receive(request, path) {
  const share = crypto.randomUUID();
  let outcome = "failed";
  try {
    const files = (await request.formData()).getAll("photos").filter((file) => file.size);
    if (!files.length) return Response.redirect(path, 303); // the page says that none got here
    await keepShared(path, files, share);
    outcome = `received=${share}`;
  } catch {
    // Storage is full or forbidden: the page says so.
  }
  return Response.redirect(`${path}?${outcome}`, 303);
}
