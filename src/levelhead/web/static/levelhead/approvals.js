// Deciding by keyboard: every key has a button that does the same.
(function () {
  "use strict";

  const one = (selector) => document.querySelector(selector);
  const all = (selector) => Array.from(document.querySelectorAll(selector));

  function press(key) {
    const button = one(`[data-approval-key='${key}']`);
    if (button) button.click();
  }

  function open(id, field) {
    const fold = document.getElementById(id);
    if (!fold) return;
    fold.open = true;
    const place = document.getElementById(field);
    if (place) place.focus();
  }

  function move(step) {
    const rows = all("#approvals [data-row]");
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement);
    const next = rows[at < 0 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1)];
    next.focus();
  }

  const keys = {
    a: () => press("a"),
    u: () => press("u"),
    c: () => open("change", "change-text"),
    b: () => open("send-back", "back-reason"),
    j: () => move(1),
    k: () => move(-1),
  };

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("input, textarea, select, dialog");
    if (field) {
      const send = event.key === "Enter" && (event.ctrlKey || event.metaKey);
      if (send && field.matches("[data-submit-on-enter]")) {
        event.preventDefault();
        field.form.requestSubmit();
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (!Object.prototype.hasOwnProperty.call(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-approval-open]");
    if (!link) return;
    event.preventDefault();
    keys[link.dataset.approvalOpen]();
  });
})();
