// ---- the network: operators and weights that Python took out of an ONNX file (compact.py)
//
// All work happens on the page's own thread. A worker inside one script file would have to start from
// a blob: address, which a strict content security policy forbids. So Python refuses models of more
// than 20 million multiply-adds, and what takes longer than one answer, the occlusion map, is cut
// into slices of a few milliseconds, one a frame.

const MOST = 20e6;
const size = (shape) => shape.reduce((a, b) => a * b, 1);
const each = (fn) => (node, x) => x.data.map((v) => fn(v, node));
const strides4 = (shape) => {
  const four = [...new Array(4 - shape.length).fill(1), ...shape];
  return four.map((n, i) => (n === 1 ? 0 : size(four.slice(i + 1))));
};
/** Two values of different shapes: an axis of length 1 is repeated. */
const join = (fn) => (node, a, b) => {
  const out = new Float32Array(size(node.shape));
  const [n, c, height, width] = [...new Array(4 - node.shape.length).fill(1), ...node.shape];
  const [p, q] = [strides4(a.shape), strides4(b.shape)];
  let at = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < c; j++) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    out[at++] = fn(a.data[i * p[0] + j * p[1] + y * p[2] + x * p[3]], b.data[i * q[0] + j * q[1] + y * q[2] + x * q[3]]);
  }
  return out;
};

/** One weight at a time: each takes a shifted copy of its picture, scales it and adds it. */
function conv({ shape, strides, pads, dilations, group }, x, w, b) {
  const [, , height, width] = x.shape;
  const [outs, ins, kh, kw] = w.shape;
  const [h2, w2] = shape.slice(2);
  const out = new Float32Array(size(shape));
  const sum = new Float64Array(h2 * w2); // sums in double precision: closer to the truth than any order of float32
  const [pixels, step] = [x.data, strides[1]];
  for (let o = 0; o < outs; o++) {
    sum.fill(b ? b.data[o] : 0);
    const first = Math.floor(o / (outs / group)) * ins;
    for (let k = 0; k < ins * kh * kw; k++) {
      const weight = w.data[o * ins * kh * kw + k];
      const plane = (first + Math.floor(k / (kh * kw))) * height * width;
      const up = (Math.floor(k / kw) % kh) * dilations[0] - pads[0];
      const left = (k % kw) * dilations[1] - pads[1];
      const from = Math.max(0, Math.ceil(-left / strides[1]));
      const to = Math.min(w2, Math.floor((width - 1 - left) / strides[1]) + 1);
      for (let i = 0; i < h2; i++) {
        const y = i * strides[0] + up;
        if (y < 0 || y >= height) continue;
        const row = plane + y * width + left;
        for (let j = from, at = i * w2; j < to; j++) sum[at + j] += weight * pixels[row + j * step];
      }
    }
    out.set(sum, o * h2 * w2);
  }
  return out;
}

/** Largest value or mean of each window; what lies outside the map is left out. */
const pool = (largest) => ({ shape, strides, pads, kernel, padding_counts: all }, x) => {
  const [, channels, height, width] = x.shape;
  // A mean over whole maps may come out as (1, C); then each map has one window.
  const [h2, w2] = shape.length === 4 ? shape.slice(2) : [1, 1];
  const out = new Float32Array(size(shape));
  for (let c = 0; c < channels; c++) for (let i = 0; i < h2; i++) for (let j = 0; j < w2; j++) {
    const [top, left] = [i * strides[0] - pads[0], j * strides[1] - pads[1]];
    const [bottom, right] = [Math.min(height, top + kernel[0]), Math.min(width, left + kernel[1])];
    let value = largest ? -Infinity : 0;
    let count = 0;
    for (let y = Math.max(0, top); y < bottom; y++) for (let z = Math.max(0, left); z < right; z++) {
      const one = x.data[(c * height + y) * width + z];
      value = largest ? Math.max(value, one) : value + one;
      count += 1;
    }
    out[(c * h2 + i) * w2 + j] = largest ? value : value / (all ? kernel[0] * kernel[1] : count);
  }
  return out;
};

function product(node, x, w) {
  const [rows, inner] = x.shape;
  const columns = w.shape[1];
  const out = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) {
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += x.data[i * inner + k] * w.data[k * columns + j];
    out[i * columns + j] = sum;
  }
  return out;
}

function softmax(logits) {
  const top = Math.max(...logits);
  const powers = Array.from(logits, (z) => Math.exp(z - top));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

const OPERATORS = {
  Conv: conv, MatMul: product, MaxPool: pool(true), AveragePool: pool(false),
  Abs: each(Math.abs), Greater: join((a, b) => +(a > b)), Reshape: (node, x) => x.data, Softmax: (node, x) => Float32Array.from(softmax(x.data)),
  Relu: each((v) => (v > 0 ? v : 0)), Sigmoid: each((v) => 1 / (1 + Math.exp(-v))), Tanh: each(Math.tanh),
  Clip: each((v, { low, high }) => Math.min(high, Math.max(low, v))),
  Add: join((a, b) => a + b), Sub: join((a, b) => a - b), Mul: join((a, b) => a * b), Div: join((a, b) => a / b),
};

/** Every value of the network for 784 pixels from 0 to 1; number 0 is the picture. */
function run(net, pixels) {
  const values = [{ shape: [1, 1, 28, 28], data: Float32Array.from(pixels) }];
  for (const node of net.nodes) {
    const inputs = node.in.map((i) => (i < 0 ? net.constants[-1 - i] : values[i]));
    values.push({ shape: node.shape, data: OPERATORS[node.op](node, ...inputs) });
  }
  return values;
}

const opened = new WeakMap(); // a model is opened once, however often it is looked at
/** The network of a compact model, or null where there is none that can be run. */
function open(model) {
  if (!model || typeof model !== "object") return null;
  if (!opened.has(model)) opened.set(model, tryToOpen(model));
  return opened.get(model);
}
function tryToOpen(model) {
  try {
    const bytes = Uint8Array.from(atob(model.data), (letter) => letter.charCodeAt(0));
    const all = new Float32Array(bytes.buffer);
    let at = 0;
    const constants = model.constants.map((shape) => ({ shape, data: all.subarray(at, (at += size(shape))) }));
    const net = { nodes: model.nodes, constants, maps: model.maps, weights: all.length, work: 0 };
    for (const { op, in: [, w], shape, kernel } of net.nodes) {
      const { shape: k } = constants[-1 - w] ?? { shape: [1] };
      net.work += size(shape) * (op === "Conv" ? size(k.slice(1)) : op === "MatMul" ? k[0] : size(kernel ?? []));
    }
    // Trying is the surest check; NaN is no sensible amount of work either.
    if (!(net.work <= MOST)) return null;
    const values = run(net, new Float32Array(784));
    const answer = values.at(-1).data;
    net.sure = net.nodes.at(-1).op === "Softmax";
    const good = answer.length === 10 && answer.every(Number.isFinite) && net.maps.every((i) => values[i].shape.length === 4);
    return good ? net : null;
  } catch {
    return null;
  }
}

// ---- from ink to the 28 x 28 pixels that MNIST would have made of it

const PAD = 280; // the pad in units of the strokes
const CELLS = 112; // and in cells, four to a pixel
const [PEN, ERASER] = [4, 8]; // radii in cells

/** Ink along a polyline, 1 near it and falling to 0 within one cell. */
function stroke(cells, [erase, ...points], radius = erase ? ERASER : PEN) {
  const at = points.map((p) => (p * CELLS) / PAD - 0.5);
  for (let k = 0; k < at.length; k += 2) {
    const [x0, y0] = [at[Math.max(0, k - 2)], at[Math.max(1, k - 1)]];
    const [dx, dy] = [at[k] - x0, at[k + 1] - y0];
    const edge = (a, b, low) => Math.max(0, Math.min(CELLS - 1, low ? Math.floor(Math.min(a, b) - radius) : Math.ceil(Math.max(a, b) + radius)));
    for (let y = edge(y0, y0 + dy, true); y <= edge(y0, y0 + dy); y++) for (let x = edge(x0, x0 + dx, true); x <= edge(x0, x0 + dx); x++) {
      const along = Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy || 1)));
      const ink = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x - x0 - along * dx, y - y0 - along * dy)));
      const i = y * CELLS + x;
      cells[i] = erase ? Math.min(cells[i], 1 - ink) : Math.max(cells[i], ink);
    }
  }
}

/** A three, slanted by the seed: what stands on the pad if no examples were given. */
function three(seed) {
  const slant = seed ? 0.7 * (hash(seed, 1) - 0.5) : 0;
  const arc = (y, r, from, to) => range(13).flatMap((i) => {
    const angle = ((from + ((to - from) * i) / 12) * Math.PI) / 180;
    const down = y + r * Math.sin(angle);
    return [Math.round(140 + r * Math.cos(angle) - slant * (down - 140)), Math.round(down)];
  });
  return [0, ...arc(98, 43, -150, 90), ...arc(187, 46, -90, 150)];
}

const bytesOf = (text) => Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Ink of the pad, 112 x 112 from 0 to 1. */
function inkOf({ examples, strokes, seed, blank }) {
  const cells = new Float64Array(CELLS * CELLS);
  if (!blank && examples.length) {
    const pixels = bytesOf(examples[seed % examples.length]);
    cells.forEach((_, i) => { cells[i] = pixels[28 * Math.floor(i / CELLS / 4) + Math.floor((i % CELLS) / 4)] / 255; });
  } else if (!blank) stroke(cells, three(seed));
  for (const one of strokes) stroke(cells, one);
  return cells;
}

/** Each cell becomes the largest (or, below 0, the smallest) within a disc. */
function thicken(cells, radius) {
  if (!radius) return cells;
  // With empty cells around, a neighbour is always the same number of places away.
  const r = Math.abs(radius);
  const row = CELLS + 2 * r;
  const wide = new Float64Array(row * row);
  for (let y = 0; y < CELLS; y++) wide.set(cells.subarray(y * CELLS, (y + 1) * CELLS), (y + r) * row + r);
  const disc = Int32Array.from(range((2 * r + 1) ** 2)
    .map((i) => [Math.floor(i / (2 * r + 1)), i % (2 * r + 1)])
    .filter(([y, x]) => (y - r) ** 2 + (x - r) ** 2 <= r * r).map(([y, x]) => y * row + x));
  const out = new Float64Array(CELLS * CELLS);
  for (let i = 0; i < out.length; i++) {
    const at = Math.floor(i / CELLS) * row + (i % CELLS);
    let best = radius > 0 ? 0 : 1;
    for (let k = 0; k < disc.length; k++) {
      const ink = wide[at + disc[k]];
      if (radius > 0 ? ink > best : ink < best) best = ink;
    }
    out[i] = best;
  }
  return out;
}

/** Means of the ink over a grid laid on a part of the pad: rows x columns numbers. */
function resample(cells, [y0, y1, x0, x1], rows, columns) {
  const shares = (n, from, to) => range(n).map((i) => {
    const [a, b] = [from + (i * (to - from)) / n, from + ((i + 1) * (to - from)) / n];
    return range(Math.ceil(b) - Math.floor(a)).map((k) => [Math.floor(a) + k, (Math.min(b, Math.floor(a) + k + 1) - Math.max(a, Math.floor(a) + k)) / (b - a)]);
  });
  const across = shares(columns, x0, x1);
  return shares(rows, y0, y1).map((down) => across.map((side) => {
    let sum = 0;
    for (const [y, p] of down) for (const [x, q] of side) if (p > 1e-9 && q > 1e-9) sum += p * q * cells[y * CELLS + x];
    return sum;
  }));
}

/**
 * 784 whole numbers from 0 to 255. As in MNIST the ink is scaled until its longer side is 20 pixels, and
 * its centre of mass is put in the middle of 28 x 28; or, without centring, the pad is only made smaller.
 */
function toInput(cells, { centre, shift_x, shift_y, invert }) {
  const box = [CELLS, 0, CELLS, 0];
  for (let y = 0; y < CELLS; y++) for (let x = 0; x < CELLS; x++) {
    if (cells[y * CELLS + x] <= 0.05) continue;
    if (y < box[0]) box[0] = y;
    if (x < box[2]) box[2] = x;
    if (x >= box[3]) box[3] = x + 1;
    box[1] = y + 1;
  }
  const paper = invert ? 255 : 0;
  const input = new Array(784).fill(paper);
  if (box[1] === 0) return input;
  const [tall, wide] = [box[1] - box[0], box[3] - box[2]];
  const side = (length) => (centre ? Math.max(1, Math.round((20 * length) / Math.max(tall, wide))) : 28);
  const small = resample(cells, centre ? box : [0, CELLS, 0, CELLS], side(tall), side(wide));
  let [mass, down, right] = [0, 0, 0];
  small.forEach((row, y) => row.forEach((ink, x) => { mass += ink; down += y * ink; right += x * ink; }));
  // Pixel 14 is where the digits of MNIST balance. Millionths decide ties the same way in every language.
  const move = (moment, by) => (centre ? Math.round(14 - moment / mass + 1e-6) : 0) + by;
  const [dy, dx] = [move(down, shift_y), move(right, shift_x)];
  small.forEach((row, y) => row.forEach((ink, x) => {
    if (y + dy >= 0 && y + dy < 28 && x + dx >= 0 && x + dx < 28) input[28 * (y + dy) + x + dx] = Math.abs(paper - Math.round(255 * ink + 1e-6));
  }));
  return input;
}
const inputOf = (state) => toInput(thicken(inkOf(state), state.thick), state);

/** What the network says to 784 numbers from 0 to 255. */
function answer(net, input) {
  const values = run(net, input.map((v) => v / 255));
  const logits = Array.from(values.at(-1).data);
  const chances = net.sure ? logits : softmax(logits);
  return { values, logits, chances, digit: chances.indexOf(Math.max(...chances)) };
}

const PATCHES = 14;
/** How much probability of a digit is lost when a 6 x 6 patch is covered; patch 0 … 195, two pixels apart. */
function covered(net, input, digit, before, patch, paper) {
  const [top, left] = [2 * Math.floor(patch / PATCHES) - 2, 2 * (patch % PATCHES) - 2];
  const rest = input.map((v, i) => {
    const [y, x] = [Math.floor(i / 28) - top, (i % 28) - left];
    return y >= 0 && y < 6 && x >= 0 && x < 6 ? paper : v;
  });
  return before - answer(net, rest).chances[digit];
}

/** All of it at once, for the tests. */
function solve(raw) {
  const state = clean(raw);
  const [net, input] = [open(state.model), inputOf(state)];
  if (!net) return { input };
  const { logits, chances, digit } = answer(net, input);
  return { input, logits, chances, digit, work: net.work };
}
const logitsOf = (model, pictures) => pictures.map((pixels) => Array.from(run(open(model), pixels).at(-1).data));
function occlusion(raw) {
  const [net, input] = [open(raw.model), inputOf(clean(raw))];
  const { chances, digit } = answer(net, input);
  return range(PATCHES ** 2).map((patch) => covered(net, input, digit, chances[digit], patch, raw.invert ? 255 : 0));
}

function clean(raw) {
  let left = 8000;
  const strokes = (Array.isArray(raw.strokes) ? raw.strokes : []).slice(0, 400).map((one) => {
    if (!Array.isArray(one)) return [];
    const points = one.slice(1, 1 + 2 * Math.floor((Math.min(one.length, left) - 1) / 2)).map((p) => whole(p, 0, PAD, 140));
    left -= points.length + 1;
    return [whole(one[0], 0, 1, 0), ...points];
  }).filter((one) => one.length > 2);
  const isPicture = (one) => typeof one === "string" && /^[\w+/]{1046}==$/.test(one) && !one.includes("_");
  return {
    model: open(raw.model) ? raw.model : null,
    examples: (Array.isArray(raw.examples) ? raw.examples : []).filter(isPicture).slice(0, 40),
    strokes,
    seed: whole(raw.seed, 0, 999, 0),
    blank: raw.blank === true,
    centre: raw.centre !== false,
    invert: raw.invert === true,
    occlude: raw.occlude === true,
    thick: whole(raw.thick, -3, 6, 0),
    shift_x: whole(raw.shift_x, -10, 10, 0),
    shift_y: whole(raw.shift_y, -10, 10, 0),
  };
}

// ---- the figure

/** Values as a picture: from black at 0 to white at the scale; orange below 0, blue where asked. */
function paint(canvas, values, width, scale, colours) {
  const height = values.length / width;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const [above, below] = colours ? [[255, 138, 61], [86, 180, 233]] : [[255, 255, 255], [255, 138, 61]];
  values.forEach((value, i) => {
    const colour = value < 0 ? below : above;
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = colour[k];
    image.data[4 * i + 3] = (255 * Math.abs(value)) / (scale || 1);
  });
  context.putImageData(image, 0, 0);
}

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "digit_pad", title: "Draw a digit", clean,
    hint: "Mouse or finger; or Tab to the pad, arrow keys move the pen, space puts it down and lifts it.",
    fields: ["model", "examples", "strokes", "seed", "blank", "centre", "invert", "occlude", "thick", "shift_x", "shift_y"],
  });
  let live = null; // the stroke being drawn: it becomes a setting when it ends
  let keyed = false; // whether the keyboard holds the pen down
  let pen = [140, 140];
  let erasing = false;
  let now = null;
  let job = null;
  ui.draw((state) => {
    const drawn = live?.length ?? 0;
    if (now?.state === state && now.drawn === drawn) return; // only the occlusion map grows
    const ink = thicken(inkOf(live ? { ...state, strokes: [...state.strokes, live] } : state), state.thick);
    const [net, input] = [open(state.model), toInput(ink, state)];
    now = { state, drawn, ink, input, net, ...(net && answer(net, input)) };
  });
  const screen = (props) => h("canvas", { "aria-hidden": "true", ...props });

  // -- the pad
  const paper = screen({ class: "lw-screen" });
  const cross = h("span", { class: "lw-pen", "aria-hidden": "true" });
  const pad = h("div", { class: "lw-pad", role: "application", tabindex: 0,
    "aria-label": "Drawing pad. Arrow keys move the pen, space puts it down or lifts it, Backspace takes the last stroke back." }, paper, cross);
  const finish = () => {
    const done = live;
    live = null;
    keyed = false;
    if (done) ui.set({ strokes: [...ui.state.strokes, done] });
  };
  const add = (x, y) => {
    const last = live.length > 2 ? live.slice(-2) : null;
    if (!last || Math.hypot(x - last[0], y - last[1]) >= 3) live.push(x, y);
    ui.redraw();
  };
  const where = (event) => {
    const { left, top, width, height } = paper.getBoundingClientRect();
    return [[event.clientX - left, width], [event.clientY - top, height]].map(([at, length]) => whole((PAD * at) / length, 0, PAD, 0));
  };
  ui.on(pad, "pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    finish();
    live = [+erasing];
    pen = where(event);
    add(...pen);
    try { pad.setPointerCapture(event.pointerId); } catch { /* a pointer that is gone already */ }
  });
  ui.on(pad, "pointermove", (event) => {
    if (!live || keyed || !event.isPrimary) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const one of moves.length ? moves : [event]) add(...(pen = where(one)));
  });
  ui.on(pad, "pointerup pointercancel", () => !keyed && finish());
  ui.on(pad, "blur", finish);
  const steps = { ArrowUp: [0, -10], ArrowDown: [0, 10], ArrowLeft: [-10, 0], ArrowRight: [10, 0] };
  ui.on(pad, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = steps[event.key];
    if (step) {
      pen = pen.map((p, i) => whole(p + step[i], 0, PAD, 0));
      if (keyed) add(...pen);
    } else if (event.key === " " || event.key === "Enter") {
      if (keyed) finish();
      else if (!live) { live = [+erasing]; keyed = true; add(...pen); }
    } else if (event.key === "Backspace") undo();
    else if (event.key === "Escape" && live) finish();
    else return;
    event.preventDefault();
    ui.redraw();
  });
  const undo = () => { live = null; keyed = false; ui.set({ strokes: ui.state.strokes.slice(0, -1) }); };
  const clear = () => { live = null; keyed = false; ui.set({ strokes: [], blank: true }); };
  const eraser = ui.button("Eraser", () => { finish(); erasing = !erasing; ui.redraw(); });

  // -- what the network makes of it
  const seen = screen({ class: "lw-screen" });
  const heat = screen({ class: "lw-screen lw-heat" });
  const pixels = h("div", { class: "lw-seen", role: "img" }, seen, heat);
  const bars = range(10).map((digit) => {
    const bar = h("span", { class: "lw-bar-full" });
    const value = h("span", { class: "lw-share" });
    return { bar, value, node: h("li", {}, h("span", { class: "lw-num" }, `${digit}`), h("span", { class: "lw-bar-track", "aria-hidden": "true" }, bar), value) };
  });
  const chances = h("ul", { class: "lw-bars", "aria-label": "Probability of each digit" }, bars.map(({ node }) => node));
  const layers = h("div", { class: "lw-layers" });
  const words = h("p", { class: "lw-note" });
  const key = h("p", { class: "lw-label" });
  const part = (label, ...nodes) => h("div", { class: "lw-part" }, h("p", { class: "lw-label" }, label), ...nodes);
  const answerPart = part("Probability of each digit", chances);
  const cover = ui.toggle("occlude", { label: "Cover each place and ask again" });
  ui.root.append(
    h("div", { class: "lw-three" },
      part("The pad", pad, h("div", { class: "lw-actions" }, eraser, ui.button("Undo", undo), ui.button("Clear", clear))),
      part("Network’s input: 28 × 28", pixels, ui.toggle("centre", { label: "Scale and centre, as MNIST" }), ui.toggle("invert", { label: "Dark ink on light paper" }), cover, key),
      answerPart),
    words,
    h("div", { class: "lw-controls" },
      ui.range("thick", { label: "Thicker", min: -3, max: 6, show: (v) => `${fmt(v / 4)} px` }),
      ui.range("shift_x", { label: "Shift to the right", min: -10, max: 10, show: (v) => `${fmt(v)} px` }),
      ui.range("shift_y", { label: "Shift down", min: -10, max: 10, show: (v) => `${fmt(v)} px` })),
    layers, ui.code(codeLines), ui.table(tables));

  const percent = (p) => `${(100 * p).toFixed(1)} %`;
  ui.draw((state) => {
    const { ink, input, net } = now;
    paint(paper, ink, CELLS, 1);
    paint(seen, input, 28, 255);
    css(cross, { left: `${(100 * pen[0]) / PAD}%`, top: `${(100 * pen[1]) / PAD}%` });
    attr(cross, { "data-down": keyed });
    attr(eraser, { "aria-pressed": String(erasing) });
    attr(pixels, { "aria-label": `The input of the network: ${input.filter((v) => v > 127).length} bright pixels of 784` });
    answerPart.hidden = layers.hidden = cover.hidden = !net;
    heat.hidden = key.hidden = !net || !state.occlude;
    const up = keyed ? "Pen down. " : "";
    if (!net) put(words, "No network is here to answer: give one with DigitPad(model=…).");
    else drawAnswer(state);
    ui.say(up + (net ? `${now.digit} with ${percent(now.chances[now.digit])}.` : ""));
    const { logits, chances: p, digit } = now;
    attr(ui.root, { "data-shown": JSON.stringify({ input, logits, chances: p, digit, drops: job?.drops }) });
  });

  function drawAnswer(state) {
    const { chances: p, digit, input, net } = now;
    bars.forEach(({ bar, value, node }, i) => {
      css(bar, { "--v": p[i].toFixed(4) });
      put(value, percent(p[i]));
      attr(node, { "data-first": i === digit });
    });
    const second = p.indexOf(Math.max(...p.filter((_, i) => i !== digit)));
    const empty = new Set(input).size < 2;
    put(words, `${empty ? "Nothing is drawn, and still the answer is" : "The answer is"} ${digit}, with ${percent(p[digit])}; next comes ${second}, with ${percent(p[second])}. The ten always add up to 100 %: there is no share for “none of these”.`);
    const shapes = net.maps.map((i) => now.values[i].shape);
    if (layers.dataset.shapes !== JSON.stringify(shapes)) {
      layers.dataset.shapes = JSON.stringify(shapes);
      layers.replaceChildren(...shapes.map(([, c, height, width], i) => h("div", { class: "lw-part" },
        h("p", { class: "lw-label" }, `After convolution ${i + 1}: ${c} feature map${c > 1 ? "s" : ""}, ${height} × ${width}`),
        h("div", { class: "lw-maps" }, range(c).map(() => screen({ class: "lw-screen" }))))));
    }
    net.maps.forEach((i, at) => {
      const { data, shape: [, , height, width] } = now.values[i];
      const most = data.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
      layers.children[at].querySelectorAll("canvas").forEach((canvas, c) =>
        paint(canvas, data.subarray(c * height * width, (c + 1) * height * width), width, most));
    });
    if (state.occlude) drawCovered();
    else job = null;
  }

  /** The occlusion map grows by what fits into 8 ms; the rest waits for the next frame. */
  function drawCovered() {
    const { input, digit, chances: p, net } = now;
    const paper = ui.state.invert ? 255 : 0;
    const wanted = JSON.stringify(input);
    if (job?.wanted !== wanted || job.net !== net) job = { wanted, net, drops: [] };
    const until = performance.now() + 8;
    while (job.drops.length < PATCHES ** 2 && performance.now() < until) job.drops.push(covered(net, input, digit, p[digit], job.drops.length, paper));
    const top = Math.max(0.001, ...job.drops.map(Math.abs));
    paint(heat, range(PATCHES ** 2).map((i) => job.drops[i] ?? 0), PATCHES, top, true);
    const done = job.drops.length === PATCHES ** 2;
    put(key, done
      ? `Orange: covering 6 × 6 pixels here costs up to ${percent(Math.max(0, ...job.drops))} of the ${digit}. Blue: it helps.`
      : `${job.drops.length} of ${PATCHES ** 2} places covered …`);
    if (!done) ui.redraw();
  }

  function codeLines(state) {
    const text = btoa(String.fromCharCode(...now.input));
    const ask = (lib) => (open(state.model)?.sure ? "model(inputs)" : `${lib}.nn.functional.softmax(model(inputs), ${lib === "torch" ? "dim" : "axis"}=1)`);
    const body = (lib, make) => `import base64\nimport numpy as np\nimport ${lib}\n# model: the network of this figure, after model.eval()\ntext = "${text}"\npixels = np.frombuffer(base64.b64decode(text), np.uint8).reshape(1, 1, 28, 28)\ninputs = ${make}(pixels.astype("float32") / 255)\nprobabilities = ${ask(lib)}`;
    return { PyTorch: body("torch", "torch.from_numpy"), Paddle: body("paddle", "paddle.to_tensor") };
  }
  function tables() {
    const rows = range(28).map((y) => [`${y}`, ...now.input.slice(28 * y, 28 * y + 28)]);
    const picture = { caption: "The input, 0 to 255", head: ["row", ...range(28)], rows };
    if (!now.logits) return [picture];
    const column = open(ui.state.model).sure ? "output" : "logit";
    return [{ caption: "The answer", head: ["digit", column, "probability"], rows: range(10).map((i) => [`${i}`, now.logits[i], now.chances[i]]) }, picture];
  }

  ui.onReset = () => { live = null; keyed = erasing = false; pen = [140, 140]; };
  ui.standard(() => ({ strokes: [], blank: false }));
  // The shared helper calls its button "New numbers"; here the seed picks the next example.
  put(ui.root.querySelector(".lw-actions button"), "Another digit");
  return ui.show();
}

export default { render };
