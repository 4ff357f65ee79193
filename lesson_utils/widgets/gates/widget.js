// ---- the mathematics: a row of weights is [one for each input, one for each h, bias]

const START = {
  sequence: [[1, 1], [0, -1], [0, -1], [0, 1], [0, -1], [0, -1], [0, 1], [0, -1], [1, -1], [0, 1], [0, 1], [0, 1]],
  lstm: [[5.29, 0.18, 0.19, -5.17], [-6.53, 0.13, 0.29, 4.87], [0.22, 1.06, -0.77, -0.38], [-0.73, 0.01, 0.07, 3.77]],
  rnn: [[-0.02, 0.34, 0.91, 0]],
};
const NAMES = ["write?", "value"];
const GATES = ["input", "forget", "output"];

function clean(raw) {
  const length = (value, low, high, fallback) => (Array.isArray(value) && value.length ? Math.max(low, Math.min(high, value.length)) : fallback);
  const steps = length(raw.sequence, 2, 24, 12);
  const inputs = length(raw.sequence?.[0], 1, 4, 2);
  const units = Math.floor(length(raw.lstm, 4, 16, 4) / 4);
  const fill = (name, rows, columns, limit) => range(rows).map((i) => range(columns).map((j) =>
    real(raw[name]?.[i]?.[j], -limit, limit, START[name][i]?.[j] ?? 0)));
  return {
    sequence: fill("sequence", steps, inputs, 9),
    lstm: fill("lstm", 4 * units, inputs + units + 1, 99),
    rnn: fill("rnn", units, inputs + units + 1, 99),
    names: (Array.isArray(raw.names) ? raw.names : NAMES).slice(0, 4).map((name) => String(name)),
    step: whole(raw.step, 0, steps - 1, Math.min(5, steps - 1)),
    unit: whole(raw.unit, 0, units - 1, 0),
    force: oneOf(raw.force, ["none", ...GATES], "none"),
    level: real(raw.level, 0, 1, 1),
    seed: whole(raw.seed, 0, 999, 0),
  };
}

const sigmoid = (a) => 1 / (1 + Math.exp(-a));
const norm = (matrix) => Math.sqrt(matrix.flat().reduce((sum, v) => sum + v * v, 0));
const identity = (n) => range(n).map((i) => range(n).map((j) => +(i === j)));
const zeros = (n) => range(n).map(() => new Array(n).fill(0));

/**
 * The LSTM over the whole sequence; a gate can be held at a level. For each step the values of every
 * unit, the matrix d c_t / d c_0 (through every path) and the product of the forget gates since (one
 * path). c_0 is the cell after step 0.
 */
function runLstm({ sequence, lstm, force, level }) {
  const n = lstm.length / 4;
  const inputs = sequence[0].length;
  const units = range(n);
  let [h, c] = [units.map(() => 0), units.map(() => 0)];
  let [dc, dh] = [zeros(n), zeros(n)];
  let kept = units.map(() => 1);
  return sequence.map((x, t) => {
    const full = [...x, ...h, 1];
    const sums = lstm.map((row) => row.reduce((sum, w, j) => sum + w * full[j], 0));
    const slopes = lstm.map((row) => units.map((s) => units.reduce((sum, u) => sum + row[inputs + u] * dh[u][s], 0)));
    const part = (at, name, bend, slope) => units.map((u) => {
      const value = name === force ? level : bend(sums[at * n + u]);
      return { value, slope: slopes[at * n + u].map((d) => (name === force ? 0 : slope(value) * d)) };
    });
    const gate = (v) => v * (1 - v);
    const [i, f, g, o] = [part(0, "input", sigmoid, gate), part(1, "forget", sigmoid, gate), part(2, "", Math.tanh, (v) => 1 - v * v), part(3, "output", sigmoid, gate)];
    const before = c;
    c = units.map((u) => f[u].value * before[u] + i[u].value * g[u].value);
    dc = units.map((u) => units.map((s) => f[u].value * dc[u][s] + before[u] * f[u].slope[s] + g[u].value * i[u].slope[s] + i[u].value * g[u].slope[s]));
    if (!t) dc = identity(n);
    h = units.map((u) => o[u].value * Math.tanh(c[u]));
    dh = units.map((u) => units.map((s) => o[u].value * (1 - Math.tanh(c[u]) ** 2) * dc[u][s] + Math.tanh(c[u]) * o[u].slope[s]));
    if (t) kept = units.map((u) => kept[u] * f[u].value);
    const only = (list) => list.map(({ value }) => value);
    return { i: only(i), f: only(f), g: only(g), o: only(o), before, c, h, slope: dc, kept };
  });
}

/** The plain recurrent network: h = tanh(W [x, h, 1]), and d h_t / d h_0. */
function runRnn({ sequence, rnn }) {
  const units = range(rnn.length);
  const inputs = sequence[0].length;
  let h = units.map(() => 0);
  let slope = identity(rnn.length);
  return sequence.map((x, t) => {
    const full = [...x, ...h, 1];
    h = rnn.map((row) => Math.tanh(row.reduce((sum, w, j) => sum + w * full[j], 0)));
    if (t) slope = units.map((u) => units.map((s) => (1 - h[u] ** 2) * units.reduce((sum, v) => sum + rnn[u][inputs + v] * slope[v][s], 0)));
    return { h, slope };
  });
}

function codeLines({ sequence, lstm, force, level, step, unit }) {
  const list = (value) => JSON.stringify(value).replace(/,/g, ", ");
  const n = lstm.length / 4;
  const name = { input: "i", forget: "f", output: "o" }[force];
  const make = (lib, tensor, type, start, cat, leaf) => `import ${lib}\nx = ${tensor}(${list(sequence)}, dtype=${type})\nW = ${tensor}(${list(lstm)}, dtype=${type})  # rows i, f, g, o\n${start}\nfor t in range(${step + 1}):\n    i, f, g, o = (W @ ${cat}).reshape([4, ${n}])\n    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()\n${name ? `    ${name} = ${lib}.full_like(${name}, ${level})\n` : ""}    c = f * c + i * g\n    if t == 0: ${leaf}\n    h = o * c.tanh()\nc[${unit}].backward()\ngradient = c0.grad`;
  return {
    PyTorch: make("torch", "torch.tensor", "torch.float64", `one, h = torch.ones(1, dtype=torch.float64), torch.zeros(${n}, dtype=torch.float64)\nc = torch.zeros(${n}, dtype=torch.float64)`, "torch.cat([x[t], h, one])", "c0 = c.requires_grad_()"),
    Paddle: make("paddle", "paddle.to_tensor", '"float64"', `one, h = paddle.ones([1], "float64"), paddle.zeros([${n}], "float64")\nc = paddle.zeros([${n}], "float64")`, "paddle.concat([x[t], h, one])", "c.stop_gradient, c0 = False, c"),
  };
}

// ---- the figure

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "gates", title: "What the gates of an LSTM do", clean,
    hint: "Move through time. Click an input to change it (−1, 0, 1), or hold a gate at a level of your own.",
    fields: [...Object.keys(START), "names", "step", "unit", "force", "level", "seed"],
  });
  let now = null;
  ui.draw((state) => (now = { cells: runLstm(state), plain: runRnn(state) }));

  const field = (name, label, extra) => {
    const node = ui.range(name, { label, min: 0, max: 23, ...extra });
    return [node, node.querySelector("input")];
  };
  const [stepNode, stepInput] = field("step", "Step", { symbol: "t" });
  const [unitNode, unitInput] = field("unit", "Unit", { max: 3 });
  const [levelNode] = field("level", "Held at", { max: 1, step: 0.01, show: (x) => x.toFixed(2) });
  ui.root.append(h("div", { class: "lw-controls" }, stepNode, unitNode,
    ui.choice("force", { label: "Hold a gate", options: ["none", ...GATES].map((one) => [one, one]) }), levelNode));

  const edit = (y, x, number) => ui.set({ sequence: ui.state.sequence.map((row, t) => row.map((old, j) => (t === x && j === y ? number : old))), step: x });
  const grid = cellGrid(ui, { label: "Inputs, gates and states at each step",
    pick: (y, x) => {
      if (y >= ui.state.sequence[0].length) return ui.set({ step: x });
      const old = ui.state.sequence[x][y];
      return edit(y, x, old >= 1 ? -1 : Math.floor(old) + 1);
    },
    move: (y, x, why) => why === "focusin" && ui.set({ step: x }),
    key: (y, x, key) => {
      if (y >= ui.state.sequence[0].length || !/^[0-9+=_-]$/.test(key)) return false;
      edit(y, x, /\d/.test(key) ? +key : real(ui.state.sequence[x][y] + (/[+=]/.test(key) ? 1 : -1), -9, 9, 0));
      return true;
    } });
  const labels = h("div", { class: "lw-names", "aria-hidden": "true" });
  const chart = s("svg", { preserveAspectRatio: "none", role: "img" });
  const cursor = chart.appendChild(s("line", { class: "lw-cursor", y1: -1, y2: 8 }));
  const lines = ["lw-lstm", "lw-path", "lw-rnn"].map((name) => chart.appendChild(s("polyline", { class: name })));
  const axis = h("div", { class: "lw-axis", "aria-hidden": "true" }, [1, 0, -1, -2, -3, -4].map((tick) => h("span", {}, `1e${fmt(tick)}`)));
  const equations = [h("p", { class: "lw-eq" }), h("p", { class: "lw-eq" })];
  const [cell, output, reach, plain] = ["Cell c", "Output h", "LSTM: ∂c now / ∂c after step 0", "Plain RNN: the same for h"].map(ui.stat);
  const words = h("p", { class: "lw-note" });
  const key = (name, text) => h("span", {}, h("i", { class: name }), text);
  ui.root.append(h("div", { class: "lw-wide", tabindex: 0, role: "group", "aria-label": "Values over time" }, h("div", { class: "lw-side" }, labels, grid.node)),
    ...equations, h("dl", { class: "lw-stats" }, [cell, output, reach, plain].map((one) => one.node)),
    h("p", { class: "lw-label" }, "How much of the state after step 0 is left, logarithmic"),
    h("div", { class: "lw-chart" }, axis, chart),
    h("p", { class: "lw-keys lw-label" }, key("lw-lstm", "LSTM, all paths"), key("lw-path", "product of the forget gates"), key("lw-rnn", "plain RNN")),
    words, ui.code(codeLines), ui.table((state) => [{
      caption: `Unit ${state.unit} over time`, head: ["step", "i", "f", "g", "o", "c", "h", "product of f", "dc/dc0", "RNN h", "RNN dh/dh0"],
      rows: now.cells.map((one, t) => [`${t}`, ...["i", "f", "g", "o", "c", "h", "kept"].map((name) => one[name][state.unit]), norm(one.slope), now.plain[t].h[state.unit], norm(now.plain[t].slope)]) }]));

  ui.draw((state) => {
    const { sequence, unit, step } = state;
    const [inputs, steps, units] = [sequence[0].length, sequence.length, state.rnn.length];
    attr(stepInput, { max: steps - 1 });
    stepInput.value = step;
    attr(unitInput, { max: Math.max(1, units - 1) });
    unitNode.hidden = units < 2;
    levelNode.hidden = state.force === "none";
    const held = (name, text) => (state.force === name ? `${text} (held)` : text);
    const rows = [...range(inputs).map((j) => [state.names[j] ?? `input ${j}`, (t) => sequence[t][j], 1]),
      [held("input", "input gate i"), (t) => now.cells[t].i[unit], 1], [held("forget", "forget gate f"), (t) => now.cells[t].f[unit], 1],
      ["candidate g", (t) => now.cells[t].g[unit], 1], [held("output", "output gate o"), (t) => now.cells[t].o[unit], 1],
      ["cell c", (t) => now.cells[t].c[unit], 2], ["output h", (t) => now.cells[t].h[unit], 1], ["plain RNN h", (t) => now.plain[t].h[unit], 1]];
    const text = rows.map(([name]) => name).join("\n");
    if (labels.dataset.text !== text) {
      labels.dataset.text = text;
      labels.replaceChildren(...rows.map(([name]) => h("span", {}, name)));
    }
    grid.resize(rows.length, steps);
    grid.paint((y, t) => {
      const value = rows[y][1](t);
      const late = y === inputs || y === rows.length - 3 || y === rows.length - 1;
      return { text: y < inputs ? brief(value) : value.toFixed(2).replace("-", "−").replace("0.", "."), level: Math.min(1, Math.abs(value) / rows[y][2]),
        look: `${value < 0 ? "lw-neg " : ""}${y < inputs ? "lw-in " : ""}${late ? "lw-gap " : ""}${t === step ? "lw-now" : ""}`, picked: t === step,
        label: `${rows[y][0]}, step ${t}: ${fmt(value)}` };
    });
    const one = now.cells[step];
    const two = (x) => (x < 0 ? `(${fmt(x)})` : fmt(x));
    put(equations[0], `c = f · c + i · g = ${two(one.f[unit])} · ${two(one.before[unit])} + ${two(one.i[unit])} · ${two(one.g[unit])} = ${fmt(one.c[unit])}`);
    put(equations[1], `h = o · tanh(c) = ${two(one.o[unit])} · ${two(Math.tanh(one.c[unit]))} = ${fmt(one.h[unit])}`);
    const level = (v) => -Math.max(-4, Math.min(1, Math.log10(v + 1e-12)));
    const points = (f) => now.cells.map((_, t) => `${t},${level(f(t)).toFixed(3)}`).join(" ");
    attr(chart, { viewBox: `0 -1 ${steps - 1} 5`, "aria-label": "Influence of the first state on later ones" });
    [(t) => norm(now.cells[t].slope), (t) => now.cells[t].kept[unit], (t) => norm(now.plain[t].slope)].forEach((f, i) => attr(lines[i], { points: points(f) }));
    attr(cursor, { x1: step, x2: step });
    cell.set(fmt(one.c[unit], 3));
    output.set(fmt(one.h[unit], 3));
    reach.set(fmt(norm(one.slope), 3));
    plain.set(fmt(norm(now.plain[step].slope), 3));
    const soft = now.cells.filter(({ f }) => f[unit] > 0.05 && f[unit] < 0.95).length;
    put(words, state.force === "none"
      ? `The cell c is what is kept; the output h is only what the output gate lets out. Gates are not switches: the forget gate is between 0.05 and 0.95 in ${soft} of ${steps} steps.`
      : `The ${state.force} gate is held at ${fmt(state.level)} at every step. ${{ input: "Closed, nothing new is written; open, every candidate is.", forget: "At 1 nothing is ever forgotten; at 0 the cell starts anew at each step, and no gradient gets through.", output: "The cell goes on keeping what it keeps: only what is shown of it changes, and what comes back through h." }[state.force]}`);
    attr(ui.root, { "data-shown": JSON.stringify(now) });
    ui.say(`Step ${step}: cell ${fmt(one.c[unit])}, output ${fmt(one.h[unit])}.`);
  });

  ui.standard((seed) => ({ sequence: ui.state.sequence.map((row, t) => row.map((_, j) => (j ? Math.sign(hash(seed, t, j) - 0.5) : +(hash(seed, t) < 0.25)))) }));
  return ui.show();
}

export default { render };
