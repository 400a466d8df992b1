// The clock of silence ticks where scripts run; without them the page says when the word is due.
(function () {
  "use strict";

  const SOON = 0.8;
  const SIGNS = { calm: "◔", soon: "◆", late: "▲" };
  // How far this machine's clock is from the server's, as of when each clock came.
  const offsets = new WeakMap();

  function asMinutes(milliseconds) {
    const seconds = Math.floor(Math.abs(milliseconds) / 1000);
    const two = (number) => String(number).padStart(2, "0");
    const rest = two(Math.floor(seconds / 60) % 60) + ":" + two(seconds % 60);
    return seconds >= 3600 ? Math.floor(seconds / 3600) + ":" + rest : rest;
  }

  function tick() {
    document.querySelectorAll("[data-silence]").forEach((place) => {
      if (!offsets.has(place)) offsets.set(place, Date.parse(place.dataset.now) - Date.now());
      const now = Date.now() + offsets.get(place);
      const since = Date.parse(place.dataset.since);
      const due = Date.parse(place.dataset.due);
      if (Number.isNaN(now) || Number.isNaN(due)) return;
      const share = due > since ? (now - since) / (due - since) : now >= due ? 1 : 0;
      const tone = share >= 1 ? "late" : share >= SOON ? "soon" : "calm";
      const words = place.querySelector("[data-silence-words]");
      const said = { calm: place.dataset.wordsCalm, soon: place.dataset.wordsSoon, late: place.dataset.wordsLate };
      words.textContent = said[tone].replace("{}", asMinutes(due - now));
      if (!place.classList.contains("silence-" + tone)) {
        place.classList.remove("silence-calm", "silence-soon", "silence-late");
        place.classList.add("silence-" + tone);
        place.querySelector(".silence-sign").textContent = SIGNS[tone];
      }
      const bar = place.parentElement.querySelector("progress[data-silence-bar]");
      if (bar) bar.value = Math.min(100, Math.round(100 * share));
    });
  }

  setInterval(tick, 1000);
})();
