// A form of a page that was opened under an earlier sign-in: its token is renewed, nothing typed is
// lost, and the person presses again.
(function () {
  "use strict";

  const HEADER = "Levelhead-Form-Token";

  function renew(token) {
    document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((field) => {
      field.value = token;
    });
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const xhr = event.detail.xhr;
    const token = xhr.status === 403 && xhr.getResponseHeader(HEADER);
    if (!token) return;
    event.detail.shouldSwap = false;
    renew(token);
    window.levelheadTell(JSON.parse(xhr.responseText).message);
  });

  // For what is sent without htmx: the new token, or an empty text where the answer is another.
  window.levelheadFreshToken = function (response) {
    const token = (response.status === 403 && response.headers.get(HEADER)) || "";
    if (token) renew(token);
    return token;
  };
})();
