// The page over a corpus. What is open is in the address: #d=3 is the fourth document, &m=5 its sixth mention, &r=0 its
// first relation, &q the first match of the query.
const $ = (id) => document.getElementById(id);
const { labels, docs } = JSON.parse($("index").textContent);
const SHOWN = 40, HITS = 3, AROUND = 34; // documents that the list grows by, hits of each, characters around a match

const lowered = docs.map(([title, text, mentions, links]) => {
  const used = new Set([...mentions.map((mention) => mention[1]), ...links.map((link) => link[0])]);
  return [title, text, ...[...used].map((label) => labels[label])].join("\n").toLowerCase();
});
let found = []; // numbers of the documents that match, with their hits
let open = null; // { number, figure, root }

// --- filters ---

function filters() {
  const [kind, label] = $("label").value ? $("label").value.split(":") : ["", ""];
  return { query: $("query").value.trim().toLowerCase(), kind, label: Number(label), threshold: Number($("threshold").value) };
}

// Hits of a document: [head, label, tail or null, score, place in the document]; null if it doesn't match.
function match(number, { query, kind, label, threshold }) {
  if (query && !lowered[number].includes(query)) return null;
  const [, , mentions, links] = docs[number];
  const hits = [];
  if (kind !== "e") {
    links.forEach(([name, score, head, tail], r) => {
      if ((!kind || name === label) && score >= threshold) hits.push([mentions[head][0], name, mentions[tail][0], score, `r=${r}`]);
    });
  }
  if (kind !== "r") {
    mentions.forEach(([text, name, score], m) => {
      if ((!kind || name === label) && score >= threshold) hits.push([text, name, null, score, `m=${m}`]);
    });
  }
  return hits.length || (!kind && !threshold) ? hits : null;
}

function filter() {
  const chosen = filters();
  $("chosen").textContent = chosen.threshold.toFixed(2);
  found = [];
  for (let number = 0; number < docs.length; number++) {
    const hits = match(number, chosen);
    if (hits) found.push([number, hits]);
  }
  $("count").textContent = `${found.length.toLocaleString("en")} of ${docs.length.toLocaleString("en")} documents`;
  $("list").replaceChildren();
  grow();
  if (open) mark(chosen);
}

// --- the list ---

function grow() {
  const begin = $("list").children.length;
  const { query } = filters();
  $("list").append(...found.slice(begin, begin + SHOWN).map(([number, hits]) => item(number, hits, query)));
}

function node(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

function link(className, hash, ...content) {
  const made = node("a", className, ...content);
  made.href = hash;
  return made;
}

function item(number, hits, query) {
  const [title, text] = docs[number];
  const made = node("li", "", link("title", `#d=${number}`, node("bdi", "", title)));
  made.dataset.d = number;
  if (open?.number === number) made.setAttribute("aria-current", "true");
  if (query) {
    const at = text.toLowerCase().indexOf(query);
    if (at >= 0) {
      const [a, b] = [Math.max(0, at - AROUND), at + query.length];
      made.append(link("hit", `#d=${number}&q`, node("span", "", a ? "… " : "", text.slice(a, at), node("b", "", text.slice(at, b)), text.slice(b, b + AROUND), " …")));
    }
  }
  for (const [head, label, tail, score, place] of hits.slice(0, HITS)) {
    const what = tail === null ? [node("b", "", head), ` ${labels[label]}`] : [node("b", "", head), ` ${labels[label]} `, node("b", "", tail)];
    made.append(link("hit", `#d=${number}&${place}`, node("span", "", ...what), node("span", "", score.toFixed(2))));
  }
  if (hits.length > HITS) made.append(node("div", "more", `and ${hits.length - HITS} more`));
  return made;
}

// --- the reader ---

function read() {
  const place = new URLSearchParams(location.hash.slice(1));
  const number = Number(place.get("d") ?? found[0]?.[0] ?? -1);
  if (!docs[number]) return;
  if (open?.number !== number) show(number);
  if (place.has("q")) jumpToMatch();
  const [m, r] = ["m", "r"].map((name) => CSS.escape(place.get(name) ?? ""));
  if (m) jump(open.root.querySelector(`mark[data-m="${m}"]`));
  const arrow = r && open.root.querySelector(`g[data-r="${r}"]`);
  if (!arrow) return;
  jump(open.root.querySelector(`mark[data-m="${open.root.querySelector(`tr[data-r="${r}"]`).dataset.h}"]`));
  open.figure.show(arrow);
}

function jump(target) {
  if (!target) return;
  target.scrollIntoView({ block: "center" });
  target.classList.remove("sl-found");
  void target.offsetWidth; // begins the animation anew
  target.classList.add("sl-found");
}

function jumpToMatch() {
  const [range] = matches(filters().query);
  if (!range) return;
  const [reader, box] = [$("reader"), range.getBoundingClientRect()];
  reader.scrollBy(0, box.top - reader.getBoundingClientRect().top - reader.clientHeight / 2);
}

function show(number) {
  const at = found.findIndex(([other]) => other === number);
  const steps = node("div", "steps");
  if (found[at - 1]) steps.append(link("", `#d=${found[at - 1][0]}`, "← previous"));
  if (found[at + 1]) steps.append(link("", `#d=${found[at + 1][0]}`, "next →"));
  const holder = node("div", "");
  holder.innerHTML = JSON.parse($(`d${number}`).textContent); // our own markup: its texts are escaped
  $("reader").replaceChildren(steps, node("h2", "", node("bdi", "", docs[number][0])), holder);
  $("reader").scrollTop = 0;
  const root = holder.querySelector("figure");
  open = { number, root, figure: spacyLukeFigure(root) };
  for (const one of $("list").children) {
    if (one.dataset.d === String(number)) one.setAttribute("aria-current", "true");
    else one.removeAttribute("aria-current");
  }
  mark(filters());
}

// Shows in the open document what matches: its arrows, mentions and words.
function mark({ query, kind, label, threshold }) {
  const name = labels[label];
  let changed = false;
  for (const row of open.root.querySelectorAll("tr[data-r]")) {
    const hidden = Number(row.dataset.s) < threshold || (kind === "r" && row.dataset.l !== name);
    changed ||= row.hidden !== hidden;
    row.hidden = hidden;
  }
  for (const one of open.root.querySelectorAll("mark[data-m]")) {
    one.classList.toggle("sl-off", Number(one.dataset.s) < threshold || (kind === "e" && one.dataset.l !== name));
  }
  if (changed) open.figure.layout();
  if (!globalThis.Highlight) return;
  CSS.highlights.set("query", new Highlight(...(query ? matches(query) : [])));
}

function texts() {
  const walker = document.createTreeWalker(open.root.querySelector(".sl-text"), NodeFilter.SHOW_TEXT);
  const all = [];
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(".sl-tag")) all.push(walker.currentNode);
  return all;
}

// Ranges of the open document that hold the query, across mentions.
function matches(query) {
  const nodes = texts();
  const whole = nodes.map((one) => one.data.toLowerCase()).join("");
  if (whole.length !== nodes.reduce((n, one) => n + one.length, 0)) return []; // lower case is longer in some scripts
  const starts = [];
  let sum = 0;
  for (const one of nodes) starts.push((sum += one.length) - one.length);
  const place = (at, last) => {
    const i = starts.findLastIndex((start) => (last ? start < at : start <= at));
    return [nodes[i], at - starts[i]];
  };
  const ranges = [];
  for (let at = whole.indexOf(query); at >= 0; at = whole.indexOf(query, at + query.length)) {
    const range = new Range();
    range.setStart(...place(at, false));
    range.setEnd(...place(at + query.length, true));
    ranges.push(range);
  }
  return ranges;
}

// --- start ---

function options(kind, title, counts) {
  const group = node("optgroup", "");
  group.label = title;
  for (const [label, n] of [...counts].sort((a, b) => b[1] - a[1])) {
    const option = node("option", "", `${labels[label]} (${n.toLocaleString("en")})`);
    option.value = `${kind}:${label}`;
    group.append(option);
  }
  if (counts.size) $("label").append(group);
}

const count = (counts, label) => counts.set(label, (counts.get(label) ?? 0) + 1);
const [entities, relations] = [new Map(), new Map()];
for (const [, , mentions, links] of docs) {
  for (const [, label] of mentions) count(entities, label);
  for (const [label] of links) count(relations, label);
}
options("r", "Relations", relations);
options("e", "Entities", entities);
for (const id of ["query", "label", "threshold"]) $(id).addEventListener("input", filter);
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", read);
new IntersectionObserver((entries) => { if (entries[0].isIntersecting) grow(); }, { root: document.querySelector("nav"), rootMargin: "600px" }).observe($("more"));
filter();
read();
document.documentElement.dataset.ready = performance.now().toFixed(); // milliseconds until all could be used
