// A figure: arrows over the text, and what is told of what is pointed at or has the focus. The markup holds all that
// is known: a <mark data-m> for each mention, a <tr data-r> for each relation. Returns { layout, show }.
function spacyLukeFigure(root) {
  if (root.spacyLuke) return root.spacyLuke;
  const rows = [...root.querySelectorAll("tr[data-r]")];
  const text = root.querySelector(".sl-text");
  const layout = root.classList.contains("sl-relations") && rows.length ? spacyLukeArrows(root, text, rows) : () => {};
  const show = spacyLukeHover(root, rows);
  for (const table of root.querySelectorAll("details")) table.open = false; // its content is drawn
  return (root.spacyLuke = { layout, show });
}
