// ---- the mathematics: a layer is [kernel, stride, padding, dilation, pool]

const LIMITS = [[1, 7, 3], [1, 3, 1], [0, 6, 1], [1, 4, 1], [0, 1, 0]];
const START = [[3, 1, 1, 1, 0], [3, 1, 1, 1, 0], [3, 1, 1, 1, 0]];

function cleanLayer(raw) {
  const layer = LIMITS.map(([low, high, fallback], i) => whole(raw?.[i], low, high, fallback));
  // Pooling has no dilation here, and the frameworks allow it half a kernel of padding.
  return layer[4] ? [layer[0], layer[1], Math.min(layer[2], Math.floor(layer[0] / 2)), 1, 1] : layer;
}
function clean(raw) {
  const given = Array.isArray(raw.layers) && raw.layers.length ? raw.layers.slice(0, 6) : START;
  const layers = given.map(cleanLayer);
  return {
    layers,
    size: whole(raw.size, 16, 48, 24),
    depth: whole(raw.depth, 0, layers.length, 0),
    unit: whole(raw.unit, -1, 60, -1),
  };
}

/** Size, jump, field and start (centre of unit 0) of the input and of every layer. */
function trace(layers, size) {
  const rows = [{ size, jump: 1, field: 1, start: 0 }];
  for (const [k, s, p, d] of layers) {
    const before = rows[rows.length - 1];
    rows.push({
      size: before.size ? Math.max(0, Math.floor((before.size + 2 * p - d * (k - 1) - 1) / s) + 1) : 0,
      jump: before.jump * s,
      field: before.field + (k - 1) * d * before.jump,
      start: before.start + (d * (k - 1) / 2 - p) * before.jump,
    });
  }
  return rows;
}

/** The gradient of one unit with respect to every unit below it, for equal weights; input first. */
function backpropagate(layers, sizes, unit) {
  let slope = range(sizes[layers.length]).map((i) => +(i === unit));
  const all = [slope];
  for (let l = layers.length - 1; l >= 0; l--) {
    const [k, s, p, d] = layers[l];
    const below = new Array(sizes[l]).fill(0);
    slope.forEach((value, i) => {
      if (!value) return;
      for (let tap = 0; tap < k; tap++) {
        const at = i * s - p + tap * d;
        if (at >= 0 && at < below.length) below[at] += value / k;
      }
    });
    all.unshift(below);
    slope = below;
  }
  return all;
}

/** Everything shown. */
function solve(state) {
  const rows = trace(state.layers, state.size);
  const broken = rows.findIndex((row) => !row.size);
  const depth = Math.min(state.depth || state.layers.length, broken < 0 ? 9 : broken - 1);
  const seen = rows[depth];
  const unit = state.unit < 0 ? Math.floor((seen.size - 1) / 2) : Math.min(state.unit, seen.size - 1);
  const slopes = backpropagate(state.layers.slice(0, depth), rows.map((row) => row.size), unit);
  const top = Math.max(...slopes[0]);
  const middle = seen.start + unit * seen.jump;
  return { rows, broken, depth, unit, slopes,
    from: middle - (seen.field - 1) / 2, to: middle + (seen.field - 1) / 2,
    effective: slopes[0].filter((value) => value > 0.0455 * top).length,
    touched: slopes[0].filter((value) => value > 0).length };
}

function codeLines({ layers, size }, { depth, unit }) {
  const used = layers.slice(0, depth);
  const torch = used.map(([k, s, p, d, pool]) => (pool ? `nn.AvgPool1d(${k}, ${s}, ${p})`
    : `nn.Conv1d(1, 1, ${k}, ${s}, ${p}, ${d}, bias=False)`));
  const paddle = used.map(([k, s, p, d, pool]) => (pool ? `nn.AvgPool1D(${k}, ${s}, ${p}, exclusive=False)`
    : `nn.Conv1D(1, 1, ${k}, ${s}, ${p}, ${d}, bias_attr=False)`));
  const join = (parts) => parts.map((part) => `    ${part},`).join("\n");
  const end = `net(x)[0, 0, ${unit}].backward()\ngradient = x.grad[0, 0]`;
  return {
    PyTorch: `import torch\nfrom torch import nn\nnet = nn.Sequential(\n${join(torch)}\n)\nfor w in net.parameters():\n    nn.init.constant_(w, 1 / w.shape[-1])\nx = torch.zeros(1, 1, ${size}, requires_grad=True)\n${end}`,
    Paddle: `import paddle\nfrom paddle import nn\nnet = nn.Sequential(\n${join(paddle)}\n)\nfor w in net.parameters():\n    w.set_value(paddle.full_like(w, 1 / w.shape[-1]))\nx = paddle.zeros([1, 1, ${size}])\nx.stop_gradient = False\n${end}`,
  };
}

// ---- the figure

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "receptive_field", title: "How far can a unit see?", clean,
    hint: "Build a stack of layers and click a unit. Gold marks all it can see; the bars below show how much each pixel counts.",
    fields: ["layers", "size", "depth", "unit"],
  });
  let now = null;
  ui.draw((state) => (now = solve(state)));

  ui.root.append(h("div", { class: "lw-controls" },
    ui.range("size", { label: "Input pixels", min: 16, max: 48 }),
    makeDepth(), makeUnit()));

  function makeDepth() {
    const node = ui.range("depth", { label: "Look at layer", min: 1, max: 6, read: () => now.depth, write: (value) => ({ depth: value }) });
    ui.draw((state) => attr(node.querySelector("input"), { max: state.layers.length, disabled: state.layers.length < 2 }));
    return node;
  }
  function makeUnit() {
    const input = () => node.querySelector("input");
    const node = ui.range("unit", { label: "Unit", min: 0, max: 47, read: () => now.unit });
    ui.draw(() => { attr(input(), { max: Math.max(now.rows[now.depth].size - 1, 1) }); input().value = now.unit; });
    return node;
  }

  // -- the stack
  const names = ["Kernel", "Stride", "Padding", "Dilation"];
  const edit = (i, change) => ui.set({ layers: change(ui.state.layers.map((layer) => [...layer]), i) ?? ui.state.layers, unit: -1 });
  const select = (label, options, send) => {
    const node = h("select", { class: "lw-select", "aria-label": label },
      options.map(([value, text]) => h("option", { value }, text)));
    ui.on(node, "change", () => send(+node.value));
    return node;
  };
  const rows = [];
  const makeRow = (i) => {
    const put1 = (at) => (value) => edit(i, (layers) => { layers[i][at] = value; return layers; });
    const kind = select(`Kind of layer ${i + 1}`, [[0, "conv"], [1, "avg pool"]], put1(4));
    const numbers = names.map((name, at) => {
      const [low, high] = LIMITS[at];
      return select(`${name} of layer ${i + 1}`, range(high - low + 1).map((n) => [n + low, n + low]), put1(at));
    });
    const swap = (j) => edit(i, (layers) => { [layers[i], layers[j]] = [layers[j], layers[i]]; return layers; });
    const up = ui.button("↑", () => swap(i - 1), { "aria-label": `Layer ${i + 1} earlier` });
    const down = ui.button("↓", () => swap(i + 1), { "aria-label": `Layer ${i + 1} later` });
    const away = ui.button("×", () => edit(i, (layers) => layers.filter((_, j) => j !== i)), { "aria-label": `Remove layer ${i + 1}` });
    const facts = range(4).map(() => h("td", {}));
    const node = h("tr", {}, h("th", { scope: "row" }, `${i + 1}`), [kind, ...numbers].map((one) => h("td", {}, one)),
      facts, h("td", { class: "lw-moves" }, up, down, away));
    return { node, kind, numbers, up, down, away, facts };
  };
  const add = ui.button("Add a layer", () => edit(0, (layers) => [...layers, [3, 1, 1, 1, 0]]));
  const title = (text) => h("th", { scope: "col" }, text);
  const body = h("tbody", {});
  ui.root.append(h("div", { class: "lw-wide", tabindex: 0, role: "group", "aria-label": "Layers" }, h("table", { class: "lw-stack" },
    h("thead", {}, h("tr", {}, ["Layer", "Kind", ...names, "Units", "Jump", "Field", "Start", "Order"].map(title))),
    body)), add);

  // -- the picture: strips of units over the pixels, the strip looked at on top
  const picture = s("svg", { class: "lw-field", role: "img", preserveAspectRatio: "none" });
  const strips = range(7).map((l) => {
    const strip = { group: s("g", {}), label: s("text", { class: "lw-strip", x: 0 }), units: [] };
    ui.on(strip.group, "click", (event) => {
      const box = picture.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * ui.state.size - 0.5;
      if (l) ui.set({ depth: l, unit: Math.round((x - now.rows[l].start) / now.rows[l].jump) });
    });
    picture.append(strip.group, strip.label);
    return strip;
  });
  const cone = s("path", { class: "lw-cone" });
  const bars = range(48).map(() => s("rect", { class: "lw-bar1" }));
  const span = s("path", { class: "lw-span" });
  picture.append(cone, ...bars, span);
  const [theory, effect, jump, outside] = ["Theoretical field", "Effective field", "Jump", "Field beyond the edge"].map(ui.stat);
  const words = h("p", { class: "lw-note" });
  ui.root.append(h("div", { class: "lw-picture" }, picture),
    h("dl", { class: "lw-stats" }, [theory, effect, jump, outside].map((one) => one.node)), words,
    ui.code((state) => codeLines(state, now)), ui.table(() => [
      { caption: "Layers", head: ["layer", "units", "jump", "field", "start"],
        rows: now.rows.map((row, i) => [i ? `${i}` : "input", row.size, row.jump, row.field, row.start]) },
      { caption: "Gradient of the unit", head: ["pixel", "gradient"], rows: now.slopes[0].map((value, i) => [`${i}`, value]) },
    ]));

  ui.draw((state) => {
    // A row has some fifty options to choose from: those that nobody sees are not made.
    while (rows.length < state.layers.length) body.append(rows[rows.push(makeRow(rows.length)) - 1].node);
    rows.forEach((row, i) => {
      const layer = state.layers[i];
      row.node.hidden = !layer;
      if (!layer) return;
      row.kind.value = layer[4];
      row.numbers.forEach((node, at) => (node.value = layer[at]));
      row.numbers[3].disabled = !!layer[4];
      row.up.disabled = !i;
      row.down.disabled = i === state.layers.length - 1;
      row.away.disabled = state.layers.length === 1;
      const { size, jump: step, field, start } = now.rows[i + 1];
      [size, step, field, start].forEach((value, at) => put(row.facts[at], size ? fmt(value) : "–"));
      row.node.classList.toggle("lw-here", i + 1 === now.depth);
    });
    add.disabled = state.layers.length === 6;
    drawPicture(state);
    const { field, jump: step } = now.rows[now.depth];
    const lost = field - Math.max(0, Math.min(state.size - 1, now.to) - Math.max(0, now.from) + 1);
    theory.set(`${field} px`);
    effect.set(`${now.effective} px`);
    jump.set(`${step} px`);
    outside.set(`${fmt(Math.max(0, lost))} px`);
    put(words, now.broken > 0
      ? `Layer ${now.broken} does not fit any more: its kernel spans more than what is left.`
      : verdict(state, field, step));
    attr(picture, { "aria-label": `Unit ${now.unit} of layer ${now.depth} sees pixels ${fmt(now.from)} to ${fmt(now.to)}` });
    attr(ui.root, { "data-shown": JSON.stringify({ ...now, slopes: now.slopes[0] }) });
    ui.say(`Unit ${now.unit} of layer ${now.depth}: field ${field} pixels, effective ${now.effective}.`);
  });

  function verdict(state, field, step) {
    const far = now.effective < now.touched ? `Only ${now.effective} of the ${now.touched} pixels it sees count for more than 5 % of the strongest: many paths lead to the middle, few to the rim.` : "";
    const gaps = now.touched < Math.min(field, now.to - Math.max(0, now.from) + 1, state.size) ? " Pixels inside the field without a bar are never read." : "";
    const next = step > 1 ? ` Jump ${step}: one step here is ${step} pixels, so every later kernel reaches ${step} times as far.` : "";
    const seen = now.slopes[0].filter((value) => value > 0);
    const ratio = Math.max(...seen) / Math.min(...seen);
    const all = ratio > 1.01 ? `Every pixel of the field counts, the strongest ${fmt(ratio, 1)} times as much as the weakest.` : "Every pixel of the field counts the same.";
    return `${far || (gaps ? "" : all)}${gaps}${next}`.trim();
  }

  function drawPicture(state) {
    // Across, one unit is a pixel of the input; down, it is a pixel of the screen.
    const [gap, tall, barRoom, depth] = [28, 20, 72, state.layers.length];
    const yOf = (l) => (depth - l) * gap + 3;
    const base = (depth + 1) * gap;
    attr(picture, { viewBox: `-0.5 0 ${state.size} ${base + barRoom + 16}` });
    css(picture, { height: `${base + barRoom + 16}px` });
    strips.forEach((strip, l) => {
      const row = now.rows[l];
      const shown = l <= depth && row.size > 0;
      while (strip.units.length < (shown ? row.size : 0)) strip.units.push(strip.group.appendChild(s("rect", { rx: 0.12, ry: 3 })));
      const lit = l <= now.depth ? now.slopes[l] : null;
      const top = lit ? Math.max(...lit) : 1;
      strip.units.forEach((node, i) => {
        if (!shown || i >= row.size) return attr(node, { visibility: "hidden" });
        const width = Math.min(0.84 * row.jump, 2.2);
        attr(node, { visibility: null, x: (row.start + i * row.jump - width / 2).toFixed(3), y: yOf(l),
          width: width.toFixed(3), height: tall,
          class: `lw-unit${lit?.[i] ? " lw-lit" : ""}${l === now.depth && i === now.unit ? " lw-pick" : ""}` });
        css(node, { "--v": lit ? (lit[i] / top).toFixed(3) : "0" });
      });
    });
    const middle = now.rows[now.depth].start + now.unit * now.rows[now.depth].jump;
    const [top, bottom] = [yOf(now.depth) + tall, yOf(0)];
    attr(cone, { d: `M${middle - 0.4} ${top} L${now.from - 0.5} ${bottom} H${now.to + 0.5} L${middle + 0.4} ${top} Z` });
    const highest = Math.max(...now.slopes[0]);
    bars.forEach((bar, i) => {
      const value = (now.slopes[0][i] ?? 0) / (highest || 1);
      attr(bar, { x: i - 0.42, width: 0.84, y: (base + barRoom * (1 - value)).toFixed(3), height: (barRoom * value).toFixed(3) });
      bar.classList.toggle("lw-weak", value <= 0.0455);
    });
    const y = base + barRoom + 8;
    attr(span, { d: `M${now.from - 0.45} ${y - 5} v10 M${now.from - 0.45} ${y} H${now.to + 0.45} m0 -5 v10` });
  }

  ui.standard();
  return ui.show();
}

export default { render };
