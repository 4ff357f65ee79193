// Shared by every widget. base.py puts this text in front of widget.js, so nothing is imported.

/** Any value as a finite number in [low, high]; whatever is no number becomes the fallback. */
const real = (value, low, high, fallback) => {
  const number = typeof value === "number" || (typeof value === "string" && value.trim()) ? +value : NaN;
  return Number.isFinite(number) ? Math.min(high, Math.max(low, number)) : fallback;
};
const whole = (value, low, high, fallback) => Math.round(real(value, low, high, fallback));
const oneOf = (value, options, fallback) => (options.includes(value) ? value : fallback);
const range = (n) => Array.from({ length: n }, (_, i) => i);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** A number for people: few decimals, a true minus sign. */
function fmt(x, decimals = 2) {
  if (typeof x !== "number") return String(x);
  if (Number.isNaN(x)) return "not a number";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const tiny = x !== 0 && Math.abs(x) < 0.5 / 10 ** decimals;
  const text = tiny || Math.abs(x) >= 1e6 ? x.toExponential(1) : String(+x.toFixed(decimals));
  return text.replace("e+", "e").replace(/-/g, "−");
}

/** A number for a small cell: rounded, long ones shortened to thousands or millions. */
function brief(x, decimals = 1) {
  const [size, unit] = Math.abs(x) >= 1e6 ? [1e6, "M"] : Math.abs(x) >= 1e4 ? [1e3, "k"] : [1, ""];
  const number = +(x / size).toFixed(size > 1 ? 0 : decimals);
  return `${number || 0}${unit}`.replace("-", "−");
}

/** 1234567 as "1,234,567". The browser's own toLocaleString first loads the formats of all languages. */
const grouped = (x) => String(x).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ",");

/** A number in [0, 1) from whole numbers: the same in every browser and in Python. */
function hash(...keys) {
  let x = 0x9e3779b9;
  for (const key of keys) {
    x = Math.imul(x ^ key, 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    x ^= x >>> 16;
  }
  return (x >>> 0) / 4294967296;
}

/** A normally distributed number from whole numbers (Box and Muller). */
function normal(...keys) {
  const radius = Math.sqrt(-2 * Math.log(1 - hash(...keys, 1)));
  return radius * Math.cos(2 * Math.PI * hash(...keys, 2));
}

function build(make, props, children) {
  const node = make;
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    // A strict content security policy forbids style attributes, but not this way of setting styles.
    if (key === "style") for (const [k, v] of Object.entries(value)) node.style.setProperty(k, v);
    else if (key in node && /^(value|checked|disabled|htmlFor|tabIndex|textContent)$/.test(key)) node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}
const h = (tag, props, ...children) => build(document.createElement(tag), props, children);
const s = (tag, props, ...children) =>
  build(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);

/** Writes only what differs, so that a frame costs what changed and nothing else. */
function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
function attr(node, values) {
  for (const [key, value] of Object.entries(values)) {
    const text = value === null || value === false ? null : value === true ? "" : String(value);
    if (node.getAttribute(key) === text) continue;
    if (text === null) node.removeAttribute(key);
    else node.setAttribute(key, text);
  }
}
function css(node, values) {
  for (const [key, value] of Object.entries(values)) {
    if (node.style.getPropertyValue(key) !== String(value)) node.style.setProperty(key, value);
  }
}

/** Copies text; where the clipboard is closed, marks the text so that Ctrl+C takes it. */
async function copyText(text, node) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    getSelection()?.selectAllChildren(node);
    return "Marked: press Ctrl+C";
  }
}

let count = 0;

/**
 * The ground of a widget: its settings, its frame, its controls.
 *
 * fields: names of the traits. clean(raw) turns anything at all into valid settings. The settings live
 * here and are copied to the model, because hosts differ in what `set` and `save_changes` do.
 */
function mount({ model, el, signal }, { name, title, hint, fields, clean }) {
  const stop = new AbortController();
  const id = `lw${++count}`;
  const raw = Object.fromEntries(fields.map((field) => [field, model.get(field)]));
  const first = clean(raw);
  const drawers = [];
  let frame = 0;

  const root = h("div", { class: `lw lw-${name}` });
  if (!el.closest?.("[role=group]")) attr(root, { role: "group", "aria-label": title });
  const status = h("p", { class: "lw-hidden", role: "status" });
  const actions = h("div", { class: "lw-actions" });
  root.append(
    h("div", { class: "lw-head" },
      h("div", {}, h("p", { class: "lw-title" }, title), hint && h("p", { class: "lw-hint" }, hint)), actions),
    status,
  );

  const ui = { root, id, state: first, first, still: false };
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  ui.still = calm.matches;
  ui.on = (target, types, fn, options) => {
    for (const type of types.split(" ")) target.addEventListener(type, fn, { signal: stop.signal, ...options });
  };
  ui.on(calm, "change", () => (ui.still = calm.matches));

  // One drawing a frame, however many settings changed in it.
  const draw = () => {
    frame = 0;
    if (!stop.signal.aborted) for (const fn of drawers) fn(ui.state);
  };
  ui.redraw = () => (frame ||= requestAnimationFrame(draw));
  ui.draw = (fn) => drawers.push(fn);

  ui.set = (patch) => {
    const next = clean({ ...ui.state, ...patch });
    for (const field of fields) {
      raw[field] = next[field];
      if (!same(next[field], model.get(field))) model.set(field, next[field]);
    }
    ui.state = next;
    try {
      model.save_changes();
    } catch {
      // Some hosts have no kernel to save to; the widget works without one.
    }
    ui.redraw();
  };
  const changed = () => {
    for (const field of fields) raw[field] = model.get(field);
    const next = clean(raw);
    if (same(next, ui.state)) return;
    ui.state = next;
    ui.redraw();
  };
  for (const field of fields) model.on(`change:${field}`, changed);

  // Read out politely and not more often than somebody can listen to.
  let timer = 0;
  let words = "";
  ui.say = (text) => {
    words = text;
    timer ||= setTimeout(() => { timer = 0; put(status, words); }, status.textContent ? 700 : 0);
  };

  ui.button = (label, fn, props) => {
    const node = h("button", { type: "button", class: "lw-button", ...props }, label);
    ui.on(node, "click", fn);
    return node;
  };
  ui.action = (label, fn, props) => actions.appendChild(ui.button(label, fn, props));

  /** A native slider with its value beside it. */
  ui.range = (field, { label, symbol, min, max, step = 1, show = fmt, read, write }) => {
    const get = read ?? ((state) => state[field]);
    const send = write ?? ((value) => ({ [field]: value }));
    const input = h("input", { type: "range", min, max, step, "data-field": field });
    const value = h("output", { class: "lw-value" });
    const text = h("span", { class: "lw-label" }, label, symbol && h("var", {}, symbol));
    ui.on(input, "input", () => ui.set(send(+input.value)));
    ui.draw((state) => {
      const now = get(state);
      // The step is lifted when a setting from Python falls between two of its marks.
      if (+input.value !== now) {
        input.value = now;
        if (+input.value !== now) { input.step = "any"; input.value = now; }
      }
      const shown = show(now, state);
      put(value, shown);
      attr(input, { "aria-valuetext": shown });
    });
    return h("label", { class: "lw-range" }, h("span", { class: "lw-top" }, text, value), input);
  };

  /** A few words to choose from: native radio buttons in a row. */
  ui.choice = (field, { label, options, allow }) => {
    const node = h("fieldset", { class: "lw-choice" }, h("legend", { class: "lw-label" }, label));
    const inputs = options.map(([value, words]) => {
      const input = h("input", { type: "radio", name: `${id}-${field}`, value: String(value), "data-field": field });
      ui.on(input, "change", () => input.checked && ui.set({ [field]: value }));
      node.append(h("label", {}, input, h("span", {}, words)));
      return [value, input];
    });
    ui.draw((state) => {
      for (const [value, input] of inputs) {
        input.checked = state[field] === value;
        input.disabled = allow ? !allow(value, state) : false;
      }
    });
    return node;
  };

  ui.toggle = (field, { label }) => {
    const input = h("input", { type: "checkbox", "data-field": field });
    ui.on(input, "change", () => ui.set({ [field]: input.checked }));
    ui.draw((state) => (input.checked = state[field]));
    return h("label", { class: "lw-toggle" }, input, h("span", {}, label));
  };

  /** The same thing in code. make(state) -> {PyTorch: text, Paddle: text} */
  ui.code = (make) => {
    const pre = h("pre", { tabindex: 0, role: "group", "aria-label": "Code" });
    const names = ["PyTorch", "Paddle"];
    let chosen = names[0];
    const tabs = names.map((framework) =>
      ui.button(framework, () => { chosen = framework; ui.redraw(); }, { "data-framework": framework }));
    const copy = ui.button("Copy", async () => {
      const words = await copyText(pre.textContent, pre);
      put(copy, words);
      ui.say(words);
      setTimeout(() => put(copy, "Copy"), 1500);
    }, { class: "lw-button lw-copy" });
    ui.draw((state) => {
      put(pre, make(state)[chosen]);
      for (const tab of tabs) attr(tab, { "aria-pressed": String(tab.dataset.framework === chosen) });
    });
    return h("div", { class: "lw-code" }, h("div", { class: "lw-bar" }, h("span", { class: "lw-tabs" }, tabs), copy), pre);
  };

  /** The numbers behind the picture. make(state) -> [{caption, head, rows}]; made only while it is open. */
  ui.table = (make, label = "The numbers as a table") => {
    const place = h("div", { class: "lw-tables", tabindex: 0, role: "group", "aria-label": label });
    const node = h("details", { class: "lw-data" }, h("summary", {}, label), place);
    const fill = () => {
      if (!node.open) return;
      place.replaceChildren(...make(ui.state).map(({ caption, head, rows }) => h("table", {},
        h("caption", {}, caption),
        h("thead", {}, h("tr", {}, head.map((cell) => h("th", { scope: "col" }, String(cell))))),
        h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, i) => (i
          ? h("td", {}, typeof cell === "number" ? fmt(cell, 4) : String(cell))
          : h("th", { scope: "row" }, typeof cell === "number" ? fmt(cell, 4) : String(cell))))))))));
    };
    ui.on(node, "toggle", fill);
    ui.draw(fill);
    return node;
  };

  /** Buttons every widget has: new numbers (where it has a seed), back to the start, a link. */
  ui.standard = (draw = () => ({})) => {
    const more = () => {
      const seed = (ui.state.seed + 1) % 1000;
      ui.set({ ...draw(seed), seed });
    };
    if (fields.includes("seed")) ui.action("New numbers", more);
    if (typeof model.share === "function") {
      const link = ui.action("Link", async () => {
        const changes = fields.filter((field) => !same(ui.state[field], first[field]));
        const url = model.share(Object.fromEntries(changes.map((field) => [field, ui.state[field]])));
        put(link, await copyText(url, link));
        setTimeout(() => put(link, "Link"), 1500);
      }, { title: "Copy a link to this page with these settings" });
    }
    ui.action("Reset", () => { ui.onReset?.(); ui.set(first); ui.redraw(); });
  };

  /** A labelled number; returns {node, set}. */
  ui.stat = (label) => {
    const value = h("dd", {});
    return { node: h("div", { class: "lw-stat" }, h("dt", {}, label), value), set: (text) => put(value, text) };
  };

  /** Shows everything for the first time; returns what the host calls at the end. */
  ui.show = () => {
    el.append(root);
    draw();
    const close = () => {
      stop.abort();
      clearTimeout(timer);
      cancelAnimationFrame(frame);
      try {
        for (const field of fields) model.off(`change:${field}`, changed);
      } catch {
        // A host without `off` drops the model together with the view.
      }
      root.remove();
    };
    ui.close = close;
    signal?.addEventListener("abort", close, { once: true, signal: stop.signal });
    return close;
  };
  return ui;
}

/**
 * A grid of cells for mouse, finger and keyboard: arrow keys move, Enter and Space pick.
 *
 * move(y, x) on hover and focus, pick(y, x) on click and Enter, key(y, x, key) for the other keys.
 */
function cellGrid(ui, { label, move, pick, key }) {
  const node = h("div", { class: "lw-grid", role: "grid", "aria-label": label });
  const grid = { node, rows: 0, cols: 0, cells: [] };
  let at = [0, 0];
  const place = (target) => {
    const cell = target.closest?.("[role=gridcell]");
    return cell && node.contains(cell) ? cell.at : null;
  };
  const rove = (y, x) => {
    grid.cells[at[0]]?.[at[1]]?.setAttribute("tabindex", -1);
    at = [y, x];
    grid.cells[y]?.[x]?.setAttribute("tabindex", 0);
  };
  grid.focus = (y, x) => { rove(y, x); grid.cells[y]?.[x]?.focus(); };
  const makeCell = (y, x) => {
    const cell = h("div", { class: "lw-cell", role: "gridcell", tabindex: -1 });
    cell.at = [y, x];
    return cell;
  };
  // A slider is dragged over many sizes: cells that stay are kept, only the edge comes and goes.
  grid.resize = (rows, cols) => {
    if (rows === grid.rows && cols === grid.cols) return;
    Object.assign(grid, { rows, cols });
    while (grid.cells.length > rows) { grid.cells.pop(); node.lastChild.remove(); }
    while (grid.cells.length < rows) { grid.cells.push([]); node.append(h("div", { role: "row", class: "lw-row" })); }
    grid.cells.forEach((row, y) => {
      while (row.length > cols) row.pop().remove();
      while (row.length < cols) node.children[y].append(row[row.push(makeCell(y, row.length)) - 1]);
    });
    css(node, { "--cols": cols });
    node.hidden = !rows || !cols;
    rove(Math.min(at[0], Math.max(rows - 1, 0)), Math.min(at[1], Math.max(cols - 1, 0)));
  };
  /** look(y, x) -> {text, look: class names, level: 0..1, label} */
  grid.paint = (look) => grid.cells.forEach((row, y) => row.forEach((cell, x) => {
    const { text = "", look: names = "", level = 0, label: words, picked = null } = look(y, x);
    const style = `lw-cell ${names}`;
    if (cell.className !== style) cell.className = style;
    put(cell, text);
    css(cell, { "--v": level.toFixed(3) });
    attr(cell, { "aria-label": words ?? null, "aria-selected": picked === null ? null : String(picked) });
  }));
  ui.on(node, "pointerover focusin", (event) => {
    const spot = place(event.target);
    if (!spot) return;
    if (event.type === "focusin") rove(...spot);
    move?.(...spot, event.type);
  });
  ui.on(node, "click", (event) => {
    const spot = place(event.target);
    if (!spot) return;
    rove(...spot);
    pick?.(...spot);
  });
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  ui.on(node, "keydown", (event) => {
    const spot = place(event.target);
    if (!spot || event.ctrlKey || event.metaKey || event.altKey) return;
    const [y, x] = spot;
    const step = steps[event.key] ?? (event.key === "Home" ? [0, -x] : event.key === "End" ? [0, grid.cols] : null);
    if (step) grid.focus(whole(y + step[0], 0, grid.rows - 1, 0), whole(x + step[1], 0, grid.cols - 1, 0));
    else if (event.key === "Enter" || event.key === " ") pick?.(y, x);
    else if (!key?.(y, x, event.key)) return;
    event.preventDefault();
  });
  return grid;
}
