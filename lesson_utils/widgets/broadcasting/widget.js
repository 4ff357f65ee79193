// ---- the mathematics

function clean(raw) {
  const shape = (value, fallback) => (Array.isArray(value) ? value.slice(-4).map((n) => whole(n, 1, 6, 1)) : fallback);
  return { a: shape(raw.a, [3, 1]), b: shape(raw.b, [3]), seed: whole(raw.seed, 0, 999, 0) };
}

const product = (sizes) => sizes.reduce((all, n) => all * n, 1);

/** Numbers of the buffer that each axis of a shape steps over; 0 where the axis is stretched or missing. */
function steps(shape, axes) {
  const skipped = axes.length - shape.length;
  return axes.map(({ size }, i) => (i < skipped || shape[i - skipped] !== size ? 0 : product(shape.slice(i - skipped + 1))));
}

/** Everything shown, from the two shapes. A holds 0, 10, 20, …, B holds 0, 1, 2, … */
function solve({ a, b }) {
  const rank = Math.max(a.length, b.length);
  const at = (shape, i) => shape[i - rank + shape.length] ?? null;
  const axes = range(rank).map((i) => {
    const [m, n] = [at(a, i) ?? 1, at(b, i) ?? 1];
    const size = m === n || m === 1 || n === 1 ? Math.max(m, n) : null;
    return { axis: i - rank, a: at(a, i), b: at(b, i), size, stretched: size === null || m === n ? null : m === 1 ? "A" : "B" };
  });
  const clashes = axes.filter(({ size }) => size === null).map(({ axis }) => axis);
  const found = { axes, clashes, stored: [product(a), product(b)], shape: null, shown: 0, steps: null, sums: null };
  if (clashes.length) return found;
  const shape = axes.map(({ size }) => size);
  const [stepsA, stepsB] = [steps(a, axes), steps(b, axes)];
  const sums = range(product(shape)).map((flat) => {
    let [rest, x, y] = [flat, 0, 0];
    for (let i = rank - 1; i >= 0; i--) {
      const index = rest % shape[i];
      rest = (rest - index) / shape[i];
      x += index * stepsA[i];
      y += index * stepsB[i];
    }
    return 10 * x + y;
  });
  return { ...found, shape, shown: sums.length, steps: [stepsA, stepsB], sums };
}

/** A pair of shapes to try; about one in five does not fit. */
function draw(seed) {
  const full = range(2 + Math.floor(2.6 * hash(seed, 1))).map((i) => 2 + Math.floor(3 * hash(seed, 2, i)));
  const part = (who) => full.map((n, i) => (hash(seed, who, i) < 0.35 ? 1 : n));
  const pair = [part(3), part(4)];
  pair[hash(seed, 5) < 0.5 ? 0 : 1].splice(0, Math.floor(2 * hash(seed, 6)));
  if (hash(seed, 7) < 0.2) pair.forEach((shape, i) => { shape[shape.length - 1] = 2 + i + Math.floor(3 * hash(seed, 8)); });
  return { a: pair[0], b: pair[1] };
}

const tuple = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

function codeLines({ a, b }, { shape, clashes, axes }) {
  const make = (lib, error) => {
    const sizes = (one) => (lib === "paddle" ? `[${one.join(", ")}]` : tuple(one));
    const tensor = (one) => `${lib}.arange(${product(one)}).reshape(${sizes(one)})`;
    const bad = axes[axes.length + clashes[clashes.length - 1]];
    const result = shape ? `shape ${tuple(shape)}` : `${error}: ${bad.a} against ${bad.b}`;
    return `import ${lib}\na = 10 * ${tensor(a)}\nb = ${tensor(b)}\nc = a + b  # ${result}`;
  };
  return { PyTorch: make("torch", "RuntimeError"), Paddle: make("paddle", "ValueError") };
}

// ---- the figure

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "broadcasting", title: "Which axes are stretched?", clean,
    hint: "Set the sizes; (1) stands for an axis that a shape lacks. Point at a cell to see what it is made of.",
    fields: ["a", "b", "seed"],
  });
  const START = ["C", 1, 2];
  let at = START;
  let now = null;
  ui.draw((state) => (now = solve(state)));
  const minus = (axis) => `−${-axis}`;

  const count = (field, name) => ui.range(field, { label: `Axes of ${name}`, min: 0, max: 4,
    read: (state) => state[field].length,
    write: (n) => ({ [field]: [...Array(Math.max(0, n - ui.state[field].length)).fill(1), ...ui.state[field].slice(Math.max(0, ui.state[field].length - n))] }) });
  ui.root.append(h("div", { class: "lw-controls" }, count("a", "A"), count("b", "B")));

  // -- the two shapes, one below the other, lined up at their right ends
  function sizeCell(field, name, axis) {
    const size = (state) => state[field][state[field].length + axis];
    const slider = ui.range(`${field}${axis}`, { label: `${name}, axis ${minus(axis)}`, min: 1, max: 6,
      read: (state) => size(state) ?? 1,
      write: (n) => (size(ui.state) === undefined ? {} : { [field]: ui.state[field].map((old, i) => (i - ui.state[field].length === axis ? n : old)) }) });
    const none = h("span", { class: "lw-none" });
    ui.draw((state) => {
      slider.hidden = size(state) === undefined;
      none.hidden = !slider.hidden;
      put(none, now.axes.length + axis < 0 ? "" : "(1)");
    });
    return h("div", { class: "lw-size" }, slider, none);
  }
  const places = [-4, -3, -2, -1];
  const verdicts = places.map(() => h("div", { class: "lw-verdict" }));
  const results = places.map(() => h("div", { class: "lw-result" }));
  const row = (name, cells) => [h("div", { class: "lw-name" }, name), ...cells];
  ui.root.append(h("div", { class: "lw-aligned" },
    row("axis", places.map((axis) => h("div", { class: "lw-name lw-mid" }, minus(axis)))),
    row("A", places.map((axis) => sizeCell("a", "A", axis))),
    row("B", places.map((axis) => sizeCell("b", "B", axis))),
    row("", verdicts), row("sum", results)));

  // -- the numbers: the last two axes, at index 0 of the others
  const names = { A: "A", B: "B", C: "sum" };
  const grids = Object.fromEntries(Object.keys(names).map((who) => {
    const caption = h("p", { class: "lw-label" });
    const look = (y, x) => { at = [who, y, x]; ui.redraw(); };
    const grid = cellGrid(ui, { label: `Numbers of ${who === "C" ? "the sum" : who}`, move: look, pick: look });
    return [who, { caption, grid, node: h("div", { class: `lw-of${who}` }, caption, grid.node) }];
  }));
  const signs = ["+", "="].map((text) => h("span", { class: "lw-sign", "aria-hidden": "true" }, text));
  const pair = (...nodes) => h("div", { class: "lw-pair" }, nodes);
  const parents = h("p", { class: "lw-parents" });
  const [stored, shown, result] = ["Numbers stored, A and B", "Numbers in the sum", "Shape of the sum"].map(ui.stat);
  const words = h("p", { class: "lw-note" });
  ui.root.append(h("div", { class: "lw-sum" }, grids.A.node, pair(signs[0], grids.B.node), pair(signs[1], grids.C.node)), parents,
    h("dl", { class: "lw-stats" }, [result, stored, shown].map((one) => one.node)), words,
    ui.code((state) => codeLines(state, now)), ui.table(tables));

  const last2 = (shape) => [shape[shape.length - 2] ?? 1, shape[shape.length - 1] ?? 1];
  /** The cell of A or B that is read for a cell of the sum. */
  const source = (shape, y, x) => last2(shape).map((n, i) => (n === 1 ? 0 : [y, x][i]));
  const value = (shape, y, x) => y * last2(shape)[1] + x;
  const spell = (name, shape, y, x) => (shape.length ? `${name}[${shape.map((_, i) => [y, x][i - shape.length + 2] ?? 0).join(", ")}]` : name);

  function drawNumbers(state) {
    const shapes = { A: state.a, B: state.b, C: now.shape ?? [] };
    const [who] = at;
    let [, y, x] = at;
    const [rows, cols] = last2(shapes[who]);
    [y, x] = [Math.min(y, rows - 1), Math.min(x, cols - 1)];
    // Which cells belong together: the sum's own two, or all sums an element of A or B goes into.
    const on = (part, i, j) => {
      if (part === who) return i === y && j === x;
      if (!now.shape) return false;
      if (who === "C") return same(source(shapes[part], y, x), [i, j]);
      return part === "C" && same(source(shapes[who], i, j), [y, x]);
    };
    for (const [part, { caption, grid, node }] of Object.entries(grids)) {
      const shape = shapes[part];
      node.hidden = part === "C" && !now.shape;
      if (node.hidden) continue;
      grid.resize(...last2(shape));
      put(caption, `${names[part]}${shape.length > 2 ? `[${"0, ".repeat(shape.length - 2)}:, :]` : ""} ${tuple(shape)}`);
      const sum = (i, j) => 10 * value(state.a, ...source(state.a, i, j)) + value(state.b, ...source(state.b, i, j));
      grid.paint((i, j) => {
        const number = part === "C" ? sum(i, j) : value(shape, i, j) * (part === "A" ? 10 : 1);
        return { text: String(number), look: on(part, i, j) ? "lw-on" : "", picked: on(part, i, j), label: `row ${i}, column ${j}: ${number}` };
      });
    }
    signs[1].hidden = !now.shape;
    if (who !== "C") {
      const [stretch, shape] = [now.shape ? now.shown / product(shapes[who]) : 0, shapes[who]];
      return put(parents, `${spell(who, shape, y, x)} = ${value(shape, y, x) * (who === "A" ? 10 : 1)}${now.shape ? ` goes into ${stretch} ${stretch === 1 ? "sum" : "sums"}` : ""}`);
    }
    if (!now.shape) return put(parents, "No sum: the shapes do not fit.");
    const [p, q] = [source(state.a, y, x), source(state.b, y, x)];
    const [m, n] = [10 * value(state.a, ...p), value(state.b, ...q)];
    put(parents, `${spell("sum", now.shape, y, x)} = ${spell("A", state.a, ...p)} + ${spell("B", state.b, ...q)} = ${m} + ${n} = ${m + n}`);
  }

  function verdict({ a, b, size, stretched }) {
    if (size === null) return `✗ ${a} ≠ ${b}`;
    return stretched ? `${stretched} ×${size}` : "=";
  }
  function story({ axis, a, b, size, stretched }) {
    if (size === null) return `Axis ${minus(axis)} does not fit: ${a} against ${b}, and neither is 1.`;
    if (!stretched) return "";
    const missing = (stretched === "A" ? a : b) === null;
    return missing ? `${stretched} has no axis ${minus(axis)}: it gets one of size 1, read ${size} times.` : `Axis ${minus(axis)} of ${stretched} has size 1 and is read ${size} times.`;
  }
  function tables(state) {
    const axes = { caption: "Axis by axis", head: ["axis", "A", "B", "sum", "what happens", "step of A", "step of B"],
      rows: now.axes.map((one, i) => [minus(one.axis), one.a ?? "none", one.b ?? "none", one.size ?? "does not fit",
        one.size === null ? "clash" : one.stretched ? `${one.stretched} is stretched` : "as it is", now.steps?.[0][i] ?? "", now.steps?.[1][i] ?? ""]) };
    if (!now.shape) return [axes];
    const [rows, cols] = last2(now.shape);
    const cells = range(rows * cols).map((k) => [Math.floor(k / cols), k % cols]);
    return [axes, { caption: now.shape.length > 2 ? "The sums at index 0 of the other axes" : "The sums", head: ["row, column", "A", "B", "sum"],
      rows: cells.map(([y, x]) => {
        const [m, n] = [10 * value(state.a, ...source(state.a, y, x)), value(state.b, ...source(state.b, y, x))];
        return [`${y}, ${x}`, m, n, m + n];
      }) }];
  }

  ui.draw((state) => {
    places.forEach((axis, i) => {
      const one = now.axes[now.axes.length + axis];
      put(verdicts[i], one ? verdict(one) : "");
      results[i].classList.toggle("lw-total", !!one);
      attr(verdicts[i], { class: `lw-verdict${!one ? "" : one.size === null ? " lw-clash" : one.stretched ? " lw-stretch" : ""}` });
      put(results[i], one ? String(one.size ?? "?") : "");
    });
    drawNumbers(state);
    result.set(now.shape ? tuple(now.shape) : "none");
    stored.set(`${now.stored[0]} + ${now.stored[1]}`);
    shown.set(now.shape ? String(now.shown) : "none");
    const told = now.axes.map(story).filter((text) => text && (now.shape || text.includes("fit"))).join(" ");
    put(words, now.shape ? told ? `${told} To stretch is to step by 0 and read the same number again.` : "Nothing is stretched: every number meets its own partner." : told);
    attr(ui.root, { "data-shown": JSON.stringify(now) });
    ui.say(`${tuple(state.a)} plus ${tuple(state.b)} ${now.shape ? `gives ${tuple(now.shape)}` : "does not fit"}. ${parents.textContent}`);
  });

  ui.onReset = () => { at = START; };
  ui.standard(draw);
  return ui.show();
}

export default { render };
