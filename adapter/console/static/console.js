/* The console's only script: renews pieces of a page, locks an idle screen, ticks all boxes. No framework, no build. */
(function () {
  "use strict";
  const body = document.body;
  const lost = document.getElementById("lost");
  let leaving = false;

  function clock() {
    return new Date().toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  }

  function stamp() {
    for (const place of document.querySelectorAll("[data-fresh-at]")) {
      place.textContent = body.dataset.fresh + " " + clock();
    }
  }

  // A piece is replaced only when it changed and nobody is at work inside it.
  async function renew(piece) {
    if (leaving || document.hidden || busy(piece)) return;
    try {
      const answer = await fetch(piece.dataset.refresh, { headers: { "X-Piece": "1" }, credentials: "same-origin" });
      if (leaving) return;
      if (answer.redirected && new URL(answer.url).pathname === "/login") {
        leaving = true;
        location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      if (busy(piece)) return;
      if (piece.dataset.seen !== text) {
        const fresh = new DOMParser().parseFromString(text, "text/html");
        const open = new Set([...piece.querySelectorAll("details[open][id]")].map((one) => one.id));
        piece.replaceChildren(...fresh.body.childNodes);
        for (const id of open) {
          const again = document.getElementById(id);
          if (again) again.open = true;
        }
        piece.dataset.seen = text;
      }
      if (lost) lost.hidden = true;
      stamp();
    } catch {
      if (lost) lost.hidden = false;
    }
  }

  function busy(piece) {
    const at = document.activeElement;
    return piece.contains(at) && at.matches("input, textarea, select") || piece.querySelector("details.act[open]") !== null;
  }

  for (const piece of document.querySelectorAll("[data-refresh]")) {
    if ("atOnce" in piece.dataset) renew(piece);
    setInterval(() => renew(piece), Number(piece.dataset.every || 10) * 1000);
    document.addEventListener("visibilitychange", () => renew(piece));
  }
  stamp();

  for (const picture of document.querySelectorAll("img[data-renew]")) {
    const address = picture.src;
    setInterval(() => {
      if (!document.hidden) picture.src = address + (address.includes("?") ? "&" : "?") + "at=" + Date.now();
    }, Number(picture.dataset.renew) * 1000);
  }

  // Idle: cover at once, and end the session, so that nobody reads over an empty chair.
  const idle = Number(body.dataset.idleMinutes || 0) * 60000;
  if (idle) {
    let last = Date.now();
    for (const kind of ["pointerdown", "keydown", "scroll", "pointermove"]) {
      addEventListener(kind, () => { last = Date.now(); }, { passive: true });
    }
    setInterval(() => {
      if (Date.now() - last < idle) return;
      last = Infinity;
      document.getElementById("main").hidden = true;
      const form = document.getElementById("logout");
      leaving = true;
      form.elements.namedItem("why").value = "idle";
      form.requestSubmit();
    }, 5000);
  }

  document.addEventListener("change", (event) => {
    const all = event.target.closest("[data-all]");
    if (all) {
      for (const box of document.querySelectorAll('input[name="' + all.dataset.all + '"]')) box.checked = all.checked;
    }
    const counted = document.querySelector("[data-count-of]");
    if (counted) {
      const n = document.querySelectorAll('input[name="' + counted.dataset.countOf + '"]:checked').length;
      counted.textContent = String(n);
      counted.closest("[data-bulk]").hidden = n === 0;
    }
    if (event.target.matches("select[data-go]")) event.target.form.requestSubmit();
  });

  document.addEventListener("click", (event) => {
    const print = event.target.closest("[data-print]");
    if (print) window.print();
    const close = event.target.closest("[data-close]");
    if (close) close.closest("details").open = false;
    for (const menu of document.querySelectorAll("details.me[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const open of document.querySelectorAll("details.me[open], details.act[open]")) open.open = false;
    }
    const typing = document.activeElement && document.activeElement.matches("input, textarea, select");
    if (event.key === "/" && !typing) {
      const quick = document.getElementById("quick");
      if (quick) { event.preventDefault(); quick.focus(); }
    }
  });

  // On a phone the menu is one line: bring the page's own entry into sight.
  const entry = document.querySelector(".side [aria-current]");
  const side = document.querySelector(".side");
  if (entry && side.scrollWidth > side.clientWidth) side.scrollLeft = entry.offsetLeft - 12;

  // A card or ID QR comes from a keyboard scanner as one line ending in Enter: the form goes by itself.
  // What stands there is marked, so that the next scan takes its place; another number is another person.
  const scanned = document.querySelector("[data-scan]");
  if (scanned) {
    const first = document.querySelector("[aria-invalid]") || scanned;
    first.focus();
    if (first === scanned) scanned.select();
    const asked = scanned.value;
    scanned.addEventListener("input", () => {
      if (!asked || scanned.value === asked) return;
      for (const id of scanned.dataset.clears.split(" ")) document.getElementById(id).value = "";
    }, { once: true });
  }

  // Outside the editor, a place named by a finding; inside it, the line itself.
  document.addEventListener("click", (event) => {
    const to = event.target.closest("[data-line]");
    const editor = document.getElementById("text");
    if (!to || !editor) return;
    event.preventDefault();
    const lines = editor.value.split("\n");
    const from = lines.slice(0, Number(to.dataset.line) - 1).join("\n").length + (to.dataset.line > 1 ? 1 : 0);
    editor.focus();
    editor.setSelectionRange(from, from + lines[Number(to.dataset.line) - 1].length);
    editor.scrollTop = Math.max(0, (Number(to.dataset.line) - 6) * editor.scrollHeight / lines.length);
  });
})();
