// ---- the mathematics: plain functions, compared with Python in the tests

const SEVEN = ["0000000", "0999990", "0000890", "0003900", "0008600", "0019200", "0000000"];
const LIMITS = { size: [3, 9, 7], kernel_size: [1, 5, 3], stride: [1, 4, 1], padding: [0, 2, 0], dilation: [1, 3, 1],
  in_channels: [1, 4, 1], out_channels: [1, 4, 1], groups: [1, 4, 1], seed: [0, 999, 0] };

/** Valid settings from anything: limits, groups that divide both channel counts. */
function clean(raw) {
  const state = {};
  for (const [field, [low, high, fallback]] of Object.entries(LIMITS)) {
    state[field] = whole(raw[field], low, high, fallback);
  }
  while (!divides(state.groups, state)) state.groups -= 1;
  state.image = Array.isArray(raw.image) ? raw.image : null;
  state.kernel = Array.isArray(raw.kernel) ? raw.kernel : null;
  return state;
}
const divides = (groups, { in_channels, out_channels }) => !(in_channels % groups) && !(out_channels % groups);

/** How many windows fit along one side; 0 when not even one does. */
function outputSize(size, kernel, stride, padding, dilation) {
  return Math.max(0, Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1);
}
const sideOf = (a) => outputSize(a.size, a.kernel_size, a.stride, a.padding, a.dilation);

function counts(a) {
  const weights = a.out_channels * (a.in_channels / a.groups) * a.kernel_size ** 2;
  return { weights, macs: weights * sideOf(a) ** 2 };
}

/** Which rows of the padded input any window reads, and how many at the end the floor leaves over. */
function reading(a) {
  const padded = a.size + 2 * a.padding;
  const side = sideOf(a);
  const read = range(padded).map(() => false);
  for (let i = 0; i < side; i++) for (let u = 0; u < a.kernel_size; u++) read[i * a.stride + u * a.dilation] = true;
  const end = side ? (side - 1) * a.stride + (a.kernel_size - 1) * a.dilation + 1 : 0;
  return { read, over: side ? padded - end : padded };
}

/** The pixels: those given or edited, and for the rest a seven (seed 0) or random digits. */
function pixels({ size, in_channels, seed, image }) {
  const drawn = (c, y, x) => {
    if (seed) return Math.floor(hash(seed, c, y, x) * 10);
    const [v, w] = [[y, x], [x, y], [6 - y, 6 - x], [y, 6 - x]][c];
    return +(SEVEN[v]?.[w] ?? 0);
  };
  return range(in_channels).map((c) => range(size).map((y) => range(size).map((x) =>
    real(image?.[c]?.[y]?.[x], -99, 99, drawn(c, y, x)))));
}

/** The weights [output][input of its group][row][column]: edges first (seed 0) or random. */
function weights({ kernel_size: k, in_channels, out_channels, groups, seed, kernel }) {
  const drawn = (o, c, y, x) => {
    if (seed) return Math.floor(hash(seed, 7, o, c, y, x) * 5) - 2;
    const pattern = (o + c) % 4;
    if (k === 1) return [1, -1, 2, -2][pattern];
    const [left, up] = [Math.sign(k - 1 - 2 * x), Math.sign(k - 1 - 2 * y)];
    return [left, up, left + up, +(2 * x === k - 1 || 2 * y === k - 1)][pattern];
  };
  return range(out_channels).map((o) => range(in_channels / groups).map((c) => range(k).map((y) => range(k).map((x) =>
    real(kernel?.[o]?.[c]?.[y]?.[x], -99, 99, drawn(o, c, y, x))))));
}

/** The products behind one output number, channel by channel: [{channel, products, sum, flipped}]. */
function terms(a, image, kernel, o, y, x) {
  const perGroup = a.in_channels / a.groups;
  const from = Math.floor(o / (a.out_channels / a.groups)) * perGroup;
  const k = a.kernel_size;
  const at = (plane, u, v) => plane[y * a.stride + u * a.dilation - a.padding]?.[x * a.stride + v * a.dilation - a.padding] ?? 0;
  return range(perGroup).map((c) => {
    let [sum, flipped] = [0, 0];
    const products = range(k).map((u) => range(k).map((v) => {
      const pixel = at(image[from + c], u, v);
      flipped += pixel * kernel[o][c][k - 1 - u][k - 1 - v];
      sum += pixel * kernel[o][c][u][v];
      return pixel * kernel[o][c][u][v];
    }));
    return { channel: from + c, products, sum, flipped };
  });
}

function convolve(a, image, kernel) {
  const side = range(sideOf(a));
  return range(a.out_channels).map((o) => side.map((y) => side.map((x) =>
    terms(a, image, kernel, o, y, x).reduce((total, term) => total + term.sum, 0))));
}

function codeLines(a, image, kernel) {
  const list = (value) => JSON.stringify(value).replace(/,/g, ", ");
  const rest = `stride=${a.stride}, padding=${a.padding}, dilation=${a.dilation}, groups=${a.groups}`;
  const make = (name, modules, call) =>
    `${modules}\nx = ${name}([${list(image)}], dtype="float32")  # (N, C, H, W)\nw = ${name}(${list(kernel)}, dtype="float32")\n${call}(x, w, ${rest})`;
  return {
    PyTorch: make("torch.tensor", "import torch\nfrom torch.nn import functional as F", "F.conv2d").replace(/"float32"/g, "torch.float32"),
    Paddle: make("paddle.to_tensor", "import paddle\nfrom paddle.nn import functional as F", "F.conv2d"),
  };
}

// ---- the figure

/** How strongly a cell is tinted, and which way. */
function tone(value, top) {
  return { level: top ? Math.min(1, Math.abs(value) / top) : 0, sign: value < 0 ? "lw-neg" : "" };
}
const largest = (value) => (Array.isArray(value) ? Math.max(0, ...value.map(largest)) : Math.abs(value));
const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "convolution", title: "Convolution, cell by cell", clean,
    hint: "Move over the output to see where a number comes from; click to hold it. Click a pixel or a weight to change it.",
    fields: [...Object.keys(LIMITS), "image", "kernel"],
  });
  const slider = (field, label, symbol, [min, max] = LIMITS[field]) => ui.range(field, { label, symbol, min, max });
  ui.root.append(h("div", { class: "lw-controls" },
    slider("size", "Input size", "n"), slider("kernel_size", "Kernel size", "k"), slider("stride", "Stride", "s"),
    slider("padding", "Padding", "p"), slider("dilation", "Dilation", "d"),
    slider("in_channels", "Channels in", "C"), slider("out_channels", "Channels out", "O"),
    ui.choice("groups", { label: "Groups", options: [1, 2, 3, 4].map((g) => [g, g]), allow: divides })));

  // What is looked at: an output cell, a tap of its window, and the number being edited.
  const start = { o: 0, y: 1, x: 4, held: false };
  let look = start;
  let tap = null;
  let chosen = null;
  let now = null;
  // Runs first in every frame: whatever is shown afterwards reads from here.
  ui.draw((a) => {
    const [image, kernel, side] = [pixels(a), weights(a), sideOf(a)];
    const last = Math.max(0, side - 1);
    look = { ...look, o: Math.min(look.o, a.out_channels - 1), y: Math.min(look.y, last), x: Math.min(look.x, last) };
    const { read, over } = reading(a);
    const skipped = side ? read.slice(0, read.length - over).filter((yes) => !yes).length : 0;
    const parts = side ? terms(a, image, kernel, look.o, look.y, look.x) : [];
    const first = Math.floor(look.o / (a.out_channels / a.groups)) * (a.in_channels / a.groups);
    now = { a, image, kernel, side, read, over, skipped, parts, first, out: convolve(a, image, kernel) };
  });

  const lines = range(4).map((c) => makeLine(c));
  const outputs = range(4).map((o) => makeOutput(o));
  const total = h("p", { class: "lw-total" });
  const flip = h("p", { class: "lw-aside" });
  const empty = h("p", { class: "lw-note lw-error", hidden: true });
  const stage = h("div", { class: "lw-stage" },
    h("div", { class: "lw-lines" }, lines.map((line) => line.node)),
    h("div", { class: "lw-outs" }, outputs.map((out) => out.node), empty));
  const editor = makeEditor();
  const size = makeSize();
  ui.root.append(stage, h("div", { class: "lw-sum" }, total, flip), editor.node, size.node,
    ui.code(() => codeLines(now.a, now.image, now.kernel)), ui.table(tables));

  function makeLine(c) {
    const input = cellGrid(ui, { label: `Input channel ${c}`, move: (y, x) => point(c, y, x),
      pick: (y, x) => choose("image", c, y - now.a.padding, x - now.a.padding),
      key: (y, x, key) => type("image", c, y - now.a.padding, x - now.a.padding, key) });
    const kernel = cellGrid(ui, { label: `Kernel for input channel ${c}`, move: (u, v) => touch([u, v]),
      pick: (u, v) => choose("kernel", c, u, v), key: (u, v, key) => type("kernel", c, u, v, key) });
    const product = cellGrid(ui, { label: `Products of channel ${c}`, move: (u, v) => touch([u, v]) });
    const caption = range(4).map(() => h("p", { class: "lw-cap" }));
    const sum = h("output", { class: "lw-part" });
    const sign = (mark) => h("span", { class: "lw-op", "aria-hidden": "true" }, mark);
    const box = (text, inside) => h("div", { class: "lw-box" }, text, inside);
    const rest = h("div", { class: "lw-rest" }, sign("×"), box(caption[1], kernel.node), sign("="),
      box(caption[2], product.node), h("div", { class: "lw-to" }, sign("→"), box(caption[3], sum)));
    const node = h("div", { class: "lw-line" }, box(caption[0], input.node), rest);
    for (const grid of [kernel, product]) ui.on(grid.node, "pointerleave", () => touch(null));
    return { node, input, kernel, product, caption, sum, rest };
  }

  function makeOutput(o) {
    const seek = (y, x) => { if (!look.held) aim({ o, y, x }); };
    const grid = cellGrid(ui, { label: `Output channel ${o}`,
      move: (y, x, why) => (why === "focusin" && look.held && look.o === o ? null : seek(y, x)),
      pick: (y, x) => aim({ o, y, x, held: !(look.held && look.o === o && look.y === y && look.x === x) }),
      key: (y, x, key) => key === "Escape" && (aim({ held: false }), true) });
    const caption = h("p", { class: "lw-cap" });
    return { node: h("div", { class: "lw-box" }, caption, grid.node), grid, caption };
  }

  function aim(next) { look = { ...look, ...next }; ui.redraw(); }
  function touch(next) { tap = next; ui.redraw(); }
  /** The pointer over the input shows which weight of the window meets this pixel. */
  function point(c, y, x) {
    const { a } = now;
    const [u, v] = [(y - look.y * a.stride) / a.dilation, (x - look.x * a.stride) / a.dilation];
    const inside = [u, v].every((i) => Number.isInteger(i) && i >= 0 && i < a.kernel_size);
    touch(inside ? [u, v] : null);
  }

  function value(spot) {
    const { what, c, y, x } = spot;
    // From the settings, not from what is drawn: keys can come faster than frames.
    return what === "image" ? pixels(ui.state)[c]?.[y]?.[x] : weights(ui.state)[look.o]?.[c - now.first]?.[y]?.[x];
  }
  function choose(what, c, y, x) {
    const spot = { what, c, y, x };
    chosen = value(spot) === undefined ? null : spot;
    ui.redraw();
  }
  function write(spot, number) {
    if (value(spot) === undefined) return;
    const { what, c, y, x } = spot;
    const copy = (what === "image" ? pixels : weights)(ui.state);
    (what === "image" ? copy[c][y] : copy[look.o][c - now.first][y])[x] = real(number, -99, 99, 0);
    ui.set({ [what]: copy });
  }
  function type(what, c, y, x, key) {
    const spot = { what, c, y, x };
    const before = value(spot);
    if (before === undefined || !/^[0-9+=_-]$/.test(key)) return false;
    choose(what, c, y, x);
    write(spot, /\d/.test(key) ? +key : before + (key === "+" || key === "=" ? 1 : -1));
    return true;
  }

  function makeEditor() {
    const name = h("span", { class: "lw-label" });
    const shown = h("output", { class: "lw-value" });
    const input = h("input", { type: "range", step: 1, "data-field": "cell" });
    const label = h("label", { class: "lw-range" }, h("span", { class: "lw-top" }, name, shown), input);
    const hintText = h("p", { class: "lw-label" }, "Click a pixel or a weight above and set its value here. On the keyboard: arrow keys, then + and − or a digit.");
    ui.on(input, "input", () => chosen && write(chosen, +input.value));
    const draw = () => {
      const number = chosen ? value(chosen) : undefined;
      if (number === undefined) chosen = null;
      label.hidden = !chosen;
      hintText.hidden = !!chosen;
      if (!chosen) return;
      const { what, c, y, x } = chosen;
      const [low, high] = what === "image" ? [0, 9] : [-4, 4];
      attr(input, { min: Math.min(low, Math.floor(number)), max: Math.max(high, Math.ceil(number)),
        step: Number.isInteger(number) ? 1 : 0.01, "aria-valuetext": fmt(number) });
      input.value = number;
      put(shown, fmt(number));
      put(name, `${what === "image" ? "Pixel" : `Weight of output ${look.o},`} channel ${c}, row ${y}, column ${x}`);
    };
    return { node: h("div", { class: "lw-editor" }, label, hintText), draw };
  }

  function makeSize() {
    const line = () => h("span", { class: "lw-formula" });
    const [symbols, numbers] = [line(), line()];
    const verdict = h("p", { class: "lw-verdict" });
    const [cells, params, macs] = ["Output shape", "Weights", "Multiply-adds"].map(ui.stat);
    // The floor brackets are drawn; readers of the text get the words of the verdict below.
    const half = (top, bottom) => [h("span", { class: "lw-floor" },
      h("span", { class: "lw-frac" }, h("span", {}, top), h("span", {}, bottom))), " + 1"];
    symbols.append("output = ", ...half("n + 2p − d(k − 1) − 1", "s"));
    const node = h("div", { class: "lw-size" },
      h("div", {}, h("p", { class: "lw-label" }, "Output size"), h("p", { class: "lw-eq lw-soft" }, symbols),
        h("p", { class: "lw-eq" }, numbers), verdict),
      h("dl", { class: "lw-stats" }, cells.node, params.node, macs.node));
    const draw = () => {
      const { a, side, out } = now;
      const top = a.size + 2 * a.padding - a.dilation * (a.kernel_size - 1) - 1;
      const ratio = top / a.stride;
      const whole = side ? side : Math.floor(ratio) + 1;
      const between = Number.isInteger(ratio) ? "" : ` = ⌊${fmt(ratio)}⌋ + 1`;
      const text = `${a.size} + 2·${a.padding} − ${a.dilation}(${a.kernel_size} − 1) − 1`;
      if (numbers.dataset.text !== text + a.stride) {
        numbers.dataset.text = text + a.stride;
        numbers.replaceChildren("= ", ...half(text, String(a.stride)), between, " = ", h("strong", {}, fmt(whole)));
      }
      cells.set(`${a.out_channels} × ${side} × ${side}`);
      const { weights: w, macs: m } = counts(a);
      params.set(`${a.out_channels}·${a.in_channels / a.groups}·${a.kernel_size}·${a.kernel_size} = ${w}`);
      macs.set(`${w}·${side}·${side} = ${grouped(m)}`);
      put(verdict, verdictText(a, side, now.over, now.skipped));
      attr(ui.root, { "data-side": side, "data-weights": w, "data-macs": m, "data-output": JSON.stringify(out) });
    };
    return { node, draw };
  }

  function verdictText(a, side, over, skipped) {
    if (!side) return "";
    const gaps = skipped ? ` ${plural(skipped, "row")} and ${plural(skipped, "column")} between the windows are never read.` : "";
    if (!over) return `The windows reach the last row and column exactly.${gaps}`;
    const padding = Math.min(over, a.padding);
    const lost = padding < over ? "dropped" : "dropped (all of it padding)";
    return `${plural(over, "row")} and ${plural(over, "column")} left over at the end: ${lost}, hatched above. Rounded down, not an error.${gaps}`;
  }

  ui.draw(({ size: n, padding, kernel_size }) => {
    css(stage, { "--in": n + 2 * padding, "--k": kernel_size, "--out": Math.max(now.side, 1) });
    drawLines();
    drawOutputs();
    drawSum();
    editor.draw();
    size.draw();
  });

  function drawLines() {
    const { a, image, kernel, read, parts, first, side } = now;
    const [topPixel, topWeight] = [largest(image), largest(kernel)];
    const topProduct = Math.max(...parts.map((part) => largest(part.products)), 0);
    const padded = a.size + 2 * a.padding;
    lines.forEach((line, c) => {
      line.node.hidden = c >= a.in_channels;
      if (line.node.hidden) return;
      const part = parts.find((each) => each.channel === c);
      line.node.classList.toggle("lw-unused", side > 0 && !part);
      line.input.resize(padded, padded);
      line.input.paint((y, x) => pixelLook(c, y, x, image[c], topPixel, part));
      line.rest.hidden = !part;
      put(line.caption[0], `Input, channel ${c}${side && !part ? ": another group's" : ""}`);
      if (!part) return;
      put(line.caption[1], a.in_channels + a.out_channels > 2 ? `Kernel ${c}→${look.o}` : "Kernel");
      put(line.caption[2], "Products");
      put(line.caption[3], parts.length > 1 ? `Sum ${c}` : "Sum");
      put(line.sum, fmt(part.sum));
      for (const grid of [line.kernel, line.product]) grid.resize(a.kernel_size, a.kernel_size);
      const lit = (u, v) => (tap && tap[0] === u && tap[1] === v ? " lw-tap" : "");
      line.kernel.paint((u, v) => {
        const number = kernel[look.o][c - first][u][v];
        const { level, sign } = tone(number, topWeight);
        const picked = chosen?.what === "kernel" && chosen.c === c && chosen.y === u && chosen.x === v;
        return { text: brief(number), level, look: `${sign}${number ? "" : " lw-zero"}${lit(u, v)}${picked ? " lw-chosen" : ""}`, picked };
      });
      line.product.paint((u, v) => {
        const number = part.products[u][v];
        const { level, sign } = tone(number, topProduct);
        return { text: brief(number), level, look: `lw-still ${sign}${number ? "" : " lw-zero"}${lit(u, v)}` };
      });
    });

    function pixelLook(c, y, x, plane, top, part) {
      const [row, column] = [y - a.padding, x - a.padding];
      const number = plane[row]?.[column];
      const names = [];
      if (number === undefined) names.push("lw-pad");
      if (side && (!read[y] || !read[x])) names.push("lw-skip");
      const [u, v] = [(y - look.y * a.stride) / a.dilation, (x - look.x * a.stride) / a.dilation];
      const hit = part && [u, v].every((i) => Number.isInteger(i) && i >= 0 && i < a.kernel_size);
      if (hit) names.push("lw-hit");
      if (hit && tap && tap[0] === u && tap[1] === v) names.push("lw-tap");
      const picked = chosen?.what === "image" && chosen.c === c && chosen.y === row && chosen.x === column;
      if (picked) names.push("lw-chosen");
      const { level, sign } = tone(number ?? 0, top);
      names.push(sign, number ? "" : "lw-zero");
      return { text: brief(number ?? 0), level, look: names.join(" "), picked,
        label: number === undefined ? "0, padding" : null };
    }
  }

  function drawOutputs() {
    const { a, out, side } = now;
    const top = largest(out);
    empty.hidden = side > 0;
    const reach = a.dilation * (a.kernel_size - 1) + 1;
    put(empty, `No output: the kernel spans ${reach} cells and the input only ${a.size + 2 * a.padding}. This one is an error in both frameworks.`);
    outputs.forEach((output, o) => {
      output.node.hidden = o >= a.out_channels || !side;
      if (output.node.hidden) return;
      put(output.caption, a.out_channels > 1 ? `Output, channel ${o}` : "Output");
      output.grid.resize(side, side);
      output.grid.paint((y, x) => {
        const { level, sign } = tone(out[o][y][x], top);
        const here = look.o === o && look.y === y && look.x === x;
        const words = `${sign}${here ? " lw-here" : ""}${here && look.held ? " lw-held" : ""}`;
        return { text: brief(out[o][y][x]), level, look: words, picked: here && look.held };
      });
    });
  }

  function drawSum() {
    const { a, parts, out, side } = now;
    total.hidden = flip.hidden = !side;
    if (!side) return ui.say(empty.textContent);
    const result = out[look.o][look.y][look.x];
    const name = a.out_channels > 1 ? `output[${look.o}, ${look.y}, ${look.x}]` : `output[${look.y}, ${look.x}]`;
    const each = parts.length > 1 ? parts : parts[0].products.flat().map((sum) => ({ sum }));
    const shown = each.filter((part) => parts.length > 1 || part.sum).map(({ sum }) => (sum < 0 ? `(${fmt(sum)})` : fmt(sum)));
    const sum = shown.length > 1 ? `${shown.join(" + ")} = ` : "";
    put(total, `${name} = ${sum}${fmt(result)}`);
    const flipped = parts.reduce((all, part) => all + part.flipped, 0);
    const own = parts.length > 1 ? "Each input channel has its own kernel, and their sums are added. " : "";
    const unlike = flipped === result ? "" : ` With a flipped kernel it would be ${fmt(flipped)}.`;
    put(flip, tapText() ?? `${own}The top left weight meets the top left pixel: nothing is flipped.${unlike}`);
    ui.say(`${a.size} by ${a.size} in, ${side} by ${side} out. ${name.replace(/[[\],]/g, " ")} is ${fmt(result)}${look.held ? ", held" : ""}.`);
  }

  function tapText() {
    if (!tap) return null;
    const [u, v] = tap;
    const { parts, kernel, first, a, image } = now;
    const pairs = parts.map(({ channel, products }) => {
      const pixel = image[channel][look.y * a.stride + u * a.dilation - a.padding]?.[look.x * a.stride + v * a.dilation - a.padding] ?? 0;
      return `${fmt(pixel)} × ${fmt(kernel[look.o][channel - first][u]?.[v] ?? 0)} = ${fmt(products[u]?.[v] ?? 0)}`;
    });
    return `Row ${u}, column ${v} of the window: pixel × weight, ${pairs.join("; ")}.`;
  }

  function tables() {
    const { out, side, parts } = now;
    const matrices = out.map((plane, o) => ({ caption: `Output, channel ${o}`, head: ["row", ...range(side)],
      rows: plane.map((row, y) => [`${y}`, ...row]) }));
    return [...matrices, { caption: `Sums behind channel ${look.o}, row ${look.y}, column ${look.x}`,
      head: ["input channel", "sum"], rows: parts.map((part) => [`${part.channel}`, part.sum]) }];
  }

  ui.onReset = () => { look = start; chosen = tap = null; };
  ui.standard(() => ({ image: null, kernel: null }));
  return ui.show();
}

export default { render };
