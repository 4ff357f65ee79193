// ---- the mathematics

const SURFACES = ["quadratic", "rosenbrock", "saddle", "ripples"];
const RULES = ["SGD", "Momentum", "AdaGrad", "RMSProp", "Adam", "AdamW"];

function clean(raw) {
  return {
    surface: oneOf(raw.surface, SURFACES, "quadratic"),
    start: [real(raw.start?.[0], -3, 3, -2.5), real(raw.start?.[1], -3, 3, 1.2)],
    lr: real(raw.lr, 0.0001, 2, 0.09),
    beta: real(raw.beta, 0, 0.99, 0.9),
    weight_decay: real(raw.weight_decay, 0, 1, 0),
    kappa: real(raw.kappa, 1, 100, 20),
    steps: whole(raw.steps, 10, 200, 60),
    follow: oneOf(raw.follow, RULES, "SGD"),
    compare: raw.compare !== false,
    seed: whole(raw.seed, 0, 999, 0),
  };
}

/** Height of a surface; every one has its minimum at 0. */
function height([x, y], { surface, kappa }) {
  if (surface === "quadratic") return 0.5 * (x * x + kappa * y * y);
  if (surface === "rosenbrock") return (1 - x) ** 2 + 10 * (y - x * x) ** 2;
  if (surface === "saddle") return 0.5 * x * x - 0.5 * y * y + 0.1 * y ** 4 + 0.625;
  return 0.5 * (x * x + y * y) + 0.5 * (2 - Math.cos(4 * x) - Math.cos(4 * y));
}
function slope([x, y], { surface, kappa }) {
  if (surface === "quadratic") return [x, kappa * y];
  if (surface === "rosenbrock") return [-2 * (1 - x) - 40 * x * (y - x * x), 20 * (y - x * x)];
  if (surface === "saddle") return [x, -y + 0.4 * y ** 3];
  return [x + 2 * Math.sin(4 * x), y + 2 * Math.sin(4 * y)];
}

/** The path of one rule, as the frameworks compute it; it ends early where it leaves for infinity. */
function descend(rule, state) {
  const { lr, beta, weight_decay: decay } = state;
  let point = state.start;
  let [first, second] = [[0, 0], [0, 0]];
  const path = [point];
  for (let i = 1; i <= state.steps; i++) {
    const pure = slope(point, state);
    const g = rule === "AdamW" ? pure : pure.map((v, a) => v + decay * point[a]);
    if (rule === "AdamW") point = point.map((v) => v * (1 - lr * decay));
    let move = g;
    if (rule === "Momentum") move = first = first.map((v, a) => beta * v + g[a]);
    if (rule === "AdaGrad" || rule === "RMSProp") {
      const [keep, add, tiny] = rule === "AdaGrad" ? [1, 1, 1e-10] : [0.99, 0.01, 1e-8];
      second = second.map((v, a) => keep * v + add * g[a] * g[a]);
      move = g.map((v, a) => v / (Math.sqrt(second[a]) + tiny));
    }
    if (rule === "Adam" || rule === "AdamW") {
      first = first.map((v, a) => beta * v + (1 - beta) * g[a]);
      second = second.map((v, a) => 0.999 * v + 0.001 * g[a] * g[a]);
      move = first.map((v, a) => v / (1 - beta ** i) / (Math.sqrt(second[a] / (1 - 0.999 ** i)) + 1e-8));
    }
    point = point.map((v, a) => v - lr * move[a]);
    path.push(point);
    if (!(Math.abs(point[0]) < 1e6 && Math.abs(point[1]) < 1e6)) break;
  }
  return path;
}

/** Largest learning rate at which SGD and momentum stay on the bowl. */
function limits({ kappa, beta, weight_decay: decay }) {
  const steepest = kappa + decay;
  return { SGD: 2 / steepest, Momentum: (2 * (1 + beta)) / steepest };
}

function codeLines(state) {
  const { follow, lr, beta, weight_decay: d, kappa, steps, start } = state;
  const formula = { quadratic: `0.5 * (x ** 2 + ${kappa} * y ** 2)`, rosenbrock: "(1 - x) ** 2 + 10 * (y - x ** 2) ** 2",
    saddle: "0.5 * x ** 2 - 0.5 * y ** 2 + 0.1 * y ** 4 + 0.625", ripples: "0.5 * (x ** 2 + y ** 2) + 0.5 * (2 - LIB.cos(4 * x) - LIB.cos(4 * y))" }[state.surface];
  const torch = { SGD: "SGD([p], lr=LR", Momentum: `SGD([p], lr=LR, momentum=${beta}`, AdaGrad: "Adagrad([p], lr=LR", RMSProp: "RMSprop([p], lr=LR",
    Adam: `Adam([p], lr=LR, betas=(${beta}, 0.999)`, AdamW: `AdamW([p], lr=LR, betas=(${beta}, 0.999)` }[follow];
  const paddle = { SGD: "SGD(LR", Momentum: `Momentum(LR, ${beta}`, AdaGrad: "Adagrad(LR, epsilon=1e-10", RMSProp: "RMSProp(LR, rho=0.99, epsilon=1e-16",
    Adam: `Adam(LR, beta1=${beta}`, AdamW: `AdamW(LR, beta1=${beta}` }[follow];
  const loop = (clear) => `for step in range(${steps}):\n    x, y = p\n    loss = ${formula}\n    loss.backward()\n    optimizer.step()\n    optimizer.${clear}()`;
  return {
    PyTorch: `import torch\np = torch.tensor([${start.join(", ")}], dtype=torch.float64, requires_grad=True)\noptimizer = torch.optim.${torch.replace("LR", lr)}, weight_decay=${d})\n${loop("zero_grad").replace(/LIB/g, "torch")}`,
    Paddle: `import paddle\np = paddle.create_parameter([2], "float64")\np.set_value(paddle.to_tensor([${start.join(", ")}], dtype="float64"))\noptimizer = paddle.optimizer.${paddle.replace("LR", lr)}, parameters=[p], weight_decay=${d}${follow === "AdamW" ? "" : " or None"})\n${loop("clear_grad").replace(/LIB/g, "paddle")}`,
  };
}

// ---- the figure: x from -3 to 3, y from -2 to 2

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "optimizer_race", title: "A race of optimizers", clean,
    hint: "Drag the start, or click where it should be; move the learning rate across the limit.",
    fields: ["surface", "start", "lr", "beta", "weight_decay", "kappa", "steps", "follow", "compare", "seed"],
  });
  let at = 999;
  let now = null;
  ui.draw((state) => {
    const paths = Object.fromEntries(RULES.map((rule) => [rule, descend(rule, state)]));
    const losses = Object.fromEntries(RULES.map((rule) => [rule, paths[rule].map((point) => height(point, state))]));
    at = Math.min(at, state.steps);
    now = { paths, losses, limits: limits(state) };
  });

  const percent = (x) => x.toFixed(2);
  const kappa = ui.range("kappa", { label: "Condition number", symbol: "κ", min: 1, max: 100 });
  ui.root.append(
    ui.choice("surface", { label: "Surface", options: SURFACES.map((one) => [one, one === "quadratic" ? "bowl" : one]) }),
    h("div", { class: "lw-controls" },
      ui.range("lr", { label: "Learning rate", symbol: "η", min: -4, max: 0.3, step: 0.01, show: (x) => fmt(10 ** x, 4),
        read: (state) => +Math.log10(state.lr).toFixed(4), write: (x) => ({ lr: +(10 ** x).toPrecision(3) }) }),
      ui.range("beta", { label: "Momentum", symbol: "β", min: 0, max: 0.99, step: 0.01, show: percent }),
      ui.range("weight_decay", { label: "Weight decay", symbol: "λ", min: 0, max: 1, step: 0.01, show: percent }),
      kappa, ui.range("steps", { label: "Steps", min: 10, max: 200, step: 10 }),
      ui.toggle("compare", { label: "Show all six" })));

  // -- the map
  const back = h("canvas", { width: 270, height: 180, "aria-hidden": "true" });
  const map = s("svg", { viewBox: "-3 -2 6 4", role: "group", "aria-label": "Map of the surface" });
  const paths = RULES.map((_, i) => s("polyline", { class: `lw-path lw-rule${i}` }));
  const dots = s("path", { class: "lw-dots" });
  const heads = RULES.map((_, i) => s("circle", { class: `lw-head1 lw-rule${i}`, r: 0.07 }));
  const start = s("g", { class: "lw-start", tabindex: 0, role: "button" }, s("circle", { r: 0.25, class: "lw-reach" }), s("circle", { r: 0.1, class: "lw-ring" }), s("path", { d: "M-.1 0 H.1 M0 -.1 V.1" }));
  map.append(...paths, dots, ...heads, start);
  const place = (event) => {
    const box = map.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * 6 - 3;
    const y = 2 - ((event.clientY - box.top) / box.height) * 4;
    ui.set({ start: [+x.toFixed(2), +y.toFixed(2)].map((v, a) => Math.max(a ? -2 : -3, Math.min(a ? 2 : 3, v))) });
  };
  ui.on(map, "pointerdown", (event) => { map.setPointerCapture(event.pointerId); place(event); });
  ui.on(map, "pointermove", (event) => map.hasPointerCapture(event.pointerId) && place(event));
  ui.on(start, "keydown", (event) => {
    const move = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
    if (!move) return;
    event.preventDefault();
    const [x, y] = ui.state.start;
    ui.set({ start: [real(+(x + move[0]).toFixed(2), -3, 3, 0), real(+(y + move[1]).toFixed(2), -2, 2, 0)] });
  });

  // -- the loss and the standings
  const chart = s("svg", { class: "lw-chart", preserveAspectRatio: "none", role: "img", "aria-label": "Loss at each step, logarithmic" });
  const lines = RULES.map((_, i) => s("polyline", { class: `lw-path lw-rule${i}` }));
  const cursor = s("line", { class: "lw-cursor" });
  chart.append(...lines, cursor);
  const ticks = [4, 2, 0, -2, -4, -6, -8];
  const axis = h("div", { class: "lw-axis", "aria-hidden": "true" }, ticks.map((tick) => h("span", {}, `1e${fmt(tick)}`)));
  const scrub = h("input", { type: "range", min: 0, "data-field": "step" });
  const scrubText = h("output", { class: "lw-value" });
  ui.on(scrub, "input", () => { at = +scrub.value; ui.redraw(); });
  const rows = RULES.map((rule, i) => {
    const radio = h("input", { type: "radio", name: `${ui.id}-follow`, "aria-label": `Follow ${rule}` });
    ui.on(radio, "change", () => ui.set({ follow: rule }));
    const cells = range(3).map(() => h("td", {}));
    const sample = h("span", { class: `lw-sample lw-rule${i}` });
    return { radio, cells, node: h("tr", {}, h("th", { scope: "row" }, h("label", { class: "lw-toggle" }, radio, sample, rule)), cells) };
  });
  const standings = h("table", { class: "lw-stand" },
    h("thead", {}, h("tr", {}, ["Follow", "Loss", "Step length", "Ends"].map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, rows.map((row) => row.node)));
  const words = h("p", { class: "lw-note" });
  ui.root.append(
    h("div", { class: "lw-map" }, back, map),
    h("label", { class: "lw-range lw-scrub" }, h("span", { class: "lw-top" }, h("span", { class: "lw-label" }, "Look at step"), scrubText), scrub),
    h("div", { class: "lw-two" }, h("div", { class: "lw-plot" }, h("p", { class: "lw-label" }, "Loss, logarithmic"), h("div", { class: "lw-frame" }, axis, chart)), standings),
    words, ui.code(codeLines), ui.table(() => [{ caption: "Loss after each step", head: ["step", ...RULES],
      rows: range(ui.state.steps + 1).map((i) => [`${i}`, ...RULES.map((rule) => now.losses[rule][i] ?? "–")]) }]));

  let painted = "";
  function paint(state) {
    const key = `${state.surface} ${state.kappa}`;
    if (painted === key) return;
    painted = key;
    const { width, height: rows1 } = back;
    const context = back.getContext("2d");
    const image = context.createImageData(width, rows1);
    for (let j = 0; j < rows1; j++) for (let i = 0; i < width; i++) {
      // A line at each doubling: grey over whatever the theme has behind.
      const level = Math.log2(height([(i / width) * 6 - 3, 2 - (j / rows1) * 4], state) + 0.02);
      const at1 = 4 * (j * width + i);
      image.data[at1] = image.data[at1 + 1] = image.data[at1 + 2] = 128;
      const line = Math.max(0, 1 - Math.abs(level - Math.floor(level) - 0.5) / 0.1); // soft, or it has stairs
      image.data[at1 + 3] = 6 * Math.max(0, level + 6) + 30 * line;
    }
    context.putImageData(image, 0, 0);
  }

  const within = (v) => Math.max(-60, Math.min(60, v));
  const logY = (loss) => Math.max(-8, Math.min(4, Math.log10(loss + 1e-12)));
  ui.draw((state) => {
    paint(state);
    kappa.hidden = state.surface !== "quadratic";
    RULES.forEach((rule, i) => {
      const path = now.paths[rule];
      const on = rule === state.follow || state.compare;
      const picked = rule === state.follow;
      const look = picked ? " lw-picked" : "";
      for (const [node, name] of [[paths[i], "lw-path"], [lines[i], "lw-path"], [heads[i], "lw-head1"]]) {
        attr(node, { visibility: on ? null : "hidden", class: `${name} lw-rule${i}${look}` });
      }
      attr(paths[i], { points: path.slice(0, at + 1).map(([x, y]) => `${within(x).toFixed(3)},${within(-y).toFixed(3)}`).join(" ") });
      const [x, y] = path[Math.min(at, path.length - 1)];
      attr(heads[i], { cx: within(x), cy: within(-y) });
      attr(lines[i], { points: now.losses[rule].map((loss, k) => `${k},${(-logY(loss)).toFixed(3)}`).join(" ") });
      const row = rows[i];
      row.radio.checked = picked;
      row.node.classList.toggle("lw-picked", picked);
      const k = Math.min(at, path.length - 1);
      const stride = k ? Math.hypot(path[k][0] - path[k - 1][0], path[k][1] - path[k - 1][1]) : 0;
      [fmt(now.losses[rule][k], 4), fmt(stride, 4), path.length <= state.steps ? `∞, step ${path.length - 1}` : fmt(now.losses[rule].at(-1), 4)]
        .forEach((text, c) => put(row.cells[c], text));
    });
    const followed = now.paths[state.follow].slice(0, at + 1);
    attr(dots, { class: `lw-dots lw-rule${RULES.indexOf(state.follow)}`,
      d: followed.map(([x, y]) => `M${within(x).toFixed(3)} ${within(-y).toFixed(3)}h0`).join("") });
    attr(start, { transform: `translate(${state.start[0]} ${-state.start[1]})`, "aria-label": `Start at x ${state.start[0]}, y ${state.start[1]}; arrow keys move it` });
    attr(chart, { viewBox: `0 -4 ${state.steps} 12` });
    attr(cursor, { x1: at, x2: at, y1: -4, y2: 8 });
    attr(scrub, { max: state.steps, "aria-valuetext": `${at} of ${state.steps}` });
    scrub.value = at;
    put(scrubText, `${at} of ${state.steps}`);
    put(words, verdict(state));
    attr(ui.root, { "data-shown": JSON.stringify({ ends: Object.fromEntries(RULES.map((rule) => [rule, { at: now.paths[rule].at(-1), steps: now.paths[rule].length - 1 }])), limits: now.limits }) });
    ui.say(`${state.follow}, step ${at}: loss ${fmt(now.losses[state.follow][Math.min(at, now.losses[state.follow].length - 1)], 4)}.`);
  });

  function verdict(state) {
    const alive = RULES.filter((rule) => now.paths[rule].length > state.steps);
    const best = alive.reduce((a, b) => (now.losses[b].at(-1) < now.losses[a].at(-1) ? b : a), alive[0]);
    const winner = best ? ` Lowest after ${state.steps} steps: ${best}.` : "";
    if (state.surface !== "quadratic") return `Where a rule ends depends on the start and the learning rate, not on luck: the same settings always give the same path.${winner}`;
    const { SGD, Momentum } = now.limits;
    const side = state.lr < SGD ? "below" : "above";
    return `The steepest direction has curvature ${fmt(state.kappa + state.weight_decay)}, so SGD is stable below η = 2 / ${fmt(state.kappa + state.weight_decay)} = ${fmt(SGD, 4)} and momentum below 2(1 + β) / ${fmt(state.kappa + state.weight_decay)} = ${fmt(Momentum, 4)}. Now η = ${fmt(state.lr, 4)}: ${side} the limit of SGD.${winner}`;
  }

  ui.onReset = () => { at = 999; };
  ui.standard((seed) => ({ start: [+(5 * hash(seed, 1) - 2.5).toFixed(1), +(3 * hash(seed, 2) - 1.5).toFixed(1)] }));
  return ui.show();
}

export default { render };
