// What is told of what is pointed at or has the focus.
function spacyLukeHover(root, rows) {
  const card = document.createElement("div");
  card.className = "sl-card";
  card.setAttribute("role", "tooltip");
  card.hidden = true;
  root.append(card);
  for (const node of root.querySelectorAll("mark[title]")) node.removeAttribute("title");
  for (const node of root.querySelectorAll("svg title")) node.remove();

  const parts = "mark[data-m], g[data-m], [data-r]";
  const rowOf = (r) => rows.find((row) => row.dataset.r === r);
  const ends = (r) => (root.querySelector(`g[data-r="${r}"][data-h]`) ?? rowOf(r)).dataset;

  function show(target) {
    hide();
    const { r, m } = target.dataset;
    const links = r !== undefined ? [r] : rows.map((row) => row.dataset.r).filter((n) => [ends(n).h, ends(n).t].includes(m));
    const mentions = new Set(r !== undefined ? [] : [m]);
    for (const n of links) mentions.add(ends(n).h).add(ends(n).t);
    for (const n of links) for (const node of root.querySelectorAll(`[data-r="${n}"]`)) node.classList.add("sl-on");
    for (const n of mentions) for (const node of root.querySelectorAll(`[data-m="${n}"]`)) node.classList.add("sl-on");
    if (rows.length) root.classList.add("sl-active");
    if (target.closest("tr")) return; // it tells all that the card would
    fill(target, r);
    if (card.childNodes.length) place(target);
  }

  function hide() {
    card.hidden = true;
    root.classList.remove("sl-active");
    for (const node of root.querySelectorAll(".sl-on")) node.classList.remove("sl-on");
  }

  function fill(target, r) {
    card.replaceChildren();
    if (r !== undefined) {
      const cells = rowOf(r).cells;
      const line = add("div", "");
      for (const [i, cell] of [cells[0], cells[1], cells[2]].entries()) {
        if (i) line.append(i === 1 ? " — " : " → ");
        const part = document.createElement(i === 1 ? "span" : "b");
        part.append(...[...cell.childNodes].map((node) => node.cloneNode(true)));
        line.append(part);
      }
      meters([["score", Number(rowOf(r).dataset.s)]]);
      card.append(...[...cells[4].childNodes].map((node) => node.cloneNode(true)));
      return;
    }
    const known = JSON.parse(root.querySelector(`mark[data-m="${target.dataset.m}"][data-c]`)?.dataset.c ?? "{}");
    meters(known.labels ?? []);
    if (known.id) add("p", known.id);
    meters(known.candidates ?? []);
  }

  function add(name, content) {
    const node = document.createElement(name);
    node.textContent = content;
    card.append(node);
    return node;
  }

  function meters(pairs) {
    if (!pairs.length) return;
    const grid = add("div", "");
    grid.className = "sl-meter";
    for (const [name, share] of pairs) {
      const bar = document.createElement("i");
      bar.style.setProperty("--share", `${100 * share}%`);
      const [label, score] = [name, share.toFixed(2)].map((value) => {
        const node = document.createElement("span");
        node.textContent = value;
        return node;
      });
      grid.append(label, bar, score);
    }
  }

  // Above what is pointed at if there is room in the window, else below.
  function place(target) {
    card.hidden = false;
    const origin = root.getBoundingClientRect();
    const box = (target.querySelector("rect") ?? target).getBoundingClientRect();
    const above = box.top - card.offsetHeight - 8;
    const top = above > 0 ? above : box.bottom + 8;
    const left = Math.min(Math.max(box.left + box.width / 2 - card.offsetWidth / 2, origin.left), origin.right - card.offsetWidth);
    card.style.top = `${top - origin.top}px`;
    card.style.left = `${Math.max(left - origin.left, 0)}px`;
  }

  const over = (event) => {
    const target = event.target.closest?.(parts);
    if (target && root.contains(target)) show(target);
    else hide();
  };
  root.addEventListener("mouseover", over);
  root.addEventListener("focusin", over);
  root.addEventListener("mouseleave", hide);
  root.addEventListener("focusout", hide);
  root.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  return show;
}
