"use strict";
// Search by Go's or Rust's name, and a way through the functions by keyboard. Works from a file: nothing is fetched.
(() => {
  const q = document.getElementById("q"), found = document.getElementById("found");
  const plain = (s) => s.replace(/_/g, "").toLowerCase();
  const rank = (e, w) => {
    const names = (e[0] + " " + e[1]).split(/[\s.:]+/).map(plain);
    return Math.min(...names.map((n) => (n === w ? 0 : n.startsWith(w) ? 1 : n.includes(w) ? 2 : 9)));
  };
  const show = () => {
    const w = plain(q.value.trim());
    found.replaceChildren();
    if (!w) return;
    const hits = INDEX.map((e) => [rank(e, w), e]).filter((h) => h[0] < 9)
      .sort((a, b) => a[0] - b[0] || a[1][0].length - b[1][0].length).slice(0, 30);
    const list = document.createElement("ul");
    for (const [, e] of hits) {
      const item = document.createElement("li"), a = document.createElement("a"), s = document.createElement("small");
      a.href = e[3];
      a.textContent = e[0];
      s.textContent = " " + e[1] + " \u2014 " + e[2];
      item.append(a, s);
      list.append(item);
    }
    if (!hits.length) list.append(Object.assign(document.createElement("li"), { textContent: "nothing is called so" }));
    found.append(list);
  };
  q.addEventListener("input", show);
  q.addEventListener("keydown", (e) => {
    if (e.key === "Enter") found.querySelector("a")?.click();
    if (e.key === "Escape") { q.value = ""; show(); q.blur(); }
  });
  found.addEventListener("click", () => { q.value = ""; show(); });
  const sections = [...document.querySelectorAll("section[id]")];
  const step = (by) => {
    const at = sections.findIndex((s) => s.getBoundingClientRect().top > 70);
    const now = at < 0 ? sections.length : at;
    const to = sections[by > 0 ? (sections[now]?.getBoundingClientRect().top < 90 ? now + 1 : now) : now - 1];
    if (to) { location.hash = to.id; to.querySelector("h2 a").focus({ preventScroll: true }); }
  };
  document.addEventListener("keydown", (e) => {
    if (e.target === q || e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === "/") { e.preventDefault(); q.focus(); }
    if (e.key === "j") step(1);
    if (e.key === "k") step(-1);
  });
})();
