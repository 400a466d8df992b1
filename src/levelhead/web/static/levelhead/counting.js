// How long a text is as a platform counts. The server decides; analysis/lengths.py has the same
// rules in the same order, and a test compares the two over hostile texts.
(function () {
  "use strict";

  const schemed = "https?:\\/\\/[^\\s\\ufeff<>\"]{1,2000}";
  const bare =
    "(?<![\\p{L}\\p{M}\\p{N}_@.\\/\\-])(?:[a-z0-9](?:[a-z0-9\\-]{0,61}[a-z0-9])?\\.){1,5}" +
    "(?:gov|us|org|com|net|edu|mil|info|io|city)(?![\\p{L}\\p{M}\\p{N}_@\\-])" +
    "(?:\\/[^\\s\\ufeff<>\"]{0,2000})?";
  const link = new RegExp(schemed, "giu");
  const anyLink = new RegExp(schemed + "|" + bare, "giu");
  const trailing = ".,;:!?'\"’”»…";
  const remote = /(?<![\p{L}\p{N}_@])(@[A-Za-z0-9_]{1,60})@[A-Za-z0-9.\-]{1,100}/gu;
  const emoji = /^[\u{1f1e6}-\u{1f1ff}\u{1f300}-\u{1faff}\u2600-\u27bf]/u;
  // Kept as the server keeps them: what cannot be kept counts as the mark that replaces it.
  // eslint-disable-next-line no-control-regex
  const unkeepable = /[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]/gu;
  const blank = /[\s]/u;
  const clusters =
    window.Intl && Intl.Segmenter ? new Intl.Segmenter("en", { granularity: "grapheme" }) : null;

  // The browser's segmenter takes the square of a text's length: long ones go piece by piece.
  const PIECE = 1000;
  const isPlain = (code) => code >= 32 && code <= 126;

  // Where a piece may end: between two plain characters no cluster is cut.
  function endOf(text, start) {
    const last = Math.min(start + 2 * PIECE, text.length);
    for (let end = start + PIECE; end < last; end += 1) {
      if (isPlain(text.charCodeAt(end - 1)) && isPlain(text.charCodeAt(end))) return end;
    }
    return last;
  }

  function split(text) {
    if (!clusters) return Array.from(text);
    const found = [];
    for (let start = 0; start < text.length; ) {
      const end = endOf(text, start);
      for (const one of clusters.segment(text.slice(start, end))) found.push(one.segment);
      start = end;
    }
    return found;
  }

  function isBlank(character) {
    return character !== "\ufeff" && blank.test(character);
  }

  function clean(text) {
    const kept = text.replace(/\r\n?/g, "\n").replace(unkeepable, "\ufffd");
    let start = 0;
    let end = kept.length;
    while (start < end && isBlank(kept[start])) start += 1;
    while (end > start && isBlank(kept[end - 1])) end -= 1;
    return kept.slice(start, end);
  }

  function weigh(text) {
    let total = 0;
    split(text.normalize("NFC")).forEach((cluster) => {
      if (emoji.test(cluster)) {
        total += 2;
        return;
      }
      for (const character of cluster) {
        const code = character.codePointAt(0);
        const light =
          code <= 4351 ||
          (code >= 8192 && code <= 8205) ||
          (code >= 8208 && code <= 8223) ||
          (code >= 8242 && code <= 8247);
        total += light ? 1 : 2;
      }
    });
    return total;
  }

  function units(text, unit) {
    if (unit === "graphemes") return split(text).length;
    return unit === "weighted" ? weigh(text) : Array.from(text).length;
  }

  function withoutTrailing(found) {
    const opened = found.split("(").length;
    let closed = found.split(")").length;
    let end = found.length;
    while (end) {
      const last = found[end - 1];
      if (last === ")" && opened < closed) closed -= 1;
      else if (!trailing.includes(last)) break;
      end -= 1;
    }
    return found.slice(0, end);
  }

  // Platforms where links count as so many characters whatever they are.
  function withLinks(text, rule) {
    let total = 0;
    let last = 0;
    for (const found of text.matchAll(rule.bare ? anyLink : link)) {
      const shown = withoutTrailing(found[0]);
      if (/^https?(?::\/{0,2})?$/i.test(shown)) continue;
      total += units(text.slice(last, found.index), rule.unit) + rule.link;
      last = found.index + shown.length;
    }
    return total + units(text.slice(last), rule.unit);
  }

  function count(text, rule) {
    const counted = rule.local ? text.replace(remote, "$1") : text;
    return rule.link ? withLinks(counted, rule) : units(counted, rule.unit);
  }

  // The rule that a field carries, as the server wrote it.
  function ruleOf(field) {
    return {
      unit: field.dataset.unit || "characters",
      link: Number(field.dataset.linkLength) || 0,
      bare: field.dataset.bareLinks === "yes",
      local: field.dataset.localMentions === "yes",
      bytes: Number(field.dataset.byteLimit) || 0,
      limit: Number(field.dataset.limit) || 0,
      threads: field.dataset.threads === "yes",
    };
  }

  // How much is left in the post that is fullest: a line --- begins another.
  function left(text, rule) {
    const posts = rule.threads ? text.split(/^[ \t]*---[ \t]*$/mu) : [text];
    return posts.reduce(
      (least, post) => {
        const kept = clean(post);
        const characters = rule.limit - count(kept, rule);
        if (characters < least.characters) least.characters = characters;
        const bytes = rule.bytes ? rule.bytes - new TextEncoder().encode(kept).length : 0;
        if (bytes < least.bytes) least.bytes = bytes;
        return least;
      },
      { characters: rule.limit, bytes: 0 },
    );
  }

  window.levelheadCounting = { clean, count, left, ruleOf };
})();
