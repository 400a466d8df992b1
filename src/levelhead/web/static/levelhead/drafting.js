// A model's draft goes into the form: by itself only where nothing was typed, else when asked to.
(function () {
  "use strict";

  const one = (selector, from) => (from || document).querySelector(selector);
  // The draft that this page is waiting for, and what the form held before it was put in.
  let waited = "";
  let before = null;

  function write(field, text, answers) {
    field.value = text;
    const used = one("[data-answers]", field.form);
    if (used && answers) {
      const all = new Set((used.value + " " + answers).split(" ").filter(Boolean));
      used.value = Array.from(all).join(" ");
    }
    field.focus();
    field.setSelectionRange(text.length, text.length);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function put(below) {
    const field = one("#reply-text");
    const link = one("[data-drafting-put]");
    if (!field || !link || field.readOnly) return false;
    const answers = one("[data-answers]", field.form);
    before = { text: field.value, answers: answers ? answers.value : "" };
    const words = field.value.trimEnd();
    const text = below && words ? words + "\n\n" + link.dataset.draftText : link.dataset.draftText;
    write(field, text, link.dataset.draftAnswers);
    show();
    return true;
  }

  function undo() {
    const field = one("#reply-text");
    if (!field || !before) return;
    const answers = one("[data-answers]", field.form);
    write(field, before.text, "");
    if (answers) answers.value = before.answers;
    before = null;
    show();
  }

  function show() {
    const field = one("#reply-text");
    const link = one("[data-drafting-put]");
    if (!field || !link) return;
    const text = link.dataset.draftText;
    const placed = field.value.includes(text);
    const typed = field.value.trim() && !placed;
    one("[data-drafting-placed]").hidden = !placed;
    link.hidden = placed;
    if (!link.dataset.word) link.dataset.word = link.textContent;
    link.textContent = typed ? link.dataset.wordOver : link.dataset.word;
    one("[data-drafting-below]").hidden = !typed;
    one("[data-drafting-undo]").hidden = !before;
  }

  function settle() {
    const part = one("[data-drafting]");
    if (!part) return;
    const field = one("#reply-text");
    if (part.dataset.state === "asking") {
      waited = part.dataset.made;
      before = null;
    } else if (part.dataset.state === "ready" && part.dataset.made === waited) {
      waited = "";
      if (field && !field.value.trim()) put(false);
    }
    show();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-drafting-put]")) {
      if (put(false)) event.preventDefault();
    } else if (event.target.closest("[data-drafting-below]")) put(true);
    else if (event.target.closest("[data-drafting-undo]")) undo();
    else if (event.target.closest("[data-drafting-ask-colleague]")) {
      const fold = one("#ask-colleague");
      if (!fold) return;
      event.preventDefault();
      fold.open = true;
      fold.scrollIntoView({ block: "nearest" });
      const question = one("#ask-question", fold);
      if (question) question.focus();
    }
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches("#reply-text")) show();
  });
  document.addEventListener("htmx:afterSettle", settle);
  settle();
})();
