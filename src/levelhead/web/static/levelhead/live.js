// The stream: what changed elsewhere shows here, without disturbing what a person is doing.
(function () {
  "use strict";

  const address = document.body.dataset.streamUrl;
  if (!address || !window.EventSource) return;

  const one = (selector, from) => (from || document).querySelector(selector);
  const all = (selector, from) => Array.from((from || document).querySelectorAll(selector));
  const SECOND = 1000;
  // A surge of posts refreshes the open conversation at most this often.
  const WORK_PAUSE = 4 * SECOND;

  // The connection --------------------------------------------------------------------------
  const stream = new URL(address, location.href);
  let last = Number(stream.searchParams.get("after")) || 0;
  let source = null;
  let tries = 0;

  function mark(state) {
    const place = one("[data-live-mark]");
    if (!place || place.dataset.state === state) return;
    place.hidden = false;
    place.dataset.state = state;
    place.textContent = state === "live" ? place.dataset.wordLive : place.dataset.wordLost;
  }

  function connect() {
    stream.searchParams.set("after", String(last));
    source = new EventSource(stream, { withCredentials: true });
    source.onopen = () => {
      tries = 0;
      mark("live");
    };
    source.onerror = () => {
      source.close();
      mark("lost");
      tries += 1;
      // Not all screens at once after a restart.
      const wait = Math.min(SECOND * 2 ** Math.min(tries, 5), 30 * SECOND);
      setTimeout(connect, wait * (0.5 + Math.random()));
    };
    source.onmessage = (message) => {
      let event;
      try {
        event = JSON.parse(message.data);
      } catch (error) {
        return;
      }
      if (event.kind === "reset") {
        last = Number(event.seq) || last;
        want("strip", "list", "work", "page");
        return;
      }
      if (typeof event.seq === "number") {
        if (event.seq <= last) return;
        last = event.seq;
      }
      take(event);
    };
  }

  function take(event) {
    document.dispatchEvent(new CustomEvent("levelhead:live", { detail: event }));
    const refreshes = (place) => place.dataset.refreshOn.split(" ").includes(event.kind);
    if (all("[data-refresh-on]").some(refreshes)) want("page");
    const work = one("#work");
    const open = work ? work.dataset.work : "";
    switch (event.kind) {
      case "posts.filed":
        want("strip", "list", "thread");
        break;
      case "case.changed":
        want("strip", "list");
        if (String(event.case) === open) want("work");
        break;
      case "answers.fitted":
        want("list");
        if ((event.ids || []).includes(open)) want("work");
        break;
      case "reply.changed":
        want("strip", "list");
        if (String(event.case) === open) want("work");
        break;
      case "note.added":
        if (work && String(event.conversation) === work.dataset.conversation) want("work");
        break;
      case "forecast.changed":
        if (work && event.conversations.includes(work.dataset.conversation)) want("thread");
        break;
      case "conversation.changed":
        if (work && (event.conversations || []).includes(work.dataset.conversation)) want("work");
        break;
      case "commitment.changed":
        if (work && String(event.conversation) === work.dataset.conversation) want("work");
        want("page");
        break;
      case "incident.changed":
      case "issue.changed":
      case "topic.changed":
        want("strip", "page");
        break;
      case "research.changed":
        if (work && String(event.conversation) === work.dataset.conversation) want("work");
        want("page");
        break;
      case "channel.changed":
        want("strip", "page");
        break;
      case "view.changed":
        tellViews();
        break;
      case "notice.changed":
        if ((event.people || []).includes((one("#bell") || document.body).dataset.person)) {
          want("strip");
          if (one("#notifications")) want("page");
        }
        break;
      case "handover.changed":
        want("page");
        break;
      case "approval.changed":
      case "learning.changed":
        want("page");
        break;
      default:
        break;
    }
  }

  // Refreshing: what is wanted, at most once a second ---------------------------------------
  const wanted = new Set();
  let timer = 0;
  let busy = false;
  let workAt = 0;
  let refreshedAt = 0;

  function want(...parts) {
    parts.forEach((part) => wanted.add(part));
    plan();
  }

  function plan() {
    if (timer || busy || document.hidden || !wanted.size) return;
    // The first of a row of events shows at once; in a surge, not all screens ask together.
    const rested = Date.now() - refreshedAt > SECOND;
    timer = setTimeout(refresh, SECOND * (rested ? 0.2 * Math.random() : 0.7 + 0.6 * Math.random()));
  }

  document.addEventListener("visibilitychange", plan);

  async function refresh() {
    timer = 0;
    busy = true;
    const parts = new Set(wanted);
    wanted.clear();
    if (parts.has("thread") && !parts.has("work")) {
      if (Date.now() - workAt > WORK_PAUSE) parts.add("work");
      else if (one("#work[data-work]:not([data-work=''])")) setTimeout(() => want("thread"), WORK_PAUSE);
    }
    try {
      if (parts.has("strip")) await refreshStrip();
      if (parts.has("list") && one("#list")) await refreshList();
      if (parts.has("work")) await refreshWork();
      if (parts.has("page") && one("[data-refresh-on]")) await refreshPage();
    } catch (error) {
      // The server cannot be reached: the stream notices too, and asks for everything again.
      parts.forEach((part) => wanted.add(part));
      mark("lost");
    } finally {
      busy = false;
      refreshedAt = Date.now();
      plan();
    }
  }

  // A form that was refused stands at an address that has no page: what is typed there stays.
  let noPage = false;

  async function fetchPart(url, target) {
    const response = await fetch(url, {
      credentials: "same-origin",
      headers: { "HX-Request": "true", "HX-Target": target, Accept: "text/html" },
    });
    if (response.redirected || response.status === 401 || response.status === 403) {
      location.reload(); // Signed out, or the role was taken away: the page says so.
      return null;
    }
    noPage = noPage || response.status === 405;
    if (!response.ok) return null;
    return new DOMParser().parseFromString(await response.text(), "text/html");
  }

  function beingUsed(place) {
    const selection = document.getSelection();
    return Boolean(
      selection && !selection.isCollapsed && place.contains(selection.anchorNode)
    );
  }

  // Put the new content of a part in place; open folds stay open, the focus where it was.
  function replacePart(place, fresh) {
    const tokens = /name="csrfmiddlewaretoken" value="[^"]*"/g;
    if (place.innerHTML.replace(tokens, "") === fresh.innerHTML.replace(tokens, "")) return;
    const open = all("details", place).map((fold) => fold.open);
    const focused = place.contains(document.activeElement) ? document.activeElement : null;
    const focusables = "a, button, summary, input, select, textarea";
    const at = focused ? all(focusables, place).indexOf(focused) : -1;
    const focusedId = focused ? focused.id : "";
    // What somebody typed there stays.
    const typed = all("input[id], textarea[id]", place)
      .filter((field) => field.type !== "hidden" && field.value !== field.defaultValue)
      .map((field) => [field.id, field.value]);
    const isHere = (row) => row.id && row.getBoundingClientRect().bottom > 60;
    const anchor = window.scrollY > 0 ? all("[data-row]", place).find(isHere) : null;
    const before = anchor ? anchor.getBoundingClientRect().top : 0;
    place.replaceChildren(...fresh.childNodes);
    all("details", place).forEach((fold, index) => {
      if (open[index]) fold.open = true;
    });
    typed.forEach(([id, value]) => {
      const again = document.getElementById(id);
      if (again) again.value = value;
    });
    if (at >= 0) {
      const same = focusedId && document.getElementById(focusedId);
      const again = same || all(focusables, place)[at];
      if (again) again.focus({ preventScroll: true });
    }
    const stays = anchor && document.getElementById(anchor.id);
    if (stays) window.scrollBy(0, stays.getBoundingClientRect().top - before);
    if (window.htmx) window.htmx.process(place);
  }

  async function refreshStrip() {
    const state = one("#strip-state");
    if (!state) return;
    const page = await fetchPart(state.dataset.address, "strip-state");
    const fresh = page && page.getElementById("strip-state");
    if (fresh) replacePart(state, fresh);
    const bell = one("#bell");
    const rung = page && page.getElementById("bell");
    if (bell && rung) replacePart(bell, rung);
  }

  async function refreshPage() {
    if (noPage) return;
    // A page that answers a refused form stands at the form's address, where nothing is to be read.
    const own = one("[data-page-address]");
    const address = own ? own.dataset.pageAddress
      : window.levelheadPageAddress ? window.levelheadPageAddress() : location.href;
    const page = await fetchPart(address, "");
    if (!page) return;
    all("main [data-live-part]").forEach((place) => {
      const fresh = page.getElementById(place.id);
      if (!fresh) return;
      if (beingUsed(place)) wanted.add("page");
      else replacePart(place, fresh);
    });
    if (window.levelheadPageFresh) window.levelheadPageFresh();
  }

  // The counts of saved views are asked for on their own: they may take longer than the list.
  function tellViews() {
    const views = one("#saved-views");
    if (views && window.htmx) window.htmx.trigger(views, "levelhead:counts");
  }

  async function refreshList() {
    const list = one("#list");
    const here = new URLSearchParams(location.search);
    if (here.has("before") || here.has("after")) return;
    const url = new URL(list.dataset.address, location.href);
    url.searchParams.set("shown", String(Math.max(all("#rows .row").length, 50)));
    const page = await fetchPart(url, "list");
    const fresh = page && page.getElementById("list");
    // The person may have gone to another list meanwhile.
    if (!fresh || one("#list") !== list) return;
    if (beingUsed(list)) {
      wanted.add("list");
      return;
    }
    const pane = list.closest(".pane");
    const scroller = pane.scrollHeight > pane.clientHeight ? pane : document.scrollingElement;
    const shown = list.offsetParent !== null;
    const anchor = shown && scroller.scrollTop > 0
      ? all("#rows .row").find((row) => row.getBoundingClientRect().bottom > 60)
      : null;
    const before = anchor ? anchor.getBoundingClientRect().top : 0;
    const chosen = all("#rows input[name=case]:checked").map((box) => box.value);
    const focus = document.activeElement;
    const row = focus && focus.closest("#rows .row");
    const kind = focus && focus.matches("input") ? "input" : ".row-link";
    // Forms that a person may be using stay the same elements.
    ["#views-nav", "#rows-area"].forEach((selector) => {
      const place = one(selector, list);
      const next = one(selector, fresh);
      if (place && next && place.innerHTML !== next.innerHTML) {
        place.replaceChildren(...next.childNodes);
        if (window.htmx) window.htmx.process(place);
      }
    });
    if (all("#saved-views a").length) tellViews();
    all("#rows input[name=case]").forEach((box) => (box.checked = chosen.includes(box.value)));
    window.levelheadSettle();
    if (row && !document.contains(row)) {
      const again = one("#" + CSS.escape(row.id) + " " + kind);
      if (again) again.focus({ preventScroll: true });
    }
    if (anchor) {
      const again = document.getElementById(anchor.id);
      if (again) scroller.scrollTop += again.getBoundingClientRect().top - before;
    }
  }

  function typedIn(work) {
    return all("textarea", work).some((field) => field.value.trim() !== "");
  }

  async function refreshWork() {
    const work = one("#work");
    if (!work || !work.dataset.work) return;
    workAt = Date.now();
    const url = new URL(work.dataset.address, location.href);
    const here = new URLSearchParams(location.search);
    ["answers_after", "others_after"].forEach((name) => {
      if (here.has(name)) url.searchParams.set(name, here.get(name));
    });
    const page = await fetchPart(url, "work");
    const fresh = page && page.getElementById("work");
    if (!fresh || one("#work") !== work || fresh.dataset.work !== work.dataset.work) return;
    const changed = fresh.dataset.version !== work.dataset.version;
    // Joined with another meanwhile: what comes for that one is for this page too.
    work.dataset.conversation = fresh.dataset.conversation;
    const inForm = document.activeElement && document.activeElement.closest("#work form, #work details");
    if (changed && !typedIn(work) && !inForm && !beingUsed(work)) {
      const places = all(".pane", work).map((pane) => pane.scrollTop).concat(work.scrollTop);
      const messages = one("#messages", work);
      const next = one("#messages", fresh);
      if (messages && next) next.replaceWith(messages);
      const focusId = work.contains(document.activeElement) ? document.activeElement.id : "";
      work.replaceWith(fresh);
      all(".pane", fresh).forEach((pane, index) => (pane.scrollTop = places[index]));
      fresh.scrollTop = places[places.length - 1];
      if (focusId && one("#" + CSS.escape(focusId))) one("#" + CSS.escape(focusId)).focus({ preventScroll: true });
      if (window.htmx) window.htmx.process(fresh);
      window.levelheadSettle();
      return;
    }
    all("[data-live-part]", work).forEach((place) => {
      const next = fresh.querySelector("#" + CSS.escape(place.id));
      if (!next) return;
      if (beingUsed(place)) wanted.add("work");
      else replacePart(place, next);
    });
    if (changed) {
      // What is typed here was meant for the older version: the person looks first.
      work.dataset.newVersion = fresh.dataset.version;
      const told = one("[data-changed-meanwhile]", work);
      if (told) told.hidden = false;
    }
  }

  connect();
  window.addEventListener("pagehide", () => source && source.close());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      connect();
      want("strip", "list", "work", "page");
    }
  });
})();
