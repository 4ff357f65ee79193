// ---- the mathematics

const LIMITS = { // lowest, highest, what leaves the picture as it is
  shift_x: [-16, 16, 0], shift_y: [-16, 16, 0], rotation: [-180, 180, 0], scale: [0.5, 2, 1], shear: [-0.6, 0.6, 0],
  perspective: [-0.6, 0.6, 0], blur: [0, 3, 0], brightness: [0, 2, 1], contrast: [0, 2, 1], saturation: [0, 2, 1],
  noise: [0, 0.5, 0], erase: [0, 0.6, 0], mix: [0, 1, 0],
};
const GREY = [0.2989, 0.587, 0.114];
const REACH = 6; // pixels to either side that the blur looks at

/** Side and channels of a picture in base64: a length fits only one pair of them. */
function shapeOf(text) {
  try {
    const size = atob(text).length;
    for (const channels of [1, 3]) {
      const side = Math.round(Math.sqrt(size / channels));
      if (side >= 8 && side <= 64 && side * side * channels === size) return { side, channels };
    }
  } catch { /* not base64 */ }
  return null;
}

/** An F and its negative: stand in where no pictures arrive. */
function standIns() {
  const ink = range(256).map((i) => [i >> 4, i % 16]).map(([y, x]) =>
    +(y > 1 && y < 14 && x > 3 && (x < 6 || (x < 12 && (y < 4 || (y > 6 && y < 9))))));
  return [ink, ink.map((v) => 1 - v)].map((one) => btoa(String.fromCharCode(...one.map((v) => 255 * v))));
}

function clean(raw) {
  const two = Array.isArray(raw.pictures) && raw.pictures.length === 2 && raw.pictures.every((one) => typeof one === "string");
  const shapes = two ? raw.pictures.map(shapeOf) : [null];
  const names = Array.isArray(raw.labels) && raw.labels.length === 2 ? raw.labels : [];
  const numbers = Object.entries(LIMITS).map(([name, [low, high, rest]]) =>
    [name, (name.startsWith("shift") ? whole : real)(raw[name], low, high, rest)]);
  return {
    ...Object.fromEntries(numbers),
    pictures: shapes[0] && same(...shapes) ? raw.pictures : standIns(),
    labels: ["first", "second"].map((rest, i) => (typeof names[i] === "string" && names[i] ? names[i].slice(0, 20) : rest)),
    flip: raw.flip === true,
    seed: whole(raw.seed, 0, 999, 0),
  };
}

const opened = new Map(); // a picture is unpacked once, however often it is drawn
function open(text) {
  if (!opened.has(text)) {
    if (opened.size > 40) opened.clear();
    opened.set(text, { ...shapeOf(text), data: Float64Array.from(atob(text), (letter) => letter.charCodeAt(0) / 255) });
  }
  return opened.get(text);
}

/** From a place of the result, -1 to 1, to the place it is read from. */
function matrix({ flip, rotation, shear, scale, shift_x, shift_y, perspective: k }, side) {
  const turn = (rotation * Math.PI) / 180;
  const [c, n, f] = [Math.cos(turn), Math.sin(turn), (flip ? -1 : 1) / scale];
  return [[f * (c + shear * n), f * (n - shear * c)], [-n / scale, c / scale]].map(([a, b]) => {
    const rest = (-2 * (a * shift_x + b * shift_y)) / side;
    return [a + k * rest, b, rest];
  }).concat([[k, 0, 1]]);
}

/** Reads the picture at the places the matrix names, between four pixels; black lies around it. */
function warp({ data, side, channels }, [[a, b, c], [d, e, f], [g]]) {
  const out = new Float64Array(data.length);
  let outside = 0;
  for (let i = 0; i < side * side; i++) {
    // No small arrays in here: the first picture is drawn by code that the browser has not yet made fast.
    const x = (2 * (i % side) + 1) / side - 1;
    const y = (2 * Math.floor(i / side) + 1) / side - 1;
    const w = g * x + 1;
    const u = (a * x + b * y + c) / w;
    const v = (d * x + e * y + f) / w;
    outside += Math.abs(u) > 1 || Math.abs(v) > 1;
    const column = ((u + 1) * side) / 2 - 0.5;
    const row = ((v + 1) * side) / 2 - 0.5;
    const left = Math.floor(column);
    const top = Math.floor(row);
    for (let near = 0; near < 4; near++) {
      const z = left + (near % 2);
      const p = top + (near >> 1);
      if (z < 0 || p < 0 || z >= side || p >= side) continue;
      const weight = (1 - Math.abs(column - z)) * (1 - Math.abs(row - p));
      for (let ch = 0; ch < channels; ch++) out[i * channels + ch] += weight * data[(p * side + z) * channels + ch];
    }
  }
  return [out, outside / side ** 2];
}

/** A Gaussian blur, rows first, then columns; the border's pixels are repeated outwards. */
function blurred(x, { side, channels }, spread) {
  if (!spread) return x;
  const weights = range(2 * REACH + 1).map((i) => Math.exp(-((i - REACH) ** 2) / (2 * spread ** 2)));
  const total = weights.reduce((p, q) => p + q);
  const pass = (from, across) => from.map((_, i) => {
    const [ch, pixel] = [i % channels, Math.floor(i / channels)];
    const [z, y] = [pixel % side, Math.floor(pixel / side)];
    let sum = 0;
    for (let j = -REACH; j <= REACH; j++) {
      const at = Math.min(side - 1, Math.max(0, (across ? z : y) + j));
      sum += weights[j + REACH] * from[(across ? y * side + at : at * side + z) * channels + ch];
    }
    return sum / total;
  });
  return pass(pass(x, true), false);
}

let drawn = { seed: -1, values: [] };
/** The noise of a seed; kept, so that a moving slider does not draw it again. */
function noiseOf(seed, count) {
  if (drawn.seed !== seed || drawn.values.length !== count) drawn = { seed, values: range(count).map((i) => normal(seed, 1, i)) };
  return drawn.values;
}

function solve(state) {
  const [{ side, channels, ...one }, other] = state.pictures.map(open);
  const shape = { side, channels };
  const { brightness, contrast, saturation, noise, seed, mix } = state;
  let [x, outside] = warp({ ...shape, ...one }, matrix(state, side));
  x = blurred(x, shape, state.blur);
  const lost = new Uint8Array(x.length);
  const clip = (fn) => (x = x.map((value, i) => {
    const y = fn(value, i);
    lost[i] ||= +(y < -1e-9 || y > 1 + 1e-9);
    return Math.min(1, Math.max(0, y));
  }));
  const grey = (i) => {
    const at = i - (i % 3);
    return channels === 1 ? x[i] : GREY[0] * x[at] + GREY[1] * x[at + 1] + GREY[2] * x[at + 2];
  };
  if (brightness !== 1) clip((v) => brightness * v);
  if (contrast !== 1) {
    let mean = 0;
    for (let i = 0; i < x.length; i += channels) mean += grey(i) / side ** 2;
    clip((v) => mean + contrast * (v - mean));
  }
  if (saturation !== 1) clip((v, i) => grey(i) + saturation * (v - grey(i)));
  if (noise) {
    const draw = noiseOf(seed, x.length);
    clip((v, i) => v + noise * draw[i]);
  }
  const size = Math.floor(state.erase * side + 0.5);
  const [top, left] = [2, 3].map((key) => Math.floor(hash(seed, key) * (side - size + 1)));
  for (let y = top; y < top + size; y++) x.fill(0, (y * side + left) * channels, (y * side + left + size) * channels);
  return {
    pixels: Array.from(x, (v, i) => (1 - mix) * v + mix * other.data[i]), label: [1 - mix, mix], box: [top, left, size],
    outside, lost: lost.reduce((p, q) => p + q, 0) / x.length,
  };
}

/** Settings as a training run would draw them; what spoils the picture stays where the reader put it. */
function draw(seed) {
  const between = (key, low, high, digits) => +(low + (high - low) * hash(seed, 9, key)).toFixed(digits);
  return {
    flip: hash(seed, 9, 0) < 0.5, shift_x: between(1, -5, 5, 0), shift_y: between(2, -5, 5, 0), rotation: between(3, -25, 25, 0),
    scale: between(4, 0.8, 1.3, 2), shear: between(5, -0.2, 0.2, 2), perspective: between(6, -0.2, 0.2, 2),
    brightness: between(7, 0.6, 1.4, 2), contrast: between(8, 0.6, 1.4, 2), saturation: between(9, 0.4, 1.6, 2),
  };
}

function codeLines(state, [top, left, size] = solve(state).box) {
  const { side, channels } = open(state.pictures[0]);
  const { blur, brightness, contrast, saturation, noise, seed, mix } = state;
  const rows = matrix(state, side).map((row) => `[${row.map((v) => +v.toFixed(6) || 0).join(", ")}]`).join(", ");
  const make = (lib, tensor, float, axis) => [
    `import ${lib}`, `from ${lib}.nn import functional as F`,
    `# x, other: the two pictures, float32 (1, ${channels}, ${side}, ${side}) from 0 to 1`,
    `m = ${tensor}([${rows}])`,
    `at = (2 * ${lib}.arange(${side}).${float} + 1) / ${side} - 1`,
    `down, across = ${lib}.meshgrid(at, at${lib === "torch" ? ', indexing="ij"' : ""})`,
    `places = ${lib}.stack([across, down, ${lib}.ones_like(at + 0 * down)], -1) @ m.T`,
    `x = F.grid_sample(x, (places[..., :2] / places[..., 2:])[None], align_corners=False)`,
    blur && `k = ${lib}.exp(-${lib}.arange(${-REACH}, ${REACH + 1}).${float} ** 2 / ${+(2 * blur ** 2).toFixed(6)})`,
    blur && `k = (k[:, None] * k / k.sum() ** 2).expand([${channels}, 1, ${2 * REACH + 1}, ${2 * REACH + 1}])`,
    blur && `x = F.conv2d(F.pad(x, [${REACH}] * 4, mode="replicate"), k, groups=${channels})`,
    brightness !== 1 && `x = (${brightness} * x).clip(0, 1)`,
    channels === 3 && (contrast !== 1 || saturation !== 1) && `weights = ${tensor}([${GREY.join(", ")}])[:, None, None]`,
    contrast !== 1 && `mean = ${channels === 3 ? `(weights * x).sum(${axis}=1)` : "x"}.mean()`,
    contrast !== 1 && `x = (mean + ${contrast} * (x - mean)).clip(0, 1)`,
    saturation !== 1 && channels === 3 && `grey = (weights * x).sum(${axis}=1, keepdim=True)`,
    saturation !== 1 && channels === 3 && `x = (grey + ${saturation} * (x - grey)).clip(0, 1)`,
    noise && `x = (x + ${noise} * ${lib}.randn(x.shape)).clip(0, 1)  # other noise than the figure's`,
    size && `x[:, :, ${top}:${top + size}, ${left}:${left + size}] = 0`,
    mix && `x = ${+(1 - mix).toFixed(4)} * x + ${mix} * other`,
    mix ? `# loss = ${+(1 - mix).toFixed(4)} * loss_fn(logits, ${state.labels[0]}) + ${mix} * loss_fn(logits, ${state.labels[1]})` : null,
  ].filter(Boolean).join("\n");
  return {
    PyTorch: make("torch", "torch.tensor", "float()", "dim"),
    Paddle: make("paddle", "paddle.to_tensor", 'astype("float32")', "axis"),
  };
}

// ---- the figure

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "augmentation", title: "What the network is shown", clean,
    hint: "Change the picture and say each time: does the label still hold?",
    fields: ["pictures", "labels", "flip", ...Object.keys(LIMITS), "seed"],
  });
  let now = null;
  ui.draw((state) => (now = solve(state)));

  const signed = (unit) => (v) => `${fmt(v)}${unit}`;
  const times = (v) => `× ${v.toFixed(2)}`;
  const slider = (field, label, step, show) => {
    const [min, max] = LIMITS[field];
    return ui.range(field, { label, min, max, step, show });
  };
  const group = (label, ...nodes) => h("div", { class: "lw-part" }, h("p", { class: "lw-part-head" }, label), ...nodes);
  const colour = slider("saturation", "Saturation", 0.05, times);
  const screens = range(3).map(() => h("canvas", { role: "img" }));
  const captions = range(3).map(() => h("p", { class: "lw-label" }));
  const [first, result, second] = screens.map((screen, i) => h("div", { class: "lw-picture" }, captions[i], screen));
  const bars = range(2).map(() => {
    const [name, bar, share] = [h("span", {}), h("span", { class: "lw-fill" }), h("span", { class: "lw-num" })];
    return { name, bar, share, node: h("li", {}, name, h("span", { class: "lw-track", "aria-hidden": "true" }, bar), share) };
  });
  const [outside, lost, mean] = ["From outside: black", "Cut off at black or white", "Mean brightness"].map(ui.stat);
  const words = h("p", { class: "lw-note" });

  ui.root.append(
    h("div", { class: "lw-three" }, first, result, second),
    h("ul", { class: "lw-shares", "aria-label": "Label" }, bars.map(({ node }) => node)),
    h("dl", { class: "lw-stats" }, [outside, lost, mean].map((one) => one.node)), words,
    h("div", { class: "lw-groups" },
      group("Place", ui.toggle("flip", { label: "Left and right exchanged" }),
        slider("shift_x", "Shift right", 1, signed(" px")), slider("shift_y", "Shift down", 1, signed(" px")),
        slider("rotation", "Rotate", 1, signed("°")), slider("scale", "Scale", 0.01, times),
        slider("shear", "Shear", 0.02, signed("")), slider("perspective", "Perspective", 0.02, signed(""))),
      group("Colour", slider("brightness", "Brightness", 0.05, times), slider("contrast", "Contrast", 0.05, times), colour),
      group("Damage", slider("blur", "Blur", 0.1, signed(" px")), slider("noise", "Noise", 0.01, signed("")), slider("erase", "Erased box", 0.02, (v) => `${fmt(100 * v, 0)} %`)),
      group("A second picture", slider("mix", "Mixup", 0.05, (v) => `${fmt(100 * v, 0)} %`))),
    ui.code((state) => codeLines(state, now.box)), ui.table(tables));

  function paint(canvas, { side, channels }, data, label) {
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const image = new ImageData(side, side);
    for (let i = 0; i < side * side; i++) {
      for (let ch = 0; ch < 3; ch++) image.data[4 * i + ch] = 255 * data[i * channels + Math.min(ch, channels - 1)];
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    attr(canvas, { "aria-label": label });
  }

  const percent = (share) => `${fmt(100 * share, 1)} %`;
  const label = ({ labels }) => labels.map((name, i) => (now.label[i] ? `${percent(now.label[i])} ${name}` : "")).filter(Boolean).join(", ");
  ui.draw((state) => {
    const [one, other] = state.pictures.map(open);
    paint(screens[0], one, one.data, `The picture as it is: ${state.labels[0]}`);
    paint(screens[1], one, now.pixels, `The picture as the network is shown it: ${label(state)}`);
    paint(screens[2], other, other.data, `The second picture: ${state.labels[1]}`);
    [`In the data set: ${state.labels[0]}`, "Shown to the network", `Another: ${state.labels[1]}`].forEach((text, i) => put(captions[i], text));
    second.classList.toggle("lw-idle", !state.mix);
    colour.hidden = one.channels === 1;
    bars.forEach(({ name, bar, share }, i) => {
      put(name, state.labels[i]);
      put(share, percent(now.label[i]));
      css(bar, { width: `${100 * now.label[i]}%` });
    });
    const level = now.pixels.reduce((a, b) => a + b) / now.pixels.length;
    outside.set(percent(now.outside));
    lost.set(percent(now.lost));
    mean.set(level.toFixed(3));
    put(words, advice(state));
    attr(ui.root, { "data-shown": JSON.stringify({ ...now, pixels: undefined, mean: level }) });
    ui.say(`Label: ${label(state)}. ${percent(now.outside)} of the pixels from outside.`);
  });

  function advice(state) {
    const said = [];
    if (state.mix) said.push(`Mixed pictures have mixed labels: the loss is ${percent(now.label[0])} that of “${state.labels[0]}” plus ${percent(now.label[1])} that of “${state.labels[1]}”.`);
    else said.push(`The label stays “${state.labels[0]}”, whatever the picture has become.`);
    if (now.lost > 0.005 || state.blur || state.noise || now.box[2]) said.push("What is cut off, blurred, drowned or erased here, no later step brings back.");
    if (state.flip) said.push("A mirrored cat is a cat; mirrored writing is no writing.");
    return said.join(" ");
  }

  function tables(state) {
    const { side, channels } = open(state.pictures[0]);
    const row = Math.floor(side / 2) * side * channels;
    const names = channels === 3 ? ["red", "green", "blue"] : ["grey"];
    return [
      { caption: "Where each place of the result is read: matrix", head: ["read at", "x", "y", "1"], rows: matrix(state, side).map((line, i) => [["x", "y", "w"][i], ...line]) },
      { caption: "The middle row of the result, 0 to 1", head: ["column", ...names],
        rows: range(side).map((x) => [`${x}`, ...names.map((_, ch) => now.pixels[row + x * channels + ch])]) },
    ];
  }

  ui.standard(draw);
  put(ui.root.querySelector(".lw-actions button"), "Another draw");
  return ui.show();
}

export default { render };
