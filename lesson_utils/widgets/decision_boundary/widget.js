// ---- the mathematics: a network is a list of [weights (out x in), biases]

const DATA = ["xor", "circles", "spirals"];
const BEND = {
  tanh: [Math.tanh, (v) => 1 - v * v],
  relu: [(a) => (a > 0 ? a : 0), (v) => (v > 0 ? 1 : 0)],
  sigmoid: [(a) => 1 / (1 + Math.exp(-a)), (v) => v * (1 - v)],
};
const COUNT = 100;

function clean(raw) {
  return {
    data: oneOf(raw.data, DATA, "xor"),
    layers: whole(raw.layers, 0, 3, 1),
    width: whole(raw.width, 1, 8, 4),
    activation: oneOf(raw.activation, Object.keys(BEND), "tanh"),
    lr: real(raw.lr, 0.001, 1, 0.1),
    steps: whole(raw.steps, 0, 2000, 0),
    noise: real(raw.noise, 0, 0.4, 0.05),
    seed: whole(raw.seed, 0, 999, 0),
  };
}

/** 100 points [x, y] in [-1, 1] and their labels. Rounded, so that the copied code has the same. */
function dataset({ data, noise, seed }) {
  const round = (v) => +v.toFixed(3);
  const labels = range(COUNT).map((i) => i % 2);
  const points = labels.map((label, i) => {
    const [u, v] = [hash(seed, i, 1), hash(seed, i, 2)];
    let [x, y] = [2 * u - 1, 2 * v - 1];
    if (data === "xor") [x, y] = [Math.abs(x) * (v < 0.5 ? -1 : 1), Math.abs(y) * ((v < 0.5) === (label === 1) ? -1 : 1)];
    else {
      const turn = data === "circles" ? 2 * Math.PI * u : 0.6 + 9 * u ** 0.7 + Math.PI * label;
      const radius = data === "circles" ? (label ? 0.4 * Math.sqrt(v) : 0.65 + 0.3 * v) : 0.1 + 0.85 * u ** 0.7;
      [x, y] = [radius * Math.cos(turn), radius * Math.sin(turn)];
    }
    return [round(x + noise * normal(seed, i, 3)), round(y + noise * normal(seed, i, 4))];
  });
  return { points, labels };
}

/** First weights: normal, with variance 1 / inputs (2 / inputs for relu); biases 0. */
function first({ layers, width, activation, seed }) {
  const sizes = [2, ...range(layers).map(() => width), 1];
  return range(layers + 1).map((l) => {
    const scale = Math.sqrt((activation === "relu" ? 2 : 1) / sizes[l]);
    return [range(sizes[l + 1]).map((j) => range(sizes[l]).map((i) => +(scale * normal(seed, 50 + l, j, i)).toFixed(3))),
      range(sizes[l + 1]).map(() => 0)];
  });
}

/** The values of every layer for one point; the last holds the logit. */
function forward(net, point, activation) {
  const bend = BEND[activation][0];
  const values = [point];
  net.forEach(([w, b], l) => {
    const before = values[l];
    values.push(w.map((row, j) => {
      let sum = b[j];
      for (let i = 0; i < row.length; i++) sum += row[i] * before[i];
      return l === net.length - 1 ? sum : bend(sum);
    }));
  });
  return values;
}

/** One update of the whole set: v = 0.9 v + g, w = w - lr v. Changes net and speed in place. */
function update(net, speed, { points, labels }, { activation, lr }) {
  const slope = BEND[activation][1];
  const grads = net.map(([w, b]) => [w.map((row) => row.map(() => 0)), b.map(() => 0)]);
  points.forEach((point, n) => {
    const values = forward(net, point, activation);
    let delta = [(1 / (1 + Math.exp(-values[net.length][0])) - labels[n]) / points.length];
    for (let l = net.length - 1; l >= 0; l--) {
      const below = values[l];
      const [gw, gb] = grads[l];
      const next = new Array(below.length).fill(0);
      for (let j = 0; j < delta.length; j++) {
        gb[j] += delta[j];
        for (let i = 0; i < below.length; i++) {
          gw[j][i] += delta[j] * below[i];
          next[i] += delta[j] * net[l][0][j][i];
        }
      }
      delta = next.map((v, i) => v * slope(below[i]));
    }
  });
  net.forEach(([w, b], l) => b.forEach((_, j) => {
    speed[l][1][j] = 0.9 * speed[l][1][j] + grads[l][1][j];
    b[j] -= lr * speed[l][1][j];
    for (let i = 0; i < w[j].length; i++) {
      speed[l][0][j][i] = 0.9 * speed[l][0][j][i] + grads[l][0][j][i];
      w[j][i] -= lr * speed[l][0][j][i];
    }
  }));
}
const still = (net) => net.map(([w, b]) => [w.map((row) => row.map(() => 0)), b.map(() => 0)]);

/** Mean binary cross-entropy and share of right answers. */
function score(net, { points, labels }, { activation }) {
  let [loss, right] = [0, 0];
  points.forEach((point, n) => {
    const logit = forward(net, point, activation).at(-1)[0];
    loss += Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit))) - labels[n] * logit;
    right += +(logit > 0 === (labels[n] === 1));
  });
  return { loss: loss / points.length, accuracy: right / points.length };
}

/** Trains from the start: for the tests. */
function train(state) {
  const [set, net] = [dataset(state), first(state)];
  const speed = still(net);
  for (let i = 0; i < state.steps; i++) update(net, speed, set, state);
  return { net, ...score(net, set, state) };
}

function codeLines(state) {
  const { points, labels } = dataset(state);
  const list = (value) => JSON.stringify(value).replace(/,/g, ", ");
  const weights = list(first(state).map(([w]) => w));
  const body = (lib, product, clear) => `def predict(a):\n    for i, (w, b) in enumerate(zip(weights, biases)):\n        a = ${product} + b\n        a = ${lib}.${state.activation === "relu" ? "nn.functional.relu" : state.activation === "sigmoid" ? "nn.functional.sigmoid" : "tanh"}(a) if i < ${state.layers} else a\n    return a[:, 0]\nfor step in range(${state.steps}):\n    loss = F.binary_cross_entropy_with_logits(predict(x), y)\n    loss.backward()\n    optimizer.step()\n    optimizer.${clear}()\nloss = F.binary_cross_entropy_with_logits(predict(x), y)`;
  return {
    PyTorch: `import torch\nfrom torch.nn import functional as F\nx = torch.tensor(${list(points)}, dtype=torch.float64)\ny = torch.tensor(${list(labels)}, dtype=torch.float64)\nweights = [torch.tensor(w, dtype=torch.float64, requires_grad=True) for w in ${weights}]\nbiases = [torch.zeros(len(w), dtype=torch.float64, requires_grad=True) for w in weights]\noptimizer = torch.optim.SGD(weights + biases, lr=${state.lr}, momentum=0.9)\n${body("torch", "a @ w.T", "zero_grad")}`,
    Paddle: `import paddle\nfrom paddle.nn import functional as F\nx = paddle.to_tensor(${list(points)}, dtype="float64")\ny = paddle.to_tensor(${list(labels)}, dtype="float64")\nweights = [paddle.to_tensor(w, dtype="float64", stop_gradient=False) for w in ${weights}]\nbiases = [paddle.to_tensor([0.0] * len(w), dtype="float64", stop_gradient=False) for w in weights]\noptimizer = paddle.optimizer.Momentum(${state.lr}, 0.9, parameters=weights + biases)\n${body("paddle", "a @ w.T", "clear_grad")}`,
  };
}

// ---- the figure

const SIDE = 48;
const EDGE = 1.25;

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "decision_boundary", title: "A small network draws its boundary", clean,
    hint: "Train it, or drag the steps. Each small picture shows where one hidden unit is on.",
    fields: ["data", "layers", "width", "activation", "lr", "steps", "noise", "seed"],
  });
  let playing = false;
  let job = null;
  const keyOf = ({ steps, ...rest }) => JSON.stringify(rest);

  // Training catches up with the steps wanted, a few milliseconds a frame.
  ui.draw((state) => {
    if (playing && state.steps < 2000) ui.set({ steps: Math.min(2000, state.steps + 5) });
    else playing = false;
    const key = keyOf(state);
    if (job?.key !== key || job.step > ui.state.steps) {
      const net = first(state);
      job = { key, set: dataset(state), net, speed: still(net), step: 0, losses: [] };
    }
    const until = performance.now() + 7;
    while (job.step < ui.state.steps && performance.now() < until) {
      update(job.net, job.speed, job.set, state);
      job.step += 1;
    }
    Object.assign(job, score(job.net, job.set, state));
    if (job.step < ui.state.steps || playing) ui.redraw();
  });

  const play = ui.button("Play", () => { playing = !playing && ui.state.steps < 2000; ui.redraw(); });
  const more = ui.button("Train 100 steps", () => ui.set({ steps: Math.min(2000, ui.state.steps + 100) }));
  ui.root.append(h("div", { class: "lw-controls" },
    ui.choice("data", { label: "Points", options: DATA.map((one) => [one, one === "xor" ? "XOR" : one]) }),
    ui.choice("activation", { label: "Activation", options: Object.keys(BEND).map((one) => [one, one]) }),
    ui.range("layers", { label: "Hidden layers", min: 0, max: 3 }), ui.range("width", { label: "Units in each", min: 1, max: 8 }),
    ui.range("lr", { label: "Learning rate", symbol: "η", min: -3, max: 0, step: 0.01, show: (x) => fmt(10 ** x, 3),
      read: (state) => +Math.log10(state.lr).toFixed(4), write: (x) => ({ lr: +(10 ** x).toPrecision(3) }) }),
    ui.range("noise", { label: "Noise of the points", min: 0, max: 0.4, step: 0.01, show: (x) => x.toFixed(2) })));

  const screen = () => h("canvas", { width: SIDE, height: SIDE, "aria-hidden": "true" });
  const big = screen();
  const dots = s("svg", { viewBox: `${-EDGE} ${-EDGE} ${2 * EDGE} ${2 * EDGE}`, role: "img" });
  const marks = range(COUNT).map(() => dots.appendChild(s("path", {})));
  const units = range(3).map((l) => range(8).map((j) => ({ canvas: screen(), node: h("div", { class: "lw-unit", title: `Layer ${l + 1}, unit ${j + 1}` }) })));
  const columns = units.map((column, l) => {
    column.forEach(({ canvas, node }) => node.append(canvas));
    return h("div", { class: "lw-layer" }, h("p", { class: "lw-label" }, `Layer ${l + 1}`), column.map(({ node }) => node));
  });
  const [loss, accuracy, count1] = ["Loss", "Accuracy", "Weights and biases"].map(ui.stat);
  const words = h("p", { class: "lw-note" });
  ui.root.append(
    h("div", { class: "lw-run" }, play, more, ui.range("steps", { label: "Steps of training", min: 0, max: 2000 })),
    h("div", { class: "lw-two" }, h("div", { class: "lw-net" }, columns, h("p", { class: "lw-label lw-none" }, "No hidden layer: the two coordinates go straight to the output.")),
      h("div", { class: "lw-big" }, h("p", { class: "lw-label" }, "Output: ● class 1 where blue, ▲ class 0 where orange"), h("div", { class: "lw-map" }, big, dots))),
    h("dl", { class: "lw-stats" }, [loss, accuracy, count1].map((one) => one.node)), words,
    ui.code(codeLines), ui.table(() => [
      ...job.net.map(([w, b], l) => ({ caption: `Weights into ${l === job.net.length - 1 ? "the output" : `layer ${l + 1}`}`,
        head: ["unit", ...w[0].map((_, i) => `w${i}`), "bias"], rows: w.map((row, j) => [`${j}`, ...row, b[j]]) })),
    ]));

  const grid = range(SIDE * SIDE).map((i) => [(((i % SIDE) + 0.5) / SIDE) * 2 * EDGE - EDGE, EDGE - ((Math.floor(i / SIDE) + 0.5) / SIDE) * 2 * EDGE]);
  /** values from -1 (orange) to 1 (blue); near 0 the paper shows through. */
  function paint(canvas, values) {
    const context = canvas.getContext("2d");
    const image = context.createImageData(SIDE, SIDE);
    const [blue, orange] = [[0, 114, 178], [213, 94, 0]];
    values.forEach((value, i) => {
      image.data.set(value > 0 ? blue : orange, 4 * i);
      image.data[4 * i + 3] = 30 + 190 * Math.min(1, Math.abs(value));
    });
    context.putImageData(image, 0, 0);
  }

  ui.draw((state) => {
    const all = grid.map((point) => forward(job.net, point, state.activation));
    paint(big, all.map((values) => Math.tanh(values.at(-1)[0] / 2)));
    columns.forEach((column, l) => {
      column.hidden = l >= state.layers;
      units[l].forEach(({ canvas, node }, j) => {
        node.hidden = l >= state.layers || j >= state.width;
        if (node.hidden) return;
        // Where a unit is on: tanh has a sign of its own, the others are measured from half way.
        const value = { tanh: (v) => v, relu: (v) => (v ? Math.min(1, v) : -0.35), sigmoid: (v) => 2 * v - 1 }[state.activation];
        paint(canvas, all.map((values) => value(values[l + 1][j])));
      });
    });
    const { points, labels } = job.set;
    marks.forEach((mark, i) => {
      const [x, y] = points[i];
      const shape = labels[i] ? "m-.032 0a.032 .032 0 1 0 .064 0a.032 .032 0 1 0-.064 0" : "m0-.042l.04.07h-.08z";
      attr(mark, { d: `M${x} ${-y}${shape}`, class: labels[i] ? "lw-one" : "lw-zero" });
    });
    put(play, playing ? "Pause" : "Play");
    attr(play, { "aria-pressed": String(playing) });
    play.hidden = ui.still;
    loss.set(fmt(job.loss, 4));
    accuracy.set(`${Math.round(100 * job.accuracy)} %`);
    const parameters = job.net.reduce((sum, [w, b]) => sum + w.length * w[0].length + b.length, 0);
    count1.set(`${parameters}`);
    const done = job.step >= ui.state.steps;
    const shape = state.layers ? "" : " Without a hidden layer the boundary is one straight line, whatever the training.";
    put(words, `${job.step} of ${ui.state.steps} steps done: ${Math.round(100 * job.accuracy)} of ${COUNT} points right.${shape}`);
    attr(dots, { "aria-label": `${COUNT} points and the boundary after ${job.step} steps` });
    if (done) attr(ui.root, { "data-shown": JSON.stringify({ step: job.step, loss: job.loss, accuracy: job.accuracy, net: job.net }) });
    ui.say(words.textContent);
  });

  ui.onReset = () => { playing = false; };
  ui.standard(() => ({ steps: 0 }));
  return ui.show();
}

export default { render };
