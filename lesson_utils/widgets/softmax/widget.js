// ---- the mathematics

const START = [2, 1, 0.1];

function clean(raw) {
  const given = Array.isArray(raw.logits) && raw.logits.length > 1 ? raw.logits.slice(0, 6) : START;
  const logits = given.map((z) => real(z, -6, 6, 0));
  return {
    logits,
    temperature: real(raw.temperature, 0.1, 5, 1),
    shift: real(raw.shift, -5, 5, 0),
    smoothing: real(raw.smoothing, 0, 0.5, 0),
    target: whole(raw.target, 0, logits.length - 1, 0),
    seed: whole(raw.seed, 0, 999, 0),
  };
}

/** Everything shown, from the settings. */
function solve({ logits, temperature, shift, smoothing, target }) {
  const z = logits.map((logit) => (logit + shift) / temperature);
  const top = Math.max(...z);
  const exps = z.map((value) => Math.exp(value - top));
  const total = exps.reduce((a, b) => a + b);
  const p = exps.map((value) => value / total);
  const logP = z.map((value) => value - top - Math.log(total));
  const y = logits.map((_, i) => (i === target ? 1 - smoothing : 0) + smoothing / logits.length);
  const sum = (f) => logits.reduce((all, _, i) => all + f(i), 0);
  return {
    z, p, y,
    loss: -sum((i) => (y[i] ? y[i] * logP[i] : 0)),
    entropy: -sum((i) => (p[i] ? p[i] * logP[i] : 0)),
    gradient: p.map((value, i) => (value - y[i]) / temperature),
  };
}

/** Classes from the highest value to the lowest. */
const order = (values) => range(values.length).sort((a, b) => values[b] - values[a] || a - b);

function codeLines({ logits, temperature, shift, smoothing, target }) {
  const list = `[[${logits.map((z) => +(z + shift).toFixed(4)).join(", ")}]]`;
  const call = (tensor) => `loss = F.cross_entropy(z / ${temperature}, ${tensor}([${target}]), label_smoothing=${smoothing})\nloss.backward()\np, gradient = F.softmax(z / ${temperature}, -1), z.grad`;
  return {
    PyTorch: `import torch\nfrom torch.nn import functional as F\nz = torch.tensor(${list}, dtype=torch.float32, requires_grad=True)\n${call("torch.tensor")}`,
    Paddle: `import paddle\nfrom paddle.nn import functional as F\nz = paddle.to_tensor(${list}, dtype="float32", stop_gradient=False)\n${call("paddle.to_tensor")}`,
  };
}

// ---- the figure

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "softmax", title: "Softmax: from scores to a loss", clean,
    hint: "Drag the logits; choose the right class on the left. The black mark on a bar is the target y.",
    fields: ["logits", "temperature", "shift", "smoothing", "target", "seed"],
  });
  let now = null;
  ui.draw((state) => (now = solve(state)));

  const decimals = (x) => x.toFixed(2).replace("-", "−");
  ui.root.append(h("div", { class: "lw-controls" },
    ui.range("temperature", { label: "Temperature", symbol: "T", min: 0.1, max: 5, step: 0.1, show: decimals }),
    ui.range("shift", { label: "Shift all logits", symbol: "c", min: -5, max: 5, step: 0.1, show: decimals }),
    ui.range("smoothing", { label: "Label smoothing", symbol: "ε", min: 0, max: 0.5, step: 0.01, show: decimals })));

  const head = ["Right class", "Logit z", "Probability p, target y", "Gradient (p − y) / T"];
  const rows = range(6).map(makeRow);
  ui.root.append(h("div", { class: "lw-rows" },
    h("div", { class: "lw-row-head", "aria-hidden": "true" }, head.map((text) => h("span", { class: "lw-label" }, text))),
    h("div", { role: "radiogroup", "aria-label": "Right class" }, rows.map((row) => row.node))));

  const [loss, surprise, spread, total] =
    ["Loss −Σ y log p", "Entropy of p", "Entropy of even odds", "Sum of the gradient"].map(ui.stat);
  const ordering = h("p", { class: "lw-note" });
  ui.root.append(h("dl", { class: "lw-stats" }, [loss, surprise, spread, total].map((one) => one.node)), ordering,
    ui.code(codeLines), ui.table((state) => [{
      caption: "One row a class", head: ["class", "logit", "(z + c) / T", "p", "y", "gradient"],
      rows: state.logits.map((z, i) => [`${i}`, z, now.z[i], now.p[i], now.y[i], now.gradient[i]]),
    }]));

  function makeRow(i) {
    const radio = h("input", { type: "radio", name: `${ui.id}-target`, "aria-label": `Class ${i} is right` });
    ui.on(radio, "change", () => ui.set({ target: i }));
    const slider = ui.range(`logit${i}`, { label: `Logit of class ${i}`, min: -6, max: 6, step: 0.1, show: decimals,
      read: (state) => state.logits[i] ?? 0,
      write: (value) => ({ logits: ui.state.logits.map((z, j) => (i === j ? value : z)) }) });
    const meter = () => {
      const [fill, mark, text] = ["lw-fill", "lw-mark", "lw-read"].map((name) => h("span", { class: name }));
      return { fill, mark, text, node: h("div", { class: "lw-meter" }, h("span", { class: "lw-track" }, fill, mark), text) };
    };
    const [chance, slope] = [meter(), meter()];
    slope.node.classList.add("lw-signed");
    const node = h("div", { class: "lw-class" },
      h("label", { class: "lw-toggle" }, radio, h("span", {}, `class ${i}`)), slider, chance.node, slope.node);
    return { node, radio, chance, slope };
  }

  ui.draw((state) => {
    const steepest = Math.max(...now.gradient.map(Math.abs), 1e-12);
    rows.forEach(({ node, radio, chance, slope }, i) => {
      node.hidden = i >= state.logits.length;
      if (node.hidden) return;
      radio.checked = state.target === i;
      node.classList.toggle("lw-right", state.target === i);
      css(chance.fill, { width: `${100 * now.p[i]}%` });
      css(chance.mark, { left: `${100 * now.y[i]}%` });
      put(chance.text, now.p[i].toFixed(3));
      // Against the steepest one, but never blown up: a flat gradient should look flat.
      const width = 50 * Math.abs(now.gradient[i]) / Math.max(1, steepest);
      css(slope.fill, { width: `${width}%`, left: `${now.gradient[i] < 0 ? 50 - width : 50}%` });
      slope.fill.classList.toggle("lw-down", now.gradient[i] < 0);
      put(slope.text, now.gradient[i].toFixed(3).replace("-", "−"));
    });
    loss.set(fmt(now.loss, 3));
    surprise.set(`${fmt(now.entropy, 3)} nats`);
    spread.set(`${fmt(Math.log(state.logits.length), 3)} nats`);
    total.set(fmt(Math.abs(now.gradient.reduce((a, b) => a + b)) < 1e-9 ? 0 : now.gradient.reduce((a, b) => a + b)));
    const ranks = order(now.z).map((i) => `class ${i}`).join(" > ");
    const shifted = state.shift ? `The ${fmt(state.shift)} added to every logit cancels in every ratio: p has not moved. ` : "";
    const heat = state.temperature === 1 ? "A temperature would stretch or shrink the gaps and"
      : `Temperature ${fmt(state.temperature)} ${state.temperature > 1 ? "shrinks" : "stretches"} the gaps but`;
    put(ordering, `${shifted}${heat} never change${state.temperature === 1 ? "" : "s"} the order: ${ranks}.`);
    attr(ui.root, { "data-shown": JSON.stringify(now) });
    ui.say(`Probabilities ${now.p.map((p) => p.toFixed(2)).join(", ")}. Loss ${fmt(now.loss)}.`);
  });

  ui.standard((seed) => ({ logits: ui.state.logits.map((_, i) => +(8 * hash(seed, i) - 3).toFixed(1)) }));
  return ui.show();
}

export default { render };
