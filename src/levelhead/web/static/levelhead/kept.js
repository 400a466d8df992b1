// Words of a form that fills a page: back in it where it was refused, or where the person had to
// sign in first. Kept in this window alone, until the next page says that they arrived.
(function () {
  "use strict";

  const PLACE = "levelhead:form";
  const KEPT_MS = 60 * 60 * 1000;
  const WORDS = "textarea, input[type=text], input:not([type]), input[type=search], input[type=url]";

  const person = () => document.body.dataset.person || "";
  const addressOf = (form) => new URL(form.getAttribute("action") || "", location.href).pathname;

  function wordsOf(form) {
    const found = {};
    form.querySelectorAll(WORDS).forEach((field) => {
      if (field.name && !("once" in field.dataset) && field.value !== field.defaultValue) found[field.name] = field.value;
    });
    return found;
  }

  function read() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(PLACE) || "null");
      return kept && Date.now() - kept.at < KEPT_MS ? kept : null;
    } catch (error) {
      return null;
    }
  }

  function write(kept) {
    try {
      if (kept) sessionStorage.setItem(PLACE, JSON.stringify(kept));
      else sessionStorage.removeItem(PLACE);
    } catch (error) {
      return; // No room, or not allowed: then it is as it would be without this.
    }
  }

  function putBack(kept) {
    const same = [...document.querySelectorAll("form")].find(
      (form) => form.method === "post" && addressOf(form) === kept.action,
    );
    if (!same) return false;
    let first = null;
    same.querySelectorAll(WORDS).forEach((field) => {
      const words = kept.words[field.name];
      // What the server gave back itself is newer than what is kept here.
      if (words === undefined || field.readOnly || (field.value && !kept.door)) return;
      if (field.value === words) return;
      field.value = words;
      first = first || field;
    });
    for (let fold = first && first.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      fold.open = true;
    }
    if (first && kept.door) window.levelheadTell(document.body.dataset.wordKept);
    return true;
  }

  function begin() {
    const kept = read();
    if (!kept) return write(null);
    if (document.querySelector("[data-form-refused], input[type=password]")) {
      kept.door = true;
      return write(kept);
    }
    const refused = document.querySelector("[role=alert], .usa-alert--error");
    if (kept.person !== person() || (!kept.door && !refused)) return write(null);
    const there = putBack(kept);
    if (!there && !kept.door) {
      // The form is gone, as when a colleague closed the matter: the words can be copied at least.
      const words = Object.values(kept.words).join("\n");
      window.levelheadTell(document.body.dataset.wordWritten + " " + words);
    }
    if (there || !kept.door) write(null);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.querySelector("input[type=password]")) return;
    const words = wordsOf(form);
    if (!Object.keys(words).length) return;
    write({ action: addressOf(form), words, person: person(), at: Date.now(), door: false });
  });

  begin();
})();
