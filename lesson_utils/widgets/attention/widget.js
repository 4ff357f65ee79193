// ---- the mathematics

const TOKENS = ["the", "cat", "sat", "down", "[pad]"];
const MASKS = ["none", "causal", "padding", "both"];
const START = {
  query: [[[1, 0, 0], [0, 2, 0], [0, 1, 2], [1, 0, 2], [0, 0, 0]], [[2, 0, 0], [2, 0, 0], [0, 2, 0], [0, 0, 2], [1, 0, 0]]],
  key: [[[1, 0, 0], [0, 2, 1], [1, 1, 2], [0, 0, 1], [2, 2, 2]], [[2, 0, 0], [0, 2, 0], [0, 0, 2], [1, 1, 0], [2, 2, 2]]],
  value: [[[1, 0, 0], [0, 3, 0], [0, 0, 3], [1, 0, 2], [9, 9, 9]], [[3, 0, 1], [0, 3, 1], [1, 1, 3], [2, 0, 2], [9, 9, 9]]],
};
const PARTS = Object.keys(START);

function clean(raw) {
  const tokens = (Array.isArray(raw.tokens) && raw.tokens.length > 1 ? raw.tokens.slice(0, 6) : TOKENS).map((word) => String(word));
  const size = (value, low, high, fallback) => (Array.isArray(value) && value.length ? Math.max(low, Math.min(high, value.length)) : fallback);
  const heads = size(raw.query, 1, 2, 2);
  const width = size(raw.query?.[0]?.[0], 1, 4, 3);
  const state = { tokens };
  for (const part of PARTS) {
    state[part] = range(heads).map((head) => tokens.map((_, i) => range(width).map((j) =>
      real(raw[part]?.[head]?.[i]?.[j], -9, 9, START[part][head][i]?.[j] ?? 0))));
  }
  return { ...state, head: whole(raw.head, 0, heads - 1, 0), scaled: raw.scaled !== false,
    mask: oneOf(raw.mask, MASKS, "none"), padding: whole(raw.padding, 0, 5, 1), seed: whole(raw.seed, 0, 999, 0) };
}

/** Which key (column) each query (row) may see. */
function allowed(n, mask, padding) {
  const real1 = Math.max(1, n - padding);
  return range(n).map((i) => range(n).map((j) =>
    !((mask === "causal" || mask === "both") && j > i) && !((mask === "padding" || mask === "both") && j >= real1)));
}
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** Everything shown of one head. */
function attend({ tokens, query, key, value: allValues, head, scaled, mask, padding }) {
  const [q, k, v] = [query[head], key[head], allValues[head]];
  const seen = allowed(tokens.length, mask, padding);
  const scores = q.map((row) => k.map((other) => dot(row, other)));
  const divisor = scaled ? Math.sqrt(q[0].length) : 1;
  const shrunk = scores.map((row) => row.map((value) => value / divisor));
  const weights = shrunk.map((row, i) => {
    const top = Math.max(...row.filter((_, j) => seen[i][j]));
    const exps = row.map((value, j) => (seen[i][j] ? Math.exp(value - top) : 0));
    const total = exps.reduce((a, b) => a + b);
    return exps.map((value) => value / total);
  });
  return { seen, scores, scaled: shrunk, weights, divisor,
    output: weights.map((row) => v[0].map((_, c) => dot(row, v.map((value) => value[c])))),
    entropy: weights.map((row) => -row.reduce((sum, w) => sum + (w ? w * Math.log(w) : 0), 0)) };
}

/** The mistake: softmax first, then the mask. The rows no longer sum to 1. */
function maskedTooLate(state) {
  const { weights } = attend({ ...state, mask: "none" });
  const seen = allowed(state.tokens.length, state.mask, state.padding);
  return weights.map((row, i) => row.reduce((sum, w, j) => sum + (seen[i][j] ? w : 0), 0));
}

function codeLines(state) {
  const list = (value) => JSON.stringify(value).replace(/,/g, ", ");
  const seen = allowed(state.tokens.length, state.mask, state.padding).map((row) => row.map(Number));
  const scale = state.scaled ? " / q.shape[-1] ** 0.5" : "";
  const names = { query: "q", key: "k", value: "v" };
  const tensors = (make, type) => PARTS.map((part) => `${names[part]} = ${make}(${list(state[part])}, dtype=${type})`).join("\n");
  return {
    PyTorch: `import torch\nfrom torch.nn import functional as F\n${tensors("torch.tensor", "torch.float32")}  # (heads, T, d)\nseen = torch.tensor(${list(seen)}, dtype=torch.bool)\nweights = (q @ k.mT${scale}).masked_fill(~seen, -torch.inf).softmax(-1)\noutput = F.scaled_dot_product_attention(q[None], k[None], v[None], seen${state.scaled ? "" : ", scale=1.0"})[0]`,
    Paddle: `import paddle\nfrom paddle.nn import functional as F\n${tensors("paddle.to_tensor", '"float32"')}  # (heads, T, d)\nseen = paddle.to_tensor(${list(seen)}, dtype="bool")\nscores = (q @ k.transpose([0, 2, 1])${scale}).masked_fill(~seen, -float("inf"))\nweights = F.softmax(scores)\noutput = weights @ v`,
  };
}

// ---- the figure

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "attention", title: "Attention, step by step", clean,
    hint: "Move over a row to follow one query. Click a number of Q, K or V, then set it below or type it.",
    fields: ["tokens", ...PARTS, "head", "scaled", "mask", "padding", "seed"],
  });
  let row = 2;
  let chosen = { part: "query", i: 2, j: 1 };
  let now = null;
  ui.draw((state) => {
    row = Math.min(row, state.tokens.length - 1);
    now = { ...attend(state), late: maskedTooLate(state) };
  });

  ui.root.append(h("div", { class: "lw-controls" },
    ui.choice("head", { label: "Head", options: [[0, "0"], [1, "1"]], allow: (head, state) => head < state.key.length }),
    ui.choice("mask", { label: "Mask", options: MASKS.map((one) => [one, one]) }),
    ui.toggle("scaled", { label: "Divide by √d" }),
    ui.range("padding", { label: "Padding at the end", min: 0, max: 5 })));

  const point = (i) => { row = i; ui.redraw(); };
  const edit = (part, i, j, number) => {
    const copy = structuredClone(ui.state[part]);
    copy[ui.state.head][i][j] = real(number, -9, 9, 0);
    ui.set({ [part]: copy });
  };
  const panel = (name, label, editable) => {
    const grid = cellGrid(ui, { label,
      move: (i) => point(i),
      pick: (i, j) => { if (editable) { chosen = { part: name, i, j }; ui.redraw(); } },
      key: (i, j, key) => {
        if (!editable || !/^[0-9+=_-]$/.test(key)) return false;
        chosen = { part: name, i, j };
        const before = ui.state[name][ui.state.head][i][j];
        edit(name, i, j, /\d/.test(key) ? +key : before + (key === "+" || key === "=" ? 1 : -1));
        return true;
      } });
    const caption = h("p", { class: "lw-cap" }, label);
    const words = h("div", { class: "lw-words", "aria-hidden": "true" });
    const heads = h("div", { class: "lw-heads", "aria-hidden": "true" });
    return { name, grid, caption, words, heads, node: h("div", { class: "lw-panel" }, caption, heads, h("div", { class: "lw-side" }, words, grid.node)) };
  };
  const inputs = [panel("query", "Queries Q", true), panel("key", "Keys K", true), panel("value", "Values V", true)];
  const stages = [panel("scores", "1  Scores Q Kᵀ"), panel("scaled", "2  Divided by √d"), panel("masked", "3  Masked"), panel("weights", "4  Softmax: weights"), panel("output", "5  Output: weights · V")];
  const caption = h("span", { class: "lw-label" });
  const shown = h("output", { class: "lw-value" });
  const editor = h("input", { type: "range", min: -9, max: 9, step: 1, "data-field": "cell" });
  ui.on(editor, "input", () => edit(chosen.part, chosen.i, chosen.j, +editor.value));
  const sentence = h("p", { class: "lw-total" });
  const words = h("p", { class: "lw-note" });
  const [entropy, sums, late] = ["Entropy of this row", "The weights add up to", "Masked after softmax, they would add up to"].map(ui.stat);
  ui.root.append(h("div", { class: "lw-panels" }, inputs.map((one) => one.node)),
    h("label", { class: "lw-range lw-edit" }, h("span", { class: "lw-top" }, caption, shown), editor),
    h("div", { class: "lw-panels" }, stages.map((one) => one.node)),
    sentence, h("dl", { class: "lw-stats" }, [entropy, sums, late].map((one) => one.node)), words,
    ui.code(codeLines), ui.table((state) => [
      { caption: `Weights of head ${state.head}`, head: ["query", ...state.tokens], rows: state.tokens.map((token, i) => [token, ...now.weights[i]]) },
      { caption: "Output and entropy", head: ["token", ...now.output[0].map((_, c) => `column ${c}`), "entropy"],
        rows: state.tokens.map((token, i) => [token, ...now.output[i], now.entropy[i]]) },
    ]));

  const top = (matrix) => Math.max(...matrix.flat().filter(Number.isFinite).map(Math.abs), 1e-9);
  ui.draw((state) => {
    const { tokens, head } = state;
    const n = tokens.length;
    const fill = (one, matrix, options = {}) => {
      one.grid.resize(n, matrix[0].length);
      const high = options.top ?? top(matrix);
      const labels = tokens.join("\n");
      if (one.words.dataset.text !== labels) {
        one.words.dataset.text = labels;
        const spans = () => tokens.map((word) => h("span", {}, word));
        one.words.replaceChildren(...spans());
        if (options.heads) one.heads.replaceChildren(...spans());
      }
      [...one.words.children].forEach((node, i) => node.classList.toggle("lw-here", i === row));
      one.grid.paint((i, j) => {
        const value = matrix[i][j];
        const hidden = options.hide && !now.seen[i][j];
        const picked = one.name === chosen.part && chosen.i === i && chosen.j === j;
        return { text: hidden && options.hide === "−∞" ? "−∞" : brief(value, options.decimals), level: hidden ? 0 : Math.min(1, Math.abs(value) / high),
          look: `${value < 0 ? "lw-neg " : ""}${i === row ? "lw-row1 " : ""}${hidden ? "lw-shut " : ""}${picked ? "lw-chosen" : ""}`,
          picked: PARTS.includes(one.name) ? picked : null };
      });
    };
    inputs.forEach((one) => fill(one, state[one.name][head], { top: 4 }));
    fill(stages[0], now.scores, { heads: true });
    fill(stages[1], now.scaled, { heads: true, top: top(now.scores) });
    put(stages[1].caption, state.scaled ? `2  Divided by √${state.key[0][0].length} = ${fmt(now.divisor)}` : "2  Not divided");
    fill(stages[2], now.scaled, { heads: true, hide: "−∞", top: top(now.scores) });
    fill(stages[3], now.weights, { heads: true, hide: "0", top: 1, decimals: 2 });
    fill(stages[4], now.output, { top: top(state.value[head]), decimals: 2 });
    const number = state[chosen.part][head][chosen.i]?.[chosen.j];
    if (number === undefined) chosen = { part: "query", i: 0, j: 0 };
    const safe = state[chosen.part][head][chosen.i][chosen.j];
    put(caption, `${chosen.part[0].toUpperCase()} of “${tokens[chosen.i]}”, head ${head}, column ${chosen.j}`);
    put(shown, fmt(safe));
    attr(editor, { "aria-valuetext": fmt(safe), step: Number.isInteger(safe) ? 1 : "any" });
    editor.value = safe;
    const parts = now.weights[row].map((w, j) => [w, tokens[j]]).filter(([w]) => w > 0.005).map(([w, token]) => `${w.toFixed(2)} · ${token}`);
    put(sentence, `output of “${tokens[row]}” = ${parts.join(" + ")}`);
    entropy.set(`${fmt(now.entropy[row], 3)} nats`);
    sums.set(fmt(now.weights[row].reduce((a, b) => a + b), 3));
    late.set(fmt(now.late[row], 3));
    put(words, verdict(state));
    attr(ui.root, { "data-shown": JSON.stringify({ scores: now.scores, weights: now.weights, output: now.output, entropy: now.entropy, late: now.late }) });
    ui.say(`${sentence.textContent}. Entropy ${fmt(now.entropy[row])}.`);
  });

  function verdict({ mask, tokens, scaled }) {
    const masks = { none: "No mask: every token looks at every token, later ones and padding too.",
      causal: "Causal: a token sees itself and what came before. Padding at the end is not hidden by this from later rows.",
      padding: "Padding: nobody looks at the padding tokens, but everybody still sees the future.",
      both: "Both masks: no future and no padding. They are different masks, and a decoder needs both." }[mask];
    const sharp = scaled ? "" : " Without √d the scores spread wider, so the softmax is sharper and its gradient smaller.";
    return `${masks} A hidden score becomes −∞ before the softmax, so the ${tokens.length} weights still add up to 1.${sharp}`;
  }

  ui.onReset = () => { row = 2; chosen = { part: "query", i: 2, j: 1 }; };
  ui.standard((seed) => Object.fromEntries(PARTS.map((part, p) => [part, ui.state[part].map((head, a) =>
    head.map((line, i) => line.map((_, j) => Math.floor(7 * hash(seed, p, a, i, j)) - 3)))])));
  return ui.show();
}

export default { render };
