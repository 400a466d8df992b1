// Today by keys, and what it asks for again when something changed elsewhere.
(function () {
  "use strict";

  const one = (selector, from) => (from || document).querySelector(selector);
  const all = (selector, from) => Array.from((from || document).querySelectorAll(selector));

  // Keys ------------------------------------------------------------------------------------
  const stops = () => all("[data-today] [data-row]").filter((stop) => stop.offsetParent);

  function moveTo(stop) {
    if (!stop) return;
    stop.focus();
    stop.scrollIntoView({ block: "nearest" });
  }

  // Where the focus is, for when the page was replaced under it.
  let at = 0;

  document.addEventListener("focusin", (event) => {
    const stop = event.target.closest("[data-row]");
    const found = stop ? stops().indexOf(stop) : -1;
    if (found >= 0) at = found;
  });

  function step(by) {
    const found = stops();
    const here = found.indexOf(document.activeElement);
    if (here < 0) moveTo(found[Math.min(by > 0 ? at : Math.max(at - 1, 0), found.length - 1)]);
    else moveTo(found[Math.min(Math.max(here + by, 0), found.length - 1)]);
  }

  function standRow() {
    const row = document.activeElement && document.activeElement.closest(".today-row");
    const button = row && one("[data-stand]", row);
    if (button) button.click();
  }

  const keys = {
    j: () => step(1),
    k: () => step(-1),
    s: standRow,
    l: () => {
      const button = one("[data-stand-all]");
      if (button) button.click();
    },
  };

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("input, textarea, select, dialog");
    if (field || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.repeat && event.key !== "j" && event.key !== "k") return;
    if (!Object.prototype.hasOwnProperty.call(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });

  // As many rows as are open now are asked for again ------------------------------------------
  function shown() {
    return all("[data-part]").map(
      (part) => part.dataset.part + "." + all(".today-row", part).length,
    );
  }

  window.levelheadPageAddress = function () {
    const place = one("[data-today][data-address]");
    if (!place) return location.href;
    const url = new URL(place.dataset.address, location.href);
    shown().forEach((text) => url.searchParams.append("shown", text));
    return url.href;
  };

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb === "post") event.detail.parameters.shown = shown();
  });

  // After something was done the focus is where it was, or where the next row took its place.
  document.addEventListener("htmx:afterSettle", (event) => {
    const target = event.detail.target;
    if (!target || !one("[data-today]")) return;
    watchUndo();
    if (document.activeElement && document.activeElement !== document.body) return;
    const found = stops();
    const alarm = one("#today-page [role=alert]");
    if (alarm) {
      alarm.setAttribute("tabindex", "-1");
      alarm.focus();
    } else if (found.length) moveTo(found[Math.min(at, found.length - 1)]);
    else {
      const title = one("#today h1");
      title.setAttribute("tabindex", "-1");
      title.focus();
    }
  });

  // What cannot be taken back any more is not offered any more; work under way shows how far it is.
  let timer = 0;

  function watchUndo() {
    clearTimeout(timer);
    const bar = one("[data-undo][data-until]");
    if (!bar) return;
    const left = new Date(bar.dataset.until).getTime() - Date.now();
    if (left <= 0 && !("busy" in bar.dataset)) bar.remove();
    else timer = setTimeout(watchUndo, Math.min(Math.max(left, 500), 2_000_000));
  }

  window.levelheadPageFresh = watchUndo;
  watchUndo();
})();
