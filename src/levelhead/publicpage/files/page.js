// The page is whole without this: it says when the promised time has passed, and keeps a copy.
const late = document.querySelector("[data-due]");
if (late) {
  const due = Date.parse(late.dataset.due);
  const look = () => { late.hidden = Date.now() < due; };
  look();
  setInterval(look, 5000);
}
if ("serviceWorker" in navigator) navigator.serviceWorker.register("sw.js").catch(() => {});
