// Sorts and filters the table of claims (book/claims.ipynb). Without this script the table is there all the same.
(() => {
  const table = document.querySelector("td .verdict")?.closest("table");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const names = heads.map((head) => head.textContent.trim());
  const text = (row, name) => row.cells[names.indexOf(name)].textContent.trim();
  const make = (tag, given) => Object.assign(document.createElement(tag), given);

  const form = make("form", { className: "claims-filter" });
  const count = make("output", { className: "claims-count" });
  form.setAttribute("aria-label", "Filter the claims");
  form.addEventListener("submit", (event) => event.preventDefault());

  const labelled = (name, field) => {
    const label = make("label", { textContent: name });
    label.append(field);
    form.append(label);
    return field;
  };
  const choice = (name) => {
    const field = labelled(name, make("select"));
    field.append(make("option", { value: "", textContent: "all" }));
    for (const value of new Set(rows.map((row) => text(row, name))))
      field.append(make("option", { value, textContent: value }));
    return field;
  };
  const verdict = choice("Verdict");
  const source = choice("Source");
  const words = labelled("Text", make("input", { type: "search", autocomplete: "off" }));
  form.append(count);

  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const said = row.textContent.toLowerCase();
      row.hidden =
        (verdict.value && text(row, "Verdict") !== verdict.value) ||
        (source.value && text(row, "Source") !== source.value) ||
        !wanted.every((word) => said.includes(word));
    }
    const shown = rows.filter((row) => !row.hidden).length;
    count.textContent = `${shown} of ${rows.length} claims`;
  };
  form.addEventListener("input", filter);

  // A third press on the same column brings back the order of the page.
  const sort = (name, head) => {
    const way = { ascending: "descending", descending: "none" }[head.ariaSort] ?? "ascending";
    for (const other of heads) other.removeAttribute("aria-sort");
    if (way !== "none") head.setAttribute("aria-sort", way);
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    const sign = { ascending: 1, descending: -1, none: 0 }[way];
    body.append(...rows.toSorted((one, other) => sign * compare(text(one, name), text(other, name))));
  };
  heads.forEach((head, i) => {
    if (names[i] === "Measured") return; // figures of different kinds have no order
    const button = make("button", { type: "button", className: "claims-sort", textContent: names[i] });
    button.addEventListener("click", () => sort(names[i], head));
    head.replaceChildren(button);
  });

  filter();
  const box = table.closest(".pst-scrollable-table-container") ?? table;
  box.before(form);
})();
