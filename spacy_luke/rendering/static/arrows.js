// An arrow leaves the head upwards, runs in a lane over its line of text and comes down to the tail. If the two are on
// different lines, it runs to a gutter beside the text, along it and back in a lane over the other line.
const SVG = "http://www.w3.org/2000/svg";
// Pixels: height of a lane, room between lanes and text, radius of corners, width of a column, gap in a lane, type.
const LANE = 17, ROOM = 9, TURN = 6, COLUMN = 8, GAP = 10, TYPE = 11.5;
const WIDEST = 0.2; // of the width: a gutter

function spacyLukeArrows(root, text, rows) {
  const stage = document.createElement("div");
  stage.className = "sl-stage";
  text.replaceWith(stage);
  stage.append(text);
  const svg = spacyLukeNode(stage, "svg", { class: "sl-arrows", role: "group", "aria-label": "Relations" });
  const marks = new Map();
  for (const mark of text.querySelectorAll("mark[data-c]")) {
    const strut = addStrut(mark);
    marks.set(mark.dataset.m, { mark, strut });
  }
  const pen = document.createElement("canvas").getContext("2d");

  // Makes room over its line: an empty box, as high as is needed. It stands behind the mention's first character, for
  // before it a line could end.
  function addStrut(mark) {
    const first = document.createTreeWalker(mark, NodeFilter.SHOW_TEXT).nextNode();
    const rest = first.splitText(String.fromCodePoint(first.data.codePointAt(0)).length);
    const [holder, strut] = ["sl-begin", "sl-strut"].map((name) => {
      const made = document.createElement("span");
      made.className = name;
      return made;
    });
    rest.before(holder);
    holder.append(first, strut);
    return strut;
  }

  function layout() {
    const style = getComputedStyle(root);
    pen.font = `500 ${TYPE}px ${style.fontFamily}`;
    const links = rows.filter((row) => !row.hidden).map((row) => ({ // what isn't shown in the table has no arrow
      row, id: row.dataset.r, head: marks.get(row.dataset.h), tail: marks.get(row.dataset.t), label: row.dataset.l,
      score: Number(row.dataset.s),
    }));
    for (const { strut } of marks.values()) strut.style.cssText = "";
    let gutters = [0, 0], lines;
    for (let round = 0; round < 4; round++) { // gutters make the text narrower, which may move words to other lines
      text.style.padding = `0 ${gutters[1]}px 0 ${gutters[0]}px`;
      lines = measure();
      const columns = route(links, stage.clientWidth);
      const widest = stage.clientWidth * WIDEST;
      const needed = columns.map((n, side) => Math.max(gutters[side], n ? Math.min(n * COLUMN + 6, widest) : 0));
      if (needed.every((n, side) => n === gutters[side])) break;
      gutters = needed;
    }
    for (const link of links) cut(link, gutters, stage.clientWidth);
    const segments = links.flatMap((link) => link.segments);
    const lanes = lines.map((line) => pack(segments.filter((segment) => segment.line === line)));
    const normal = Number.parseFloat(getComputedStyle(text).lineHeight);
    lines.forEach((line, i) => {
      if (!lanes[i]) return;
      const room = lanes[i] * LANE + ROOM;
      line.first.strut.style.cssText = `line-height:${normal + room}px;vertical-align:${room / 2}px`;
    });
    const tops = measure().map((line) => line.top);
    lines.forEach((line, i) => (line.top = tops[i]));
    draw(links, segments);
  }

  // Lines of text that hold mentions, from top to bottom. Each mention learns its line and its place.
  function measure() {
    const origin = stage.getBoundingClientRect();
    const lines = [];
    for (const item of marks.values()) {
      const box = firstBox(item.mark, item.strut);
      item.left = box.left - origin.left;
      item.right = box.right - origin.left;
      item.top = box.top - origin.top;
      item.middle = (box.top + box.bottom) / 2 - origin.top;
    }
    for (const item of [...marks.values()].sort((a, b) => a.middle - b.middle)) {
      const last = lines.at(-1);
      if (last && item.middle - last.middle < 12) {
        last.items.push(item);
        last.top = Math.min(last.top, item.top);
      } else lines.push({ middle: item.middle, top: item.top, items: [item] });
    }
    lines.forEach((line, number) => {
      line.number = number;
      line.first = line.items[0];
      for (const item of line.items) item.line = line;
    });
    return lines;
  }

  function firstBox(mark, strut) {
    const boxes = [...mark.getClientRects()].filter((box) => box.width > 1);
    return boxes[0] ?? strut.getBoundingClientRect();
  }

  // Chooses each link's way: where it ends on its mentions, and which column of which gutter it takes. Returns the
  // numbers of columns, left and right.
  function route(links, width) {
    for (const item of marks.values()) item.ends = [];
    const sides = [[], []];
    for (const link of links) {
      link.same = link.head.line === link.tail.line;
      const [a, b] = [middle(link.head), middle(link.tail)];
      link.side = a + b <= width ? 0 : 1;
      const away = link.side ? Infinity : -Infinity;
      link.head.ends.push({ link, end: "from", to: link.same ? b : away, far: link.tail.line.number });
      link.tail.ends.push({ link, end: "to", to: link.same ? a : away, far: link.head.line.number });
      if (!link.same) sides[link.side].push(link);
    }
    for (const item of marks.values()) spread(item);
    return sides.map(columns);
  }

  // Each link's run over its line of text, or its two runs from and to the gutter.
  function cut(link, gutters, width) {
    link.labelWidth = Math.min(pen.measureText(link.label).width + 8, Math.max(width * 0.7, 120));
    if (link.same) link.segments = [segment(link, link.head.line, link.from, link.to)];
    else {
      const step = Math.min(COLUMN, (gutters[link.side] - 6) / link.columns); // many columns share what there is
      const inset = 3 + (link.columns - 1 - link.column) * step;
      link.x = link.side ? width - inset : inset;
      link.segments = [segment(link, link.head.line, link.from, link.x), segment(link, link.tail.line, link.to, link.x)];
    }
    const longest = link.segments.reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a));
    longest.labelled = true;
    widen(longest, gutters, width);
  }

  function middle(item) {
    return (item.left + item.right) / 2;
  }

  // Ends that lie side by side on a mention, so that arrows to the same side don't cross.
  function spread(item) {
    const at = middle(item);
    const key = (end) => (end.to < at ? [0, -end.to] : [1, -end.to]);
    item.ends.sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      return x[0] - y[0] || (x[1] === y[1] ? a.far - b.far : x[1] - y[1]);
    });
    const n = item.ends.length;
    const step = Math.min(11, (item.right - item.left - 8) / Math.max(n, 1));
    item.ends.forEach(({ link, end }, i) => (link[end] = at + (i - (n - 1) / 2) * step));
  }

  function segment(link, line, one, other) {
    const [start, end] = [Math.min(one, other), Math.max(one, other)];
    return { link, line, start, end, low: start, high: end, labelled: false };
  }

  // Makes room for the label, which stands over the text, never in a gutter: from seg.first to seg.last.
  function widen(seg, gutters, width) {
    const needed = seg.link.labelWidth + 2 * TURN;
    const [left, right] = [gutters[0], width - gutters[1]];
    let [first, last] = [Math.max(seg.start, left), Math.min(seg.end, right)];
    const lack = Math.max(needed - (last - first), 0) / 2;
    first -= lack;
    last += lack;
    const shift = Math.max(left - first, 0) - Math.max(last - right, 0);
    [seg.first, seg.last] = [first + shift, last + shift];
    seg.low = Math.min(seg.low, seg.first);
    seg.high = Math.max(seg.high, seg.last);
  }

  // Columns of a gutter: links whose lines overlap get different ones, short ones are nearest to the text.
  function columns(links) {
    const taken = [];
    const span = (link) => [link.head.line.number, link.tail.line.number].sort((a, b) => a - b);
    links.sort((a, b) => span(a)[1] - span(a)[0] - (span(b)[1] - span(b)[0]));
    for (const link of links) {
      const [first, last] = span(link);
      link.column = free(taken, first, last, 1);
    }
    for (const link of links) link.columns = taken.length;
    return taken.length;
  }

  // Puts the segments of a line into lanes, the shortest into the lowest. Returns how many lanes there are.
  function pack(segments) {
    const taken = [];
    const size = (seg) => seg.end - seg.start;
    for (const seg of segments.sort((a, b) => size(a) - size(b))) {
      seg.lane = free(taken, seg.low, seg.high, GAP);
    }
    return taken.length;
  }

  function free(taken, start, end, gap) {
    let n = taken.findIndex((places) => places.every(([a, b]) => end + gap <= a || b + gap <= start));
    if (n < 0) n = taken.push([]) - 1;
    taken[n].push([start, end]);
    return n;
  }

  function draw(links, segments) {
    const pointed = [...svg.querySelectorAll(".sl-on")].map((group) => group.dataset.r);
    const focused = svg.contains(document.activeElement) ? document.activeElement.dataset.r : null;
    svg.replaceChildren();
    svg.setAttribute("width", stage.clientWidth);
    svg.setAttribute("height", stage.clientHeight);
    for (const seg of segments) seg.y = seg.line.top - ROOM - LANE * (seg.lane + 0.5) + 3;
    const highest = (link) => Math.max(...link.segments.map((seg) => seg.lane));
    for (const link of [...links].sort((a, b) => highest(b) - highest(a))) drawLink(link, segments); // labels on stems
    for (const r of pointed) svg.querySelector(`[data-r="${r}"]`)?.classList.add("sl-on");
    if (focused !== null) svg.querySelector(`[data-r="${focused}"]`)?.focus();
  }

  function drawLink(link, segments) {
    const told = `${shown(link.head.mark)}: ${link.label}: ${shown(link.tail.mark)}, score ${link.score.toFixed(2)}`;
    const group = spacyLukeNode(svg, "g", {
      "data-r": link.id, tabindex: 0, role: "img", "aria-label": told, style: link.row.getAttribute("style"),
      ...("dashed" in link.row.dataset ? { "data-dashed": "" } : {}),
    });
    const tip = link.tail.top - 1;
    const d = path(link, tip - 5);
    spacyLukeNode(group, "path", { d, class: "sl-wide" });
    spacyLukeNode(group, "path", { d, "stroke-width": (0.9 + 1.1 * link.score).toFixed(2) });
    spacyLukeNode(group, "polygon", { points: `${link.to},${tip} ${link.to - 3.6},${tip - 7} ${link.to + 3.6},${tip - 7}` });
    const seg = link.segments.find((one) => one.labelled);
    const x = labelPlace(seg, segments);
    const box = { x: x - link.labelWidth / 2, y: seg.y - 8, width: link.labelWidth, height: 16, rx: 3 };
    spacyLukeNode(group, "rect", box);
    const label = { x, y: seg.y + 4, "font-size": TYPE, "font-weight": 500, "text-anchor": "middle" };
    const node = spacyLukeNode(group, "text", label, link.label);
    let end = link.label.length;
    while (end > 3 && node.getComputedTextLength() > link.labelWidth - 4) {
      node.textContent = link.label.slice(0, (end -= 2)).trimEnd() + "…";
    }
  }

  function shown(mark) {
    return [...mark.childNodes].filter((node) => !node.classList?.contains("sl-tag")).map((node) => node.textContent).join("");
  }

  function path(link, tip) {
    const head = link.head.top - 1;
    if (link.same) {
      const { y } = link.segments[0];
      return corners([[link.from, head], [link.from, y], [link.to, y], [link.to, tip]]);
    }
    const [one, other] = link.segments.map((seg) => seg.y);
    const { x, from, to } = link;
    return corners([[from, head], [from, one], [x, one], [x, other], [to, other], [to, tip]]);
  }

  // A line through points with rounded corners.
  function corners(points) {
    let d = `M${points[0]}`;
    for (let i = 1; i < points.length - 1; i++) {
      const [a, b, c] = [points[i - 1], points[i], points[i + 1]];
      const turn = Math.min(TURN, distance(a, b) / 2, distance(b, c) / 2);
      d += `L${toward(b, a, turn)}Q${b} ${toward(b, c, turn)}`;
    }
    return `${d}L${points.at(-1)}`;
  }

  function distance(a, b) {
    return Math.hypot(a[0] - b[0], a[1] - b[1]);
  }

  function toward(a, b, length) {
    const share = length / (distance(a, b) || 1);
    return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share].map((n) => n.toFixed(1));
  }

  // The middle of the segment, or the place next to it where the fewest stems of higher lanes pass.
  function labelPlace(seg, segments) {
    const half = seg.link.labelWidth / 2;
    const centre = (seg.first + seg.last) / 2;
    const slack = Math.max((seg.last - seg.first) / 2 - half - TURN, 0);
    const stems = segments.filter((one) => one.line === seg.line && one.lane > seg.lane).flatMap((one) => stemsOf(one));
    let best = [Infinity, centre];
    for (const share of [0, 0.25, -0.25, 0.5, -0.5, 0.75, -0.75, 1, -1]) {
      const x = centre + share * slack;
      const crossed = stems.filter((stem) => Math.abs(stem - x) < half + 2).length;
      if (crossed < best[0]) best = [crossed, x];
    }
    return best[1];
  }

  function stemsOf(seg) {
    const { link } = seg;
    if (link.same) return [link.from, link.to];
    return [seg === link.segments[0] ? link.from : link.to];
  }

  let width = 0;
  const redraw = () => {
    if (!stage.clientWidth || stage.clientWidth === width) return; // hidden, or only higher
    width = stage.clientWidth;
    layout();
  };
  new ResizeObserver(redraw).observe(stage);
  if (document.fonts.status !== "loaded") document.fonts.ready.then(() => { width = 0; redraw(); });
  redraw();
  return layout;
}

function spacyLukeNode(parent, name, attributes, content) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (content !== undefined) node.textContent = content;
  parent.append(node);
  return node;
}
