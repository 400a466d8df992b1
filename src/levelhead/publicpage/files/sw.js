// The newest word wherever there is a network; what was seen last where there is none.
const NAME = "levelhead-public-page";
const SECONDS = 5;
self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((kept) => kept.addAll(["./", "page.css", "page.js"])).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const asked = event.request;
  if (asked.method !== "GET" || !asked.url.startsWith(self.registration.scope)) return;
  event.respondWith((async () => {
    const kept = await caches.open(NAME);
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), SECONDS * 1000);
    try {
      // Never from what the browser keeps by itself: a correction is read by the next who looks.
      const answer = await fetch(asked, { signal: giveUp.signal, cache: "no-cache" });
      if (answer.ok) await kept.put(asked, answer.clone());
      return answer;
    } catch (error) {
      const old = await kept.match(asked, { ignoreSearch: true });
      if (old) return old;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  })());
});
