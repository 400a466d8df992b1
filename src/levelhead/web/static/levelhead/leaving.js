// The moment before a reply leaves: the countdown, and the key that takes it back.
(function () {
  "use strict";

  const one = (selector) => document.querySelector(selector);
  // Counted from when the page came, by a clock that nobody sets.
  const ends = new WeakMap();

  function show() {
    const bar = one("[data-leaving]");
    if (!bar) {
      // It has left, or was taken back: what was said of the wait is not true any more.
      document.querySelectorAll("[data-message~=leaving]").forEach((said) => said.remove());
      return;
    }
    if (!ends.has(bar)) ends.set(bar, performance.now() + Number(bar.dataset.seconds) * 1000);
    const left = Math.ceil((ends.get(bar) - performance.now()) / 1000);
    const word = bar.querySelector("[data-leaving-word]");
    const text = left > 0 ? bar.dataset.word.replace("{n}", String(left)) : bar.dataset.wordNow;
    if (word.textContent !== text) word.textContent = text;
  }

  // Before the desk's own keys: while one's own reply waits, u takes it back. A colleague's takes
  // the button.
  function takeBack(event) {
    if (event.key !== "u" && event.code !== "KeyU") return;
    if (event.ctrlKey || event.metaKey || event.isComposing) return;
    const button = one("[data-leaving=own] [data-action=take-back]");
    if (!button) return;
    const field = event.target.closest("input:not([type=checkbox]), textarea, select, dialog");
    if (field && !event.altKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    button.click();
  }

  document.addEventListener("keydown", takeBack, true);
  setInterval(show, 250);
  document.addEventListener("htmx:afterSettle", show);
  show();
})();
