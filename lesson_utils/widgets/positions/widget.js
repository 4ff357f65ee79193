// ---- the mathematics

const KINDS = ["sinusoidal", "rotary", "learned"];

function clean(raw) {
  const length = whole(raw.length, 8, 64, 48);
  return {
    kind: oneOf(raw.kind, KINDS, "sinusoidal"),
    width: 2 * Math.floor(whole(raw.width, 4, 64, 32) / 2),
    length,
    base: real(raw.base, 10, 100000, 10000),
    first: Math.min(length - 1, whole(raw.first, 0, 63, 10)),
    second: Math.min(length - 1, whole(raw.second, 0, 63, 14)),
    table: Array.isArray(raw.table) ? raw.table : null,
    seed: whole(raw.seed, 0, 999, 0),
  };
}

/** position / base^(2 i / d) for every pair of columns. */
const angles = (position, { width, base }) => range(width / 2).map((i) => position / base ** ((2 * i) / width));
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** The vector with every pair of columns turned by the position's angles. */
function rotate(vector, position, state) {
  return angles(position, state).flatMap((turn, i) => {
    const [even, odd, cos, sin] = [vector[2 * i], vector[2 * i + 1], Math.cos(turn), Math.sin(turn)];
    return [even * cos - odd * sin, even * sin + odd * cos];
  });
}

/** What rotary codes turn: one token's vector, the same at every position. */
const content = ({ width, seed }) => range(width).map((i) => +normal(seed, 3, i).toFixed(3));

/** The code of every position, shape (length, width). */
function codes(state) {
  const { kind, length, width, seed, table } = state;
  if (kind === "sinusoidal") return range(length).map((p) => angles(p, state).flatMap((turn) => [Math.sin(turn), Math.cos(turn)]));
  if (kind === "rotary") return range(length).map((p) => rotate(content(state), p, state));
  // No table given: untrained ones start like this, with nothing that tells near from far.
  return range(length).map((p) => range(width).map((c) => real(table?.[p]?.[c], -99, 99, +normal(seed, 4, p, c).toFixed(3))));
}

function solve(state) {
  const all = codes(state);
  const { first, second } = state;
  const distances = range(2 * state.length - 1).map((i) => i - state.length + 1);
  // For each distance, the products of all pairs that far apart: one number if only distance counts.
  const spread = distances.map((gap) => {
    const values = range(state.length).filter((p) => p + gap >= 0 && p + gap < state.length).map((p) => dot(all[p], all[p + gap]));
    return [Math.min(...values), Math.max(...values)];
  });
  return { codes: all, distances, spread, product: dot(all[first], all[second]) };
}

function codeLines(state) {
  const { kind, width, length, base, first, second } = state;
  const list = (value) => JSON.stringify(value).replace(/,/g, ", ");
  const turns = (lib, type) => `p = ${lib}.arange(${length}, dtype=${type})\nangle = p[:, None] / ${base} ** (${lib}.arange(0, ${width}, 2, dtype=${type}) / ${width})`;
  const end = `product = (codes[${first}] * codes[${second}]).sum()`;
  const make = (lib, tensor, type, axis) => {
    if (kind === "sinusoidal") return `${turns(lib, type)}\ncodes = ${lib}.stack([angle.sin(), angle.cos()], 2).reshape([${length}, ${width}])`;
    if (kind === "rotary") return `${turns(lib, type)}\neven, odd = ${tensor}(${list(content(state))}, dtype=${type}).reshape([-1, 2]).${axis}\nturned = [even * angle.cos() - odd * angle.sin(), even * angle.sin() + odd * angle.cos()]\ncodes = ${lib}.stack(turned, 2).reshape([${length}, ${width}])`;
    return `codes = ${tensor}(${list(codes(state).map((row) => row.map((v) => +v.toFixed(4))))}, dtype=${type})`;
  };
  return { PyTorch: `import torch\n${make("torch", "torch.tensor", "torch.float64", "T")}\n${end}`,
    Paddle: `import paddle\n${make("paddle", "paddle.to_tensor", '"float64"', "T")}\n${end}` };
}

// ---- the figure

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "positions", title: "Where does a token stand?", clean,
    hint: "Each row of the picture is the code of one position. Choose two and compare them; move both by the same step.",
    fields: ["kind", "width", "length", "base", "first", "second", "table", "seed"],
  });
  let now = null;
  ui.draw((state) => (now = solve(state)));

  const both = (step) => () => {
    const { first, second, length } = ui.state;
    if (Math.min(first, second) + step >= 0 && Math.max(first, second) + step < length) ui.set({ first: first + step, second: second + step });
  };
  const place = (field, label) => {
    const node = ui.range(field, { label, min: 0, max: 63 });
    ui.draw((state) => attr(node.querySelector("input"), { max: state.length - 1 }));
    return node;
  };
  const base = ui.range("base", { label: "Base", min: 1, max: 5, step: 0.05, show: (x) => fmt(10 ** x, 0),
    read: (state) => +Math.log10(state.base).toFixed(4), write: (x) => ({ base: Math.round(10 ** x) }) });
  ui.root.append(ui.choice("kind", { label: "Kind of code", options: KINDS.map((one) => [one, one]) }),
    h("div", { class: "lw-controls" },
      ui.range("length", { label: "Positions", min: 8, max: 64 }),
      ui.range("width", { label: "Width", symbol: "d", min: 4, max: 64, step: 2 }), base,
      place("first", "First position"), place("second", "Second position"),
      h("div", { class: "lw-both" }, ui.button("← both", both(-1), { "aria-label": "Move both one back" }), ui.button("both →", both(1), { "aria-label": "Move both one on" }))));

  const heat = h("canvas", { role: "img" });
  const rows = ["first", "second"].map((name) => h("div", { class: `lw-row2 lw-${name}` }));
  const frame = h("div", { class: "lw-heat" }, heat, rows);
  ui.on(heat, "click", (event) => {
    const box = heat.getBoundingClientRect();
    ui.set({ second: Math.floor(((event.clientY - box.top) / box.height) * ui.state.length) });
  });
  const chart = s("svg", { preserveAspectRatio: "none", role: "img", "aria-label": "Dot product against distance" });
  const [band, line, zero, dot1] = [s("path", { class: "lw-band" }), s("path", { class: "lw-line1" }), s("path", { class: "lw-zero" }), s("path", { class: "lw-dot" })];
  chart.append(band, zero, line, dot1);
  const [low, high] = [h("span", {}), h("span", {})];
  const [product, gap, cosine, spread] = ["Dot product", "Distance", "Cosine", "Same distance elsewhere"].map(ui.stat);
  const words = h("p", { class: "lw-note" });
  ui.root.append(h("div", { class: "lw-two" },
    h("div", { class: "lw-left" }, h("p", { class: "lw-label" }, "Codes: ↓ position, → column; blue above 0, orange below"), frame),
    h("div", { class: "lw-right" }, h("p", { class: "lw-label" }, "Dot product ↑ against distance →"), h("div", { class: "lw-chart" }, h("div", { class: "lw-scale", "aria-hidden": "true" }, high, low), chart))),
  h("dl", { class: "lw-stats" }, [product, gap, cosine, spread].map((one) => one.node)), words, ui.code(codeLines),
  ui.table(() => [
    { caption: "Dot product at each distance", head: ["distance", "least", "most"], rows: now.distances.map((d, i) => [`${fmt(d)}`, ...now.spread[i]]) },
    { caption: "The two codes", head: ["column", "first", "second"], rows: range(ui.state.width).map((c) => [`${c}`, now.codes[ui.state.first][c], now.codes[ui.state.second][c]]) },
  ]));

  function paint(state) {
    attr(heat, { width: state.width, height: state.length, "aria-label": `Heatmap of ${state.length} codes with ${state.width} columns` });
    const context = heat.getContext("2d");
    const image = context.createImageData(state.width, state.length);
    const top = Math.max(...now.codes.flat().map(Math.abs));
    now.codes.flat().forEach((value, i) => {
      image.data.set(value > 0 ? [0, 114, 178] : [213, 94, 0], 4 * i);
      image.data[4 * i + 3] = 230 * Math.min(1, Math.abs(value) / top);
    });
    context.putImageData(image, 0, 0);
  }

  let painted = null;
  ui.draw((state) => {
    const { first, second, length } = state;
    base.hidden = state.kind === "learned";
    const key = JSON.stringify({ ...state, first: 0, second: 0 });
    if (key !== painted) paint(state);
    painted = key;
    [first, second].forEach((at, i) => css(rows[i], { top: `${(100 * at) / length}%`, height: `${100 / length}%` }));
    const values = now.spread.flat();
    const [least, most] = [Math.min(0, ...values), Math.max(...values)];
    const y = (value) => (100 - (100 * (value - least)) / (most - least)).toFixed(2);
    attr(chart, { viewBox: `${-length} -4 ${2 * length} 108` });
    const path = (which) => now.spread.map((pair, i) => `${now.distances[i]} ${y(pair[which])}`);
    attr(band, { d: `M${path(0).join("L")}L${path(1).reverse().join("L")}Z` });
    attr(line, { d: `M${now.spread.map(([a, b], i) => `${now.distances[i]} ${y((a + b) / 2)}`).join("L")}` });
    attr(zero, { d: `M${-length} ${y(0)}H${length}M0 -4V104` });
    attr(dot1, { d: `M${second - first} ${y(now.product)}h0` });
    put(high, fmt(most, 1));
    put(low, fmt(least, 1));
    const size = Math.sqrt(dot(now.codes[first], now.codes[first]) * dot(now.codes[second], now.codes[second]));
    const [a, b] = now.spread[second - first + length - 1];
    const steady = b - a < 1e-6 * Math.max(1, Math.abs(b));
    product.set(fmt(now.product, 3));
    gap.set(fmt(second - first));
    cosine.set(fmt(size ? now.product / size : 0, 3));
    spread.set(steady ? "always the same" : `${fmt(a, 1)} to ${fmt(b, 1)}`);
    put(words, {
      sinusoidal: "Added to the embedding. Move both positions: the dot product stays, because sin·sin + cos·cos depends on the difference only. Every code has the same length, √(d/2).",
      rotary: "Nothing is added: the token's own vector is turned by an angle that grows with the position. The product of two turned vectors depends on their distance only, whatever the vector; their lengths do not change.",
      learned: state.table ? "A learned table: each position has a code of its own. The band shows how much the product still depends on where the pair stands." : "A table of free numbers, here untrained: nothing tells near from far until training does, and there is no code beyond the last row.",
    }[state.kind]);
    attr(ui.root, { "data-shown": JSON.stringify({ product: now.product, spread: now.spread, steady }) });
    ui.say(`Positions ${first} and ${second}, distance ${second - first}: dot product ${fmt(now.product)}.`);
  });

  ui.standard();
  return ui.show();
}

export default { render };
