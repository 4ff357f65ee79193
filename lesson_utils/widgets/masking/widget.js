// ---- the mathematics

const TOKENS = "the cat sat on the mat because the old house was warm and the sun was low".split(" ");
const WORDS = "dog tree ran red under book quickly seven blue because river sang".split(" ");
const FATES = { plain: "not chosen", mask: "masked", random: "replaced", keep: "left as it is" };

function clean(raw) {
  const list = (value, low, fallback) => (Array.isArray(value) && value.length >= low ? value.slice(0, 40).map((word) => String(word)) : fallback);
  const tokens = list(raw.tokens, 2, TOKENS);
  const mask_share = real(raw.mask_share, 0, 1, 0.8);
  const spots = (Array.isArray(raw.flips) ? raw.flips : []).filter((i) => Number.isInteger(i) && i >= 0 && i < tokens.length);
  const entry = (one) => one && typeof one === "object" && Number.isInteger(one.position) && Array.isArray(one.words) && Array.isArray(one.probabilities);
  return {
    tokens,
    words: list(raw.words, 1, WORDS),
    rate: real(raw.rate, 0, 0.9, 0.15),
    mask_share,
    random_share: +real(raw.random_share, 0, 1 - mask_share, Math.min(0.1, 1 - mask_share)).toFixed(6),
    flips: [...new Set(spots)].sort((a, b) => a - b),
    predictions: (Array.isArray(raw.predictions) ? raw.predictions : []).filter(entry).map(({ position, words, probabilities }) => ({
      position, words: words.map((word) => String(word)), probabilities: words.map((_, i) => real(probabilities[i], 0, 1, 0)) })),
    seed: whole(raw.seed, 0, 999, 0),
  };
}

/** Numbers in [0, 1) for one token: is it chosen, what is done with it, by which word. */
const draws = (seed, i) => [hash(seed, i, 1), hash(seed, i, 2), hash(seed, i, 3)];

/** What becomes of a token: plain, mask, random or keep. */
function fate([first, second], flipped, { rate, mask_share, random_share }) {
  if (first < rate === flipped) return "plain";
  if (second < mask_share) return "mask";
  return second < mask_share + random_share ? "random" : "keep";
}

function solve(state) {
  const numbers = state.tokens.map((_, i) => draws(state.seed, i));
  const fates = numbers.map((three, i) => fate(three, state.flips.includes(i), state));
  const seen = fates.map((one, i) => (one === "mask" ? "[MASK]" : one === "random" ? state.words[Math.floor(numbers[i][2] * state.words.length)] : state.tokens[i]));
  const count = Object.fromEntries(Object.keys(FATES).map((name) => [name, fates.filter((one) => one === name).length]));
  return { fates, seen, count, chosen: fates.length - count.plain };
}

/** Mean counts over many draws of the same sentence, without clicks. */
function average(state, times = 500) {
  const sums = { mask: 0, random: 0, keep: 0, plain: 0 };
  for (let seed = 0; seed < times; seed++) state.tokens.forEach((_, i) => { sums[fate(draws(seed, i), false, state)] += 1 / times; });
  return sums;
}

function codeLines(state, { fates, seen }) {
  const vocabulary = ["[MASK]", ...new Set([...state.tokens, ...state.words])];
  const ids = (words) => `[${words.map((word) => vocabulary.indexOf(word)).join(", ")}]`;
  const flags = fates.map((one) => +(one !== "plain"));
  const make = (lib, tensor, where) => `import ${lib}\nfrom ${lib}.nn import functional as F\n# ids: ${vocabulary.map((word, i) => `${i} ${word.replace(/\s/g, " ")}`).join(", ")}\ntokens = ${tensor}(${ids(state.tokens)})\ninputs = ${tensor}(${ids(seen)})  # what the model sees\nchosen = ${tensor}([${flags.join(", ")}]) == 1\nlabels = ${where}  # no loss at -100\nloss = lambda logits: F.cross_entropy(logits, labels, ignore_index=-100)`;
  return { PyTorch: make("torch", "torch.tensor", "torch.where(chosen, tokens, -100)"),
    Paddle: make("paddle", "paddle.to_tensor", "paddle.where(chosen, tokens, paddle.full_like(tokens, -100))") };
}

// ---- the figure

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "masking", title: "What does a masked language model see?", clean,
    hint: "Above the sentence, below what the model is given. Click a word to choose it or to let it go.",
    fields: ["tokens", "words", "rate", "mask_share", "random_share", "flips", "predictions", "seed"],
  });
  let at = 1;
  let now = null;
  let mean = { key: "" };
  ui.draw((state) => {
    at = Math.min(at, state.tokens.length - 1);
    now = solve(state);
    const key = JSON.stringify([state.tokens.length, state.rate, state.mask_share, state.random_share]);
    if (mean.key !== key) mean = { key, ...average(state) };
  });
  const percent = (x) => `${fmt(100 * x, 0)} %`;
  ui.root.append(h("div", { class: "lw-controls" },
    ui.range("rate", { label: "Chosen", min: 0, max: 0.9, step: 0.01, show: percent }),
    ui.range("mask_share", { label: "of those: [MASK]", min: 0, max: 1, step: 0.01, show: percent }),
    ui.range("random_share", { label: "of those: a random word", min: 0, max: 1, step: 0.01, show: percent })));

  const look = (i) => { at = i; ui.redraw(); };
  const chips = range(40).map((i) => {
    const [before, after, mark] = ["lw-before", "lw-after", "lw-mark"].map((name) => h("span", { class: name }));
    const node = h("button", { type: "button", class: "lw-chip" }, before, after, mark);
    ui.on(node, "click", () => {
      at = i;
      const { flips } = ui.state;
      ui.set({ flips: flips.includes(i) ? flips.filter((one) => one !== i) : [...flips, i] });
    });
    ui.on(node, "pointerenter focus", () => look(i));
    return { node, before, after, mark };
  });
  const stats = ["Chosen: here is the loss", "[MASK]", "Random word", "Left as it is"].map(ui.stat);
  const top = h("div", { class: "lw-top5" });
  const words = h("p", { class: "lw-note" });
  ui.root.append(h("div", { class: "lw-chips" }, chips.map((chip) => chip.node)),
    h("dl", { class: "lw-stats" }, stats.map((one) => one.node)), top, words,
    ui.code((state) => codeLines(state, now)), ui.table((state) => [
      { caption: "Token by token", head: ["position", "token", "the model sees", "what was done", "loss"],
        rows: state.tokens.map((token, i) => [`${i}`, token, now.seen[i], FATES[now.fates[i]], now.fates[i] === "plain" ? "no" : "yes"]) },
      { caption: "Mean of 500 draws", head: ["what was done", "tokens"], rows: Object.entries(FATES).map(([name, text]) => [text, mean[name]]) }]));

  let topText = "";
  function drawTop(state) {
    const found = state.predictions.find(({ position }) => position === at);
    const text = JSON.stringify([at, found, state.tokens[at]]);
    if (text === topText) return;
    topText = text;
    top.hidden = !state.predictions.length;
    if (!found) return top.replaceChildren(h("p", { class: "lw-label" }, `No prediction recorded for “${state.tokens[at]}”.`));
    const order = range(found.words.length).sort((a, b) => found.probabilities[b] - found.probabilities[a]).slice(0, 5);
    top.replaceChildren(h("p", { class: "lw-label" }, `The trained model at position ${at}, where “${state.tokens[at]}” stood`), ...order.map((i) => {
      const bar = h("span", { class: "lw-bar1" });
      css(bar, { width: percent(found.probabilities[i]).replace(" ", "").replace("−", "-") });
      return h("div", { class: `lw-guess${found.words[i] === state.tokens[at] ? " lw-right" : ""}` }, h("span", {}, found.words[i]), h("span", { class: "lw-track" }, bar), h("span", {}, found.probabilities[i].toFixed(3)));
    }));
  }

  ui.draw((state) => {
    chips.forEach(({ node, before, after, mark }, i) => {
      node.hidden = i >= state.tokens.length;
      if (node.hidden) return;
      const one = now.fates[i];
      put(before, state.tokens[i]);
      put(after, now.seen[i]);
      put(mark, one === "plain" ? " " : `loss · ${FATES[one]}`);
      attr(node, { class: `lw-chip lw-${one}${i === at ? " lw-here" : ""}`, "aria-pressed": String(one !== "plain"),
        "aria-label": `${state.tokens[i]}: ${FATES[one]}${one === "mask" || one === "random" ? `, the model sees ${now.seen[i]}` : ""}` });
    });
    const n = state.tokens.length;
    [[now.chosen, mean.mask + mean.random + mean.keep], [now.count.mask, mean.mask], [now.count.random, mean.random], [now.count.keep, mean.keep]]
      .forEach(([count, usual], i) => stats[i].set(`${count} of ${n} (on average ${fmt(usual, 1)})`));
    drawTop(state);
    put(words, `Not every chosen word becomes [MASK]: some are replaced and some left, so that the model cannot rely on the sign. The loss is taken at the ${now.chosen} chosen position${now.chosen === 1 ? "" : "s"} only, the untouched one${now.count.keep === 1 ? "" : "s"} among them; the other ${n - now.chosen} have the label −100.`);
    attr(ui.root, { "data-shown": JSON.stringify({ ...now, mean: { ...mean, key: undefined } }) });
    ui.say(`${now.chosen} of ${n} tokens chosen, ${now.count.mask} masked.`);
  });

  ui.onReset = () => { at = 1; };
  ui.standard(() => ({ flips: [] }));
  return ui.show();
}

export default { render };
