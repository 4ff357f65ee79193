// ---- the mathematics

/** Device numbers of the curves: four to an octave, 1 to 8,192. */
const DEVICES = [...new Set(range(53).map((k) => Math.round(2 ** (k / 4))))];

function clean(raw) {
  return {
    params: real(raw.params, 1e4, 1e13, 7e9),
    uses: real(raw.uses, 1, 1e4, 1),
    batch: whole(raw.batch, 1, 65536, 4096),
    devices: whole(raw.devices, 1, 8192, 1024),
    flops: real(raw.flops, 1e8, 1e17, 4e14),
    bandwidth: real(raw.bandwidth, 1e6, 1e13, 5e10),
    latency: real(raw.latency, 0, 1e-3, 1e-5),
    number_bytes: oneOf(raw.number_bytes, [2, 4], 2),
    overlap: real(raw.overlap, 0, 1, 0),
    examples: real(raw.examples, 1, 1e14, 1e12),
  };
}

/** Bytes and seconds of one step; the same formulas as `cost` in Python. */
function cost({ params, uses, batch, devices, flops, bandwidth, latency, number_bytes, overlap, examples }) {
  const weights = params * number_bytes;
  const optimizer = params * (number_bytes === 2 ? 12 : 8);
  const compute = (6 * params * uses * batch) / flops;
  const all_reduce = 2 * (devices - 1) * (latency + weights / (devices * bandwidth));
  // Only the backward pass, two thirds of the arithmetic, has gradients to send.
  const hidden = Math.min(overlap * all_reduce, (compute * 2) / 3);
  const step = compute + all_reduce - hidden;
  const steps = Math.ceil(examples / (devices * batch));
  return { weights, gradients: weights, optimizer, memory: 2 * weights + optimizer, compute, all_reduce, hidden, step,
    efficiency: compute / step, steps, epoch: steps * step };
}

/** Efficiency over the number of devices: each device keeps its batch, or all of them share the same one. */
function curves(state) {
  const together = state.batch * state.devices;
  const at = (devices, batch) => cost({ ...state, devices, batch }).efficiency;
  return { each: DEVICES.map((n) => at(n, state.batch)), total: DEVICES.map((n) => (n <= together ? at(n, together / n) : null)) };
}

function codeLines(state) {
  const { params, uses, batch, devices, flops, bandwidth, latency, number_bytes, overlap, examples } = state;
  const machines = Math.ceil(devices / 8);
  const kind = number_bytes === 2 ? "bfloat16" : "float32";
  const num = (x) => (x >= 1e6 || (x && x < 1e-3) ? x.toExponential().replace("e+", "e") : String(x));
  const body = (lib, launch) => `import math, ${lib}
size = ${lib}.finfo(${lib}.${kind}).bits // 8
params, uses, batch, devices = ${num(params)}, ${num(uses)}, ${batch}, ${devices}
flops, bandwidth, latency = ${num(flops)}, ${num(bandwidth)}, ${num(latency)}
overlap, examples = ${num(overlap)}, ${num(examples)}
memory = params * (2 * size + (12 if size == 2 else 8))
compute = 6 * params * uses * batch / flops
all_reduce = 2 * (devices - 1) * (latency + params * size / (devices * bandwidth))
step = compute + all_reduce - min(overlap * all_reduce, compute * 2 / 3)
efficiency = compute / step
epoch = math.ceil(examples / (devices * batch)) * step
# ${launch}`;
  const many = machines > 1;
  return {
    PyTorch: body("torch", many
      ? `torchrun --nnodes ${machines} --nproc_per_node 8 --rdzv_backend c10d --rdzv_endpoint head:29500 train.py`
      : `torchrun --nproc_per_node ${devices} train.py`),
    Paddle: body("paddle", many
      ? `python -m paddle.distributed.launch --nnodes ${machines} --master head:29500 train.py`
      : `python -m paddle.distributed.launch --nproc_per_node ${devices} train.py`),
  };
}

// ---- words

/** 7080000000 and "B/s" as "7.08 GB/s". */
function si(x, unit) {
  const power = Math.max(-3, Math.min(5, Math.floor(Math.log10(Math.max(x, 1e-9) * 1.0005) / 3)));
  const name = ["n", "µ", "m", "", "k", "M", "G", "T", "P"][power + 3];
  return `${+(x / 1000 ** power).toPrecision(3)} ${name}${unit}`.trim();
}
function amount(x) {
  const [size, name] = x >= 9.995e11 ? [1e12, " trillion"] : x >= 9.995e8 ? [1e9, " billion"] : x >= 9.995e5 ? [1e6, " million"] : [1, ""];
  return `${grouped(+(x / size).toPrecision(3))}${name}`;
}
function time(x) {
  if (x === 0) return "0 s";
  if (x < 100) return si(x, "s");
  const [size, name] = x < 5400 ? [60, "min"] : x < 172800 ? [3600, "h"] : x < 63072000 ? [86400, "days"] : [31536000, "years"];
  return `${amount(x / size)} ${name}`;
}
const percent = (x) => `${fmt(100 * x, x < 0.1 ? 1 : 0)} %`;

// ---- the figure

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "parallel_cost", title: "What do more devices buy?", clean,
    hint: "Every device holds the whole model and its own examples; gradients are added up around a ring.",
    fields: ["params", "uses", "batch", "devices", "flops", "bandwidth", "latency", "number_bytes", "overlap", "examples"],
  });
  let now = null;
  ui.draw((state) => (now = { ...cost(state), ...curves(state) }));

  // Sliders over many powers: 20 marks to a factor of ten, or one to a factor of two.
  const powers = (field, label, min, max, show) => {
    const round = (x) => +(10 ** x).toPrecision(2);
    return ui.range(field, { label, min, max, step: 0.05, show,
      read: (state) => {
        const at = Math.log10(state[field]);
        const mark = Math.round(20 * at) / 20;
        return round(mark) === state[field] ? mark : at;
      },
      write: (x) => ({ [field]: round(x) }) });
  };
  const doubles = (field, label, max) => ui.range(field, { label, min: 0, max, show: (x, state) => grouped(state[field]),
    read: (state) => Math.log2(state[field]), write: (x) => ({ [field]: Math.round(2 ** x) }) });
  ui.root.append(h("div", { class: "lw-controls" },
    powers("params", "Weights", 4, 13, (x, state) => amount(state.params)),
    powers("uses", "Uses of a weight", 0, 4, (x, state) => amount(state.uses)),
    doubles("batch", "Examples a device", 16),
    doubles("devices", "Devices", 13),
    powers("flops", "Speed reached", 8, 17, (x, state) => si(state.flops, "FLOP/s")),
    powers("bandwidth", "Bandwidth", 6, 13, (x, state) => si(state.bandwidth, "B/s")),
    ui.range("latency", { label: "Latency", min: 0, max: 1000, step: 5, show: (x) => `${fmt(x, 1)} µs`,
      read: (state) => +(1e6 * state.latency).toFixed(3), write: (x) => ({ latency: +(x / 1e6).toPrecision(6) }) }),
    ui.range("overlap", { label: "Overlap", min: 0, max: 1, step: 0.05, show: percent }),
    powers("examples", "Examples an epoch", 0, 14, (x, state) => amount(state.examples))),
    ui.choice("number_bytes", { label: "Bytes of a weight and of a gradient", options: [[2, "2 (bfloat16)"], [4, "4 (float32)"]] }));

  const bars = s("svg", { class: "lw-bars", viewBox: "0 0 100 20", preserveAspectRatio: "none", role: "img" });
  const [forward, backward, reduce] = ["lw-forward", "lw-backward", "lw-reduce"].map((name, i) =>
    bars.appendChild(s("rect", { class: name, y: i === 2 ? 11 : 1, height: 8 })));
  const chart = s("svg", { class: "lw-chart", viewBox: "-0.2 -1.05 13.4 1.1", preserveAspectRatio: "none", role: "img" });
  const [cursor, total, each, mark] = ["lw-cursor", "lw-total", "lw-each", "lw-mark"].map((name) => chart.appendChild(s("path", { class: name })));
  const key = (name, text) => h("span", { class: "lw-key" }, h("span", { class: `lw-sample ${name}` }), text);
  const axis = (names, style = "") => h("div", { class: `lw-axis ${style}`, "aria-hidden": "true" }, names.map((text) => h("span", {}, text)));
  ui.root.append(h("figure", {}, h("p", { class: "lw-label" }, "One step: ", key("lw-s-f", "forwards"), key("lw-s-b", "backwards"), key("lw-s-r", "all-reduce")), bars),
    h("figure", {}, h("p", { class: "lw-label" }, "Efficiency over devices: ", key("lw-s-each", "a device keeps its batch"), key("lw-s-total", "all share the present batch")),
      h("div", { class: "lw-frame" }, axis(["100 %", "50 %", "0 %"]), h("div", { class: "lw-side" }, chart, axis(["1", "8", "64", "512", "4,096"], "lw-below")))));

  const names = ["Memory of a device", "Arithmetic", "All-reduce", "Step", "Efficiency", "Epoch"];
  const stats = names.map(ui.stat);
  const words = h("p", { class: "lw-note" });
  ui.root.append(h("dl", { class: "lw-stats" }, stats.map((one) => one.node)), words,
    ui.code(codeLines), ui.table((state) => [
      { caption: "Bytes on every device, activations not counted", head: ["part", "bytes"],
        rows: [["weights", si(now.weights, "B")], ["gradients", si(now.gradients, "B")], ["Adam", si(now.optimizer, "B")], ["together", si(now.memory, "B")]] },
      { caption: "Seconds of one step", head: ["part", "time"],
        rows: [["arithmetic", time(now.compute)], ["all-reduce", time(now.all_reduce)], ["of it hidden", time(now.hidden)], ["step", time(now.step)], ["steps an epoch", amount(now.steps)]] },
      { caption: "Efficiency", head: ["devices", "batch kept by each", `${amount(state.batch * state.devices)} shared by all`],
        rows: DEVICES.flatMap((n, i) => (Number.isInteger(Math.log2(n)) ? [[`${n}`, percent(now.each[i]), now.total[i] === null ? "none" : percent(now.total[i])]] : [])) }]));

  function verdict({ devices, latency, batch, examples }) {
    const work = `${grouped(devices)} devices do the work of ${fmt(devices * now.efficiency, 1)}. `;
    if (devices === 1) return "One device: nothing to add up, nothing lost.";
    if (devices * batch > examples) return `${work}One step takes in more examples than there are.`;
    if (now.efficiency > 0.995) return `${work}${now.hidden > 0.5 * now.all_reduce ? "The all-reduce hides behind the backward pass." : "The all-reduce is short beside the arithmetic."}`;
    if (2 * (devices - 1) * latency > 0.5 * now.all_reduce) return `${work}Most of the all-reduce is waiting for its ${grouped(2 * (devices - 1))} rounds to begin; more bandwidth would not help.`;
    if (now.efficiency < 0.5) return `${work}They wait longer than they compute: more examples a device, fewer bytes or faster links would help.`;
    return `${work}The rest is waiting for gradients.`;
  }
  const right = (n) => Math.log2(n).toFixed(4);
  const curve = (values) => `M${values.flatMap((y, i) => (y === null ? [] : [`${right(DEVICES[i])} ${(-y).toFixed(5)}`])).join("L")}`;
  ui.draw((state) => {
    const share = (x) => (100 * x / now.step).toFixed(3);
    attr(forward, { x: 0, width: share(now.compute / 3) });
    attr(backward, { x: share(now.compute / 3), width: share((now.compute * 2) / 3) });
    attr(reduce, { x: share(now.compute - now.hidden), width: share(now.all_reduce) });
    attr(each, { d: curve(now.each) });
    attr(total, { d: curve(now.total) });
    attr(cursor, { d: `M${right(state.devices)} -1.05V0.05` });
    attr(mark, { d: `M${right(state.devices)} ${(-now.efficiency).toFixed(5)}h0` });
    attr(bars, { "aria-label": `One step of ${time(now.step)}: ${time(now.compute)} of arithmetic, ${time(now.all_reduce)} of all-reduce, ${time(now.hidden)} of it at the same time` });
    attr(chart, { "aria-label": `Efficiency over 1 to 8,192 devices; ${percent(now.efficiency)} at ${state.devices}` });
    [si(now.memory, "B"), time(now.compute), time(now.all_reduce), time(now.step), percent(now.efficiency), time(now.epoch)].forEach((text, i) => stats[i].set(text));
    put(words, verdict(state));
    attr(ui.root, { "data-shown": JSON.stringify(now) });
    ui.say(`${state.devices} devices: step ${time(now.step)}, efficiency ${percent(now.efficiency)}.`);
  });

  ui.standard();
  return ui.show();
}

export default { render };
