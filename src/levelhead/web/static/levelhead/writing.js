// Who is here, who writes, and what is typed: told to the server, and shown as it tells.
(function () {
  "use strict";

  const one = (selector, from) => (from || document).querySelector(selector);
  const all = (selector, from) => Array.from((from || document).querySelectorAll(selector));
  const SECOND = 1000;
  // What is typed is kept at most this often, and after a failure less often.
  const SAVE_PAUSE = 2 * SECOND;
  const RETRY_PAUSE = 5 * SECOND;
  // The list asks again who is at a row that has a mark: somebody may have left without a word.
  const MARKS_PAUSE = 30 * SECOND;

  const drawn = crypto.getRandomValues(new Uint8Array(12));
  const ours = Array.from(drawn, (byte) => byte.toString(16).padStart(2, "0")).join("");

  let told = ""; // The address of the case that this window told of last.
  let beatAt = 0;
  let field = null; // The reply field of the form that is open.
  let kept = ""; // What the server has of it.
  let keptName = "";
  let saving = null;
  let savedAt = 0;
  let pause = SAVE_PAUSE;
  let marksAt = Date.now();

  const presence = () => one("#presence");
  const token = () => one("#presence [name=csrfmiddlewaretoken]");

  function formWith(values) {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", token() ? token().value : "");
    body.set("window", ours);
    Object.entries(values || {}).forEach(([name, value]) => body.set(name, value));
    return body;
  }

  async function send(url, body, accept) {
    const ask = () =>
      fetch(url, {
        method: "POST",
        body,
        credentials: "same-origin",
        headers: { Accept: accept, "HX-Request": "true" },
      });
    const answer = await ask();
    const fresh = window.levelheadFreshToken(answer);
    if (!fresh) return answer;
    body.set("csrfmiddlewaretoken", fresh);
    return ask();
  }

  // Who is here -----------------------------------------------------------------------------
  function show(html) {
    const place = presence();
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("presence");
    if (!place || !fresh || fresh.dataset.presenceOf !== place.dataset.presenceOf) return;
    const strip = (text) => text.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "");
    const was = place.dataset.pen;
    place.dataset.pen = fresh.dataset.pen;
    if (strip(place.innerHTML) !== strip(fresh.innerHTML)) {
      const selection = document.getSelection();
      const reading = selection && !selection.isCollapsed && place.contains(selection.anchorNode);
      // Somebody who marks words of the draft to copy them keeps what they mark.
      if (!reading || was !== fresh.dataset.pen) {
        const open = one("details", place) && one("details", place).open;
        const focused = place.contains(document.activeElement) ? document.activeElement : null;
        const action = focused && focused.dataset.action;
        place.replaceChildren(...fresh.childNodes);
        const fold = one("details", place);
        if (fold && open) fold.open = true;
        const again = action && one("[data-action='" + action + "']", place);
        if (again) again.focus({ preventScroll: true });
        if (window.htmx) window.htmx.process(place);
      }
    }
    showPen();
  }

  function showPen() {
    if (!field || !presence()) return;
    const theirs = presence().dataset.pen === "theirs";
    if (theirs && !field.readOnly) save(); // The last words before somebody took the pen.
    field.readOnly = theirs;
  }

  async function ask(post) {
    const place = presence();
    if (!place) return;
    const address = place.dataset.address;
    const url = address + (post ? "here/" : "") + location.search;
    try {
      const answer = post
        ? await send(url, formWith(), "text/html")
        : await fetch(url, { credentials: "same-origin", headers: { "HX-Request": "true" } });
      if (answer.ok && !answer.redirected) show(await answer.text());
    } catch (error) {
      return; // The next beat tries again.
    }
  }

  function beat() {
    beatAt = Date.now();
    return ask(true);
  }

  function tellGone(address) {
    if (address) navigator.sendBeacon(address + "gone/", formWith());
  }

  // What is typed ---------------------------------------------------------------------------
  const drafts = () => one("[data-drafts]");
  const nameField = () => one("[data-draft-name]");

  function typed(extra) {
    const elements = field.form.elements;
    const values = { text: field.value, form_token: elements.form_token.value };
    ["draft", "draft_version", "draft_name", "answers", "research"].forEach((name) => {
      if (elements[name]) values[name] = elements[name].value;
    });
    return formWith({ ...values, ...extra });
  }

  function changed() {
    const name = nameField();
    return field.value !== kept || Boolean(name && name.value !== keptName);
  }

  function tellKept(words, here) {
    const place = field && one("[data-draft-note]", field.form);
    if (!place) return;
    place.textContent = words;
    place.hidden = !words;
    place.classList.toggle("bad", Boolean(here));
  }

  async function save() {
    if (saving || !field || !drafts() || !changed()) return;
    const from = field;
    const text = field.value;
    const name = nameField() ? nameField().value : "";
    savedAt = Date.now();
    pause = SAVE_PAUSE;
    saving = send(drafts().dataset.save, typed(), "application/json");
    try {
      const answer = await saving;
      const signedOut = answer.redirected || answer.status === 401;
      const result = signedOut ? null : await answer.json().catch(() => null);
      if (field !== from) return;
      if (answer.ok && result) {
        took(text, name, result);
      } else {
        pause = RETRY_PAUSE;
        const why = result && result.error && result.error.message;
        tellKept(signedOut ? drafts().dataset.wordOut : why || drafts().dataset.wordPage, true);
      }
    } catch (error) {
      pause = RETRY_PAUSE;
      if (field === from && drafts()) tellKept(drafts().dataset.wordPage, true);
    } finally {
      saving = null;
    }
  }

  function took(text, name, result) {
    kept = text;
    keptName = name;
    const elements = field.form.elements;
    if (elements.draft && result.draft) elements.draft.value = result.draft;
    if (elements.draft_version && result.draft) elements.draft_version.value = result.version;
    const work = one("#work");
    if (field.value === text && work) {
      try {
        // The server has it: what this page keeps is only for when the server cannot be reached.
        const key = "levelhead-draft-" + work.dataset.work;
        ["", "-answers", "-unsaved"].forEach((part) => sessionStorage.removeItem(key + part));
      } catch (error) {
        // No storage: nothing was kept there.
      }
    }
    tellKept(result.told, false);
    if (presence() && result.pen !== presence().dataset.pen) ask(false);
  }

  // The list --------------------------------------------------------------------------------
  const stale = new Set();
  let marking = 0;

  async function showMarks() {
    marking = 0;
    const list = one("#list");
    const ids = Array.from(stale).filter((id) => one("[data-present='" + CSS.escape(id) + "']"));
    stale.clear();
    if (!list || !ids.length || !list.dataset.marks) return;
    const query = new URLSearchParams();
    ids.slice(0, 300).forEach((id) => query.append("case", id));
    try {
      const answer = await fetch(list.dataset.marks + "?" + query, { credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      all("[data-present]", fresh).forEach((mark) => {
        const place = one("[data-present='" + CSS.escape(mark.dataset.present) + "']");
        if (place) place.replaceWith(mark);
      });
    } catch (error) {
      return; // The stream notices too, and has the list asked for again.
    }
  }

  function wantMarks(ids) {
    ids.forEach((id) => stale.add(id));
    if (!marking && stale.size) marking = setTimeout(showMarks, 150 + 200 * Math.random());
  }

  document.addEventListener("levelhead:live", (event) => {
    const news = event.detail;
    if (news.kind !== "presence.changed" && news.kind !== "draft.changed") return;
    const id = String(news.case);
    if (news.kind === "presence.changed") wantMarks([id]);
    if (presence() && presence().dataset.presenceOf === id && !document.hidden) ask(false);
  });

  // Once a second: is this still the same page, is it time for a sign of life, was something typed
  function look() {
    const now = Date.now();
    const place = presence();
    const address = place ? place.dataset.address : "";
    if (told && told !== address) {
      tellGone(told);
      told = "";
    }
    const next = one("#reply-text");
    if (next !== field) {
      field = next;
      // What desk.js put in from this page's own store is not on the server yet.
      kept = field ? field.defaultValue : "";
      keptName = nameField() ? nameField().value : "";
      const button = one("[data-save-draft]");
      if (button) button.hidden = true;
      showPen();
    }
    // A window that nobody sees looks at nothing.
    if (address && !document.hidden) {
      if (told !== address || now - beatAt >= Number(place.dataset.beat) * SECOND) {
        told = address;
        beat();
      }
    }
    if (field && changed() && now - savedAt >= pause) save();
    if (now - marksAt >= MARKS_PAUSE && !document.hidden) {
      marksAt = now;
      wantMarks(all("[data-present]:has([data-writes], [data-looks])").map((m) => m.dataset.present));
    }
  }

  setInterval(look, SECOND);
  look();
  document.addEventListener("htmx:afterSettle", look);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) save();
    look();
  });

  document.addEventListener("input", (event) => {
    if (event.target !== field && !event.target.matches("[data-draft-name]")) return;
    // The first letter takes the pen at once; the rest in its time.
    if (field && Date.now() - savedAt >= pause) save();
  });

  // Return in the name keeps it; it must not press a button of the form.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches || !event.target.matches("[data-draft-name]")) return;
    event.preventDefault();
    save();
  });

  window.addEventListener("pagehide", () => {
    if (field && drafts() && changed()) {
      navigator.sendBeacon(drafts().dataset.save, typed({ leaving: "yes" }));
    }
    tellGone(told);
    told = "";
  });
})();
