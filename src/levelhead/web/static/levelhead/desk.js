// The desk without the stream: keys, choosing, counting, drafts, and where the focus goes.
(function () {
  "use strict";

  const phone = window.matchMedia("(max-width: 640px)");
  const one = (selector, from) => (from || document).querySelector(selector);
  const all = (selector, from) => Array.from((from || document).querySelectorAll(selector));

  // Keys ------------------------------------------------------------------------------------
  function rowLinks() {
    return all("#rows .row-link");
  }

  function moveInList(step) {
    const links = rowLinks();
    if (!links.length) return;
    let at = links.indexOf(document.activeElement);
    if (at < 0) at = links.findIndex((link) => link.closest(".row.is-open"));
    const next = links[Math.min(Math.max(at + step, 0), links.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  // Where the focus goes once a post stands: to the row below it, else the one above.
  let goOn = "";

  function neighbourOf(id) {
    const rows = all("#rows .row");
    const at = rows.findIndex((row) => row.dataset.case === id);
    const next = at < 0 ? null : rows[at + 1] || rows[at - 1];
    return next ? next.id : "";
  }

  function letStand() {
    const work = one("#work");
    const open = one(".work [data-key='s']");
    const row = document.activeElement && document.activeElement.closest("#rows .row");
    if (row && row.dataset.case !== (work && work.dataset.work)) {
      standRow(row);
    } else if (open) {
      goOn = neighbourOf(work.dataset.work);
      open.click();
    }
  }

  // The marked row, without opening it first. Life-safety posts have no box: they are opened.
  function standRow(row) {
    const bulk = one("[data-bulk]");
    const box = one("input[name=case]", row);
    if (!bulk || !box || !window.htmx) return;
    goOn = neighbourOf(row.dataset.case);
    window.htmx.ajax("POST", bulk.action, {
      target: "#work",
      swap: "outerHTML",
      values: {
        case: box.value,
        open: box.value,
        csrfmiddlewaretoken: one("[name=csrfmiddlewaretoken]", bulk).value,
      },
    });
  }

  const keys = {
    j: () => moveInList(1),
    k: () => moveInList(-1),
    r: () => {
      const field = one("#reply-text");
      if (field) field.focus();
    },
    s: letStand,
    a: () => {
      const button = one("[data-action='assign-me']") || one("#owner");
      if (button && button.id === "owner") button.focus();
      else if (button) button.click();
    },
    u: () => {
      const button = one("[data-key='u']");
      if (button) button.click();
    },
    t: () => {
      const link = one("[data-key='t']");
      if (link) link.click();
    },
    n: () => {
      const link = one("[data-key='n']");
      if (link) link.click();
    },
    // Marks the row that has the focus for what is done to many; else joins the open one.
    m: () => {
      const row = document.activeElement && document.activeElement.closest("#rows .row");
      const box = row && one("input[name=case]", row);
      if (box) box.click();
      else if (!row) {
        const link = one("[data-key='m']");
        if (link) link.click();
      }
    },
    e: () => {
      const fold = one("#ask-colleague");
      if (!fold) return;
      fold.open = true;
      const field = one("#ask-question", fold);
      fold.scrollIntoView({ block: "nearest" });
      if (field) field.focus();
    },
    z: () => {
      const fold = one("#snooze");
      if (!fold) return;
      fold.open = true;
      const button = one("button, input:not([type=hidden])", fold);
      fold.scrollIntoView({ block: "nearest" });
      if (button) button.focus();
    },
    "/": () => {
      const field = one("#search");
      if (field) {
        field.focus();
        field.select();
      }
    },
    "?": () => one("#help").showModal(),
  };

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("input:not([type=checkbox]), textarea, select, dialog");
    if (event.key === "Escape" && field && !field.matches("dialog")) {
      field.blur();
      return;
    }
    if (field || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (!Object.prototype.hasOwnProperty.call(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });

  // The menu goes when one turns to something else; Escape gives the focus back to its button.
  function closeMore(event) {
    const menu = one("[data-strip-more][open]");
    if (!menu) return;
    if (event.key === "Escape") one("summary", menu).focus();
    else if (event.type === "keydown" || menu.contains(event.target)) return;
    menu.open = false;
  }
  ["click", "focusin", "keydown"].forEach((kind) => document.addEventListener(kind, closeMore));

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-help]")) one("#help").showModal();
    const reply = event.target.closest("a[data-key='r']");
    if (reply) {
      event.preventDefault();
      keys.r();
    }
    if (event.target.closest("[data-take-version]")) takeVersion();
    const answer = event.target.closest("[data-use-answer]");
    if (answer && useAnswer(answer)) event.preventDefault();
  });

  // Choosing in the list --------------------------------------------------------------------
  function showChosen() {
    const boxes = all("#rows input[name=case]");
    const chosen = boxes.filter((box) => box.checked).length;
    const number = one("[data-chosen]");
    if (number) number.textContent = chosen ? "(" + chosen + ")" : "";
    const every = one("[data-check-all] input");
    if (every) {
      every.closest("[data-check-all]").hidden = !boxes.length;
      every.checked = boxes.length > 0 && chosen === boxes.length;
      every.indeterminate = chosen > 0 && chosen < boxes.length;
    }
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-check-all] input")) {
      all("#rows input[name=case]").forEach((box) => (box.checked = event.target.checked));
    }
    if (event.target.matches("#rows input, [data-check-all] input")) showChosen();
  });

  // Writing ---------------------------------------------------------------------------------
  // What is added at the end, unless the person signed; the server has the last word.
  function signatureOf(field) {
    const words = field.value.trimEnd();
    const signature = field.dataset.signature;
    if (!signature || !words || words.endsWith(signature)) return "";
    const ending = /(?:^|[\s.!?…])[—–~^/-]\s{0,2}([^\n—–~^/]{1,60})$/u.exec(words);
    const names = (field.dataset.signed || "").toLowerCase().split("|");
    if (ending && names.includes(ending[1].replace(/\.$/, "").toLowerCase())) return "";
    return (words.includes("\n") ? "\n" : " ") + signature;
  }

  // As the platform counts; what the server says of it comes with the check.
  function showCount(field) {
    const place = one("[data-count]", field.form);
    if (!place || !Number(field.dataset.limit)) return;
    const counting = window.levelheadCounting;
    const rule = counting.ruleOf(field);
    const text = field.value + signatureOf(field);
    const { characters, bytes } = counting.left(text, rule);
    const isOver = characters < 0 || bytes < 0;
    const many = rule.threads ? place.dataset.wordMore : place.dataset.wordOver;
    const over = characters < 0 ? many : place.dataset.wordBytes;
    // What can go as several posts is no alarm; the check says where it cannot.
    place.classList.toggle("is-over", isOver && !rule.threads);
    place.textContent = isOver
      ? (characters < 0 ? -characters : -bytes) + " " + over
      : characters + " " + place.dataset.wordLeft;
  }

  // The parts of an answer that are still to fill in, told under the field.
  const part = /\[\[[^\[\]]{0,200}\]\]/g;

  function showParts(field) {
    const place = one("[data-parts]", field.form);
    if (!place) return;
    const found = Array.from(new Set(field.value.match(part) || []));
    place.hidden = !found.length;
    place.textContent = found.length ? place.dataset.word + " " : "";
    found.forEach((text) => {
      const mark = document.createElement("mark");
      mark.className = "part";
      mark.textContent = text;
      place.append(mark, " ");
    });
  }

  // An answer goes to where the cursor stands; what was written stays, and the first part to fill
  // in is chosen, so that typing replaces it.
  function useAnswer(link) {
    const field = one("#reply-text");
    if (!field) return false;
    const before = field.value.slice(0, field.selectionStart).replace(/[ \n]+$/, "");
    const after = field.value.slice(field.selectionEnd).replace(/^[ \n]+/, "");
    const start = before ? before.length + 2 : 0;
    const text = link.dataset.answerText;
    field.value = (before ? before + "\n\n" : "") + text + (after ? "\n\n" + after : "");
    const answers = one("[data-answers]", field.form);
    const used = new Set(answers.value.split(" ").filter(Boolean));
    answers.value = Array.from(used.add(link.dataset.useAnswer)).join(" ");
    field.focus();
    const first = text.search(part);
    if (first < 0) field.setSelectionRange(start + text.length, start + text.length);
    else field.setSelectionRange(start + first, start + first + text.match(part)[0].length);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  }

  // Fixes of the reply check ------------------------------------------------------------------
  // What the field held before each fix, the last one last.
  let beforeFixes = [];

  function showFixes() {
    all("[data-fix]").forEach((button) => (button.hidden = false));
  }

  function put(field, value, caret) {
    field.value = value;
    field.focus();
    field.setSelectionRange(caret, caret);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Places are counted in characters as people see them; the field counts some twice.
  function applyFix(button) {
    const field = one("#reply-text");
    if (!field) return;
    const letters = Array.from(field.value);
    const start = Number(button.dataset.start);
    const head = letters.slice(0, start).join("") + button.dataset.text;
    const tail = letters.slice(Number(button.dataset.end)).join("");
    beforeFixes.push(field.value);
    put(field, head + tail, head.length);
    // Places of the other fixes are of the words before: they come anew with the next check.
    all("[data-fix]").forEach((other) => (other.disabled = true));
    const undo = one("[data-undo-fix]");
    if (undo) undo.hidden = false;
  }

  function undoFix() {
    const field = one("#reply-text");
    if (!field || !beforeFixes.length) return;
    const value = beforeFixes.pop();
    put(field, value, value.length);
    one("[data-undo-fix]").hidden = !beforeFixes.length;
  }

  document.addEventListener("click", (event) => {
    const fix = event.target.closest("[data-fix]");
    if (fix) applyFix(fix);
    else if (event.target.closest("[data-undo-fix]")) undoFix();
  });

  // From the field straight to the platform's queue, without a walk over what lies between.
  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    if (!field.matches || !field.matches("#reply-text")) return;
    event.preventDefault();
    field.form.requestSubmit(one("[data-action=send]", field.form));
  });

  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || !one("#reply-text")) return;
    const number = /^Digit([1-9])$/.exec(event.code);
    const item = number && all(".findings > li")[Number(number[1]) - 1];
    const fix = item && one("[data-fix]:not([disabled])", item);
    if (fix) {
      event.preventDefault();
      applyFix(fix);
    } else if (event.code === "KeyZ" && beforeFixes.length) {
      event.preventDefault();
      undoFix();
    }
  });

  const draftKey = (work) => "levelhead-draft-" + work.dataset.work;

  function forgetDraft(id) {
    sessionStorage.removeItem("levelhead-draft-" + id);
    sessionStorage.removeItem("levelhead-draft-" + id + "-answers");
    sessionStorage.removeItem("levelhead-draft-" + id + "-unsaved");
  }

  // Which draft of the server's the words belong to; "new" where it has none yet.
  function draftOf(field) {
    const id = field.form.elements.draft;
    return (id && id.value) || "new";
  }

  // What is kept here the server never took, as after a lost network: it is newer than what the
  // page came with, where both are of the same draft.
  function isNewer(work, field, local) {
    if (field.dataset.compared || new URLSearchParams(location.search).has("answer")) return false;
    field.dataset.compared = "yes";
    const unsaved = sessionStorage.getItem(draftKey(work) + "-unsaved");
    return unsaved === draftOf(field) || (unsaved === "new" && local.includes(field.value.trim()));
  }

  function keepDraft(field) {
    const work = field.closest("[data-work]");
    if (!work) return;
    try {
      if (field.value) {
        sessionStorage.setItem(draftKey(work), field.value);
        sessionStorage.setItem(draftKey(work) + "-answers", one("[data-answers]", field.form).value);
        sessionStorage.setItem(draftKey(work) + "-unsaved", draftOf(field));
      } else forgetDraft(work.dataset.work);
    } catch (error) {
      return; // No storage: the words stay in the field only.
    }
    const told = one("[data-draft-note]", field.form);
    if (told) told.hidden = !field.value;
  }

  document.addEventListener("input", (event) => {
    if (!event.target.matches("#reply-text")) return;
    // An answer that was taken out again was not used.
    if (!event.target.value) one("[data-answers]", event.target.form).value = "";
    showCount(event.target);
    showParts(event.target);
    keepDraft(event.target);
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.action.endsWith("/accounts/logout/")) {
      try {
        sessionStorage.clear();
      } catch (error) {
        // Nothing was kept.
      }
    }
  });

  // The person has looked at what changed: what is sent now counts for the new version.
  function takeVersion() {
    const work = one("#work");
    if (!work || !work.dataset.newVersion) return;
    work.dataset.version = work.dataset.newVersion;
    all("[data-version-field]", work).forEach((field) => (field.value = work.dataset.version));
    one("[data-changed-meanwhile]", work).hidden = true;
    keys.r();
  }

  // After a part of the page was replaced ---------------------------------------------------
  function settle() {
    const work = one("#work");
    const open = work && work.dataset.work;
    const desk = one("main.desk");
    if (desk && work) desk.classList.toggle("has-open", Boolean(open));
    all("#rows .row").forEach((row) => {
      const is = Boolean(open) && row.dataset.case === open;
      row.classList.toggle("is-open", is);
      const link = one(".row-link", row);
      if (is) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
    if (work && work.dataset.title) document.title = work.dataset.title;
    const field = one("#reply-text");
    if (field) {
      try {
        const local = sessionStorage.getItem(draftKey(work)) || "";
        if (local && (!field.value || isNewer(work, field, local))) {
          field.value = local;
          const answers = one("[data-answers]", field.form);
          answers.value = sessionStorage.getItem(draftKey(work) + "-answers") || "";
        }
      } catch (error) {
        // No storage: nothing was kept here.
      }
      showCount(field);
      showParts(field);
      const told = one("[data-draft-note]", field.form);
      if (told) told.hidden = !field.value;
    }
    showFixes();
    const help = one("[data-open-help]");
    if (help) help.hidden = false;
    showChosen();
  }

  // A post that was acted on from the list is open now: the address says so.
  function showAddress() {
    const work = one("#work");
    const address = work && work.dataset.address;
    if (!address || new URL(address, location.href).pathname === location.pathname) return;
    history.pushState({ htmx: true }, "", address);
  }

  function showFocusPost() {
    const pane = one(".conversation-pane");
    const post = one(".post-focus");
    const above = one(".above");
    if (!pane || !post || !above || phone.matches) return;
    const room = pane.clientHeight - 160;
    if (post.offsetTop + Math.min(post.offsetHeight, 120) > room) pane.scrollTop = post.offsetTop - 160;
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.target;
    if (form.matches && form.matches("[data-reply-form]")) form.dataset.sentFor = one("#work").dataset.work;
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const form = event.detail.requestConfig && event.detail.requestConfig.elt;
    const went = event.detail.xhr.status < 400;
    if (went && form && form.matches("[data-reply-form]")) {
      try {
        forgetDraft(form.dataset.sentFor);
      } catch (error) {
        return;
      }
    }
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    const swapped = event.detail.target && event.detail.target.id;
    if (swapped === "reply-check") {
      showFixes();
      return;
    }
    if (swapped === "work") beforeFixes = [];
    const views = event.detail.target;
    if (views && views.id === "saved-views") {
      views.hidden = !views.children.length;
      return;
    }
    settle();
    if (event.detail.target && event.detail.target.id !== "work") return;
    const config = event.detail.requestConfig;
    showFocusPost();
    if (config && config.verb === "post") {
      const alarm = one("#work [role=alert]");
      const row = !alarm && goOn && one("#" + CSS.escape(goOn) + " .row-link");
      const told = row || alarm || one("#conversation-title");
      goOn = "";
      showAddress();
      if (row && row.offsetParent) {
        row.focus({ preventScroll: false });
        return;
      }
      if (told) {
        told.setAttribute("tabindex", "-1");
        told.focus({ preventScroll: false });
      }
    } else if (phone.matches) {
      window.scrollTo(0, 0);
      const title = one("#conversation-title");
      if (title) title.focus({ preventScroll: true });
    }
  });

  // What the person has to know at once, beside what they were doing.
  window.levelheadTell = function (words) {
    const place = one("#work #messages") || one("#messages");
    if (!place) return;
    const told = document.createElement("p");
    told.className = "usa-alert usa-alert--error unreached";
    told.setAttribute("role", "alert");
    told.textContent = words;
    const before = one(".unreached", place);
    if (before) before.remove();
    place.append(told);
    told.scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("htmx:sendError", () => {
    window.levelheadTell(document.body.dataset.wordUnreached);
  });

  // Opened with an answer put in: the cursor is on the first part to fill in.
  function showAnswerPutIn() {
    const field = one("#reply-text");
    if (!field || !field.value || !new URLSearchParams(location.search).has("answer")) return;
    const found = field.value.match(part);
    const first = found ? field.value.indexOf(found[0]) : field.value.length;
    field.focus();
    field.setSelectionRange(first, first + (found ? found[0].length : 0));
  }

  settle();
  showFocusPost();
  showAnswerPutIn();
  window.levelheadSettle = settle;
})();
