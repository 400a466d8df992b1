// Naming a colleague in a note: a small list under the field while "@" is typed.
(function () {
  "use strict";

  const MOST = 8;
  // What stands between the "@" and the cursor.
  const begun = /(?:^|[^\w.%+@-])@([^\n@]{0,40})$/u;
  let field = null;
  let list = null;
  let at = -1;

  const options = () => Array.from(list.querySelectorAll("[role=option]:not([hidden])"));
  const fold = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

  function close() {
    if (!list) return;
    list.hidden = true;
    at = -1;
    field.removeAttribute("aria-activedescendant");
    field.removeAttribute("aria-controls");
    told("");
  }

  function told(words) {
    const place = list && list.parentElement.querySelector("[data-names-told]");
    if (place && place.textContent !== words) place.textContent = words;
  }

  function mark(next) {
    const shown = options();
    if (!shown.length) return;
    at = (next + shown.length) % shown.length;
    shown.forEach((one, index) => one.setAttribute("aria-selected", String(index === at)));
    field.setAttribute("aria-activedescendant", shown[at].id);
    shown[at].scrollIntoView({ block: "nearest" });
  }

  function look(target) {
    field = target;
    list = document.getElementById(target.dataset.names);
    if (!list) return;
    const before = target.value.slice(0, target.selectionStart);
    const found = begun.exec(before);
    if (!found) {
      close();
      return;
    }
    const typed = fold(found[1]);
    let shown = 0;
    list.querySelectorAll("[role=option]").forEach((one) => {
      const words = fold(one.dataset.search);
      const fits = words.startsWith(typed) || (" " + words).includes(" " + typed);
      one.hidden = !fits || shown >= MOST;
      if (!one.hidden) shown += 1;
    });
    if (!shown) {
      close();
      return;
    }
    list.hidden = false;
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", list.id);
    told(list.dataset.wordFound);
    mark(0);
  }

  function take(option) {
    const before = field.value.slice(0, field.selectionStart);
    const start = before.lastIndexOf("@");
    const said = "@" + option.dataset.said;
    const after = field.value.slice(field.selectionStart);
    const gap = after.startsWith(" ") ? "" : " ";
    field.value = before.slice(0, start) + said + gap + after;
    const caret = start + said.length + 1;
    close();
    field.focus();
    field.setSelectionRange(caret, caret);
  }

  document.addEventListener("input", (event) => {
    if (event.target.matches("textarea[data-names]")) look(event.target);
  });

  // Before the keys of the desk: they are typed here.
  document.addEventListener(
    "keydown",
    (event) => {
      if (!list || list.hidden || event.target !== field || event.isComposing) return;
      if (event.key === "ArrowDown") mark(at + 1);
      else if (event.key === "ArrowUp") mark(at - 1);
      else if (event.key === "Enter" || event.key === "Tab") take(options()[at]);
      else if (event.key === "Escape") close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    true
  );

  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[role=option][data-said]");
    if (option && list && list.contains(option)) {
      event.preventDefault();
      take(option);
    } else if (event.target !== field) close();
  });

  document.addEventListener("focusout", (event) => {
    if (event.target === field) close();
  });
})();
