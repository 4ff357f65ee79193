// ---- the mathematics: a box is [left, top, right, bottom]

const BOXES = [[12, 18, 52, 70], [18, 24, 58, 76], [8, 12, 44, 60], [56, 34, 92, 86], [50, 40, 88, 92]];
const SCORES = [0.9, 0.8, 0.6, 0.85, 0.7];
const CLASSES = [0, 0, 0, 1, 1];
const REALS = { iou_threshold: [0, 1, 0.5], score_threshold: [0, 1, 0.05], sigma: [0.05, 2, 0.5], scale: [10, 90, 45], ratio: [1, 4, 2] };

/** Sides in order, inside the canvas, at least one unit apart. */
function cleanBox(raw, i) {
  const side = range(4).map((at) => real(raw?.[at], 0, 100, BOXES[i % 5][at]));
  const [left, right] = [Math.min(side[0], side[2]), Math.max(side[0], side[2])];
  const [top, bottom] = [Math.min(side[1], side[3]), Math.max(side[1], side[3])];
  return [Math.min(left, 99), Math.min(top, 99), Math.max(right, Math.min(left, 99) + 1), Math.max(bottom, Math.min(top, 99) + 1)];
}
function clean(raw) {
  const given = Array.isArray(raw.boxes) && raw.boxes.length > 1 ? raw.boxes.slice(0, 6) : BOXES;
  const state = { boxes: given.map(cleanBox) };
  for (const [field, [low, high, fallback]] of Object.entries(REALS)) state[field] = real(raw[field], low, high, fallback);
  state.mode = oneOf(raw.mode, ["iou", "nms", "anchors"], "iou");
  state.scores = given.map((_, i) => real(raw.scores?.[i], 0, 1, SCORES[i % 5]));
  state.classes = given.map((_, i) => whole(raw.classes?.[i], 0, 1, CLASSES[i % 5]));
  state.soft = raw.soft === true;
  state.per_class = raw.per_class === true;
  state.grid = whole(raw.grid, 1, 6, 4);
  state.seed = whole(raw.seed, 0, 999, 0);
  return state;
}

const area = ([left, top, right, bottom]) => (right - left) * (bottom - top);

/** Areas and measures of two boxes. */
function overlap(a, b) {
  const inner = [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];
  const outer = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
  const both = Math.max(0, inner[2] - inner[0]) * Math.max(0, inner[3] - inner[1]);
  const union = area(a) + area(b) - both;
  const around = area(outer);
  return { inner, outer, both, union, around, iou: both / union, giou: both / union - (around - union) / around };
}

/** Suppression step by step: each step keeps the best box left and says what happens to the others. */
function suppress({ boxes, scores, classes, iou_threshold, score_threshold, sigma, soft, per_class }) {
  const left = new Map(scores.map((score, i) => [i, score]).filter(([, score]) => score >= score_threshold));
  const steps = [];
  while (left.size) {
    const [kept, score] = [...left].reduce((best, one) => (one[1] > best[1] ? one : best));
    left.delete(kept);
    const effects = [];
    for (const [j, before] of [...left]) {
      if (per_class && classes[j] !== classes[kept]) continue;
      const { iou } = overlap(boxes[kept], boxes[j]);
      const after = soft ? before * Math.exp(-(iou ** 2) / sigma) : before;
      const removed = after < score_threshold || (!soft && iou > iou_threshold);
      if (removed) left.delete(j);
      else left.set(j, after);
      effects.push({ j, iou, before, after, removed });
    }
    steps.push({ kept, score, effects });
  }
  return steps;
}

function anchorBoxes({ grid, scale, ratio }) {
  const one = (y, x, r) => {
    const stretch = Math.sqrt([ratio, 1, 1 / ratio][r]);
    const [w, t] = [(scale * stretch) / 2, scale / stretch / 2];
    const [cx, cy] = [((x + 0.5) * 100) / grid, ((y + 0.5) * 100) / grid];
    return [cx - w, cy - t, cx + w, cy + t];
  };
  return range(grid).flatMap((y) => range(grid).flatMap((x) => range(3).map((r) => one(y, x, r))));
}

/** Which object each anchor is for (-1: background), its overlap, and whether only being the object's best made it so. */
function label(state) {
  const truths = [state.boxes[0], state.boxes[state.boxes.length - 1]];
  const all = anchorBoxes(state);
  const table = all.map((anchor) => truths.map((truth) => overlap(anchor, truth).iou));
  const labels = table.map((ious) => {
    const best = ious[1] > ious[0] ? 1 : 0;
    return { truth: ious[best] >= state.iou_threshold ? best : -1, iou: ious[best], forced: false };
  });
  // The largest overlap of all goes first; then anchor and object are struck out, so that nobody takes another's.
  const left = table.flat();
  truths.forEach(() => {
    const at = left.reduce((found, iou, i) => (iou > left[found] ? i : found), 0);
    const [anchor, truth] = [at >> 1, at & 1];
    if (left[at] > 0) Object.assign(labels[anchor], { forced: labels[anchor].truth !== truth, truth, iou: left[at] });
    left.forEach((_, i) => { if (i >> 1 === anchor || (i & 1) === truth) left[i] = 0; });
  });
  return { anchors: all, labels };
}

function codeLines(state) {
  const list = (value) => JSON.stringify(value).replace(/,/g, ", ");
  const anchorMode = state.mode === "anchors";
  const used = state.mode === "iou" ? state.boxes.slice(0, 2) : anchorMode ? [state.boxes[0], state.boxes.at(-1)] : state.boxes;
  const put1 = (make, type) => `boxes = ${make}(${list(used)}, dtype=${type})`;
  const pair = "def iou(a, b):\n    w = minimum(a[2], b[2]) - maximum(a[0], b[0])\n    h = minimum(a[3], b[3]) - maximum(a[1], b[1])\n    both = w.clip(0) * h.clip(0)\n    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)";
  const rest = { scores: state.scores, classes: state.classes };
  const softLoop = (lib) => `kept, left = [], [i for i, s in enumerate(scores) if s >= ${state.score_threshold}]\nwhile left:\n    best = max(left, key=lambda i: scores[i])\n    left.remove(best)\n    kept.append(best)\n    for j in list(left):\n        ${state.per_class ? "if classes[j] != classes[best]: continue\n        " : ""}scores[j] *= float(${lib}.exp(-iou(boxes[best], boxes[j]) ** 2 / ${state.sigma}))\n        if scores[j] < ${state.score_threshold}: left.remove(j)`;
  const nmsEnd = { torch: `good = (scores >= ${state.score_threshold}).nonzero()[:, 0]\nkept = good[${state.per_class ? `batched_nms(boxes[good], scores[good], classes[good], ${state.iou_threshold})` : `nms(boxes[good], scores[good], ${state.iou_threshold})`}]`,
    paddle: `good = (scores >= ${state.score_threshold}).nonzero().flatten()\nkept = good[nms(boxes[good], ${state.iou_threshold}, scores[good]${state.per_class ? ", classes[good], [0, 1]" : ""})]` };
  const shape = `g, size, r = ${state.grid}, ${state.scale}, ${state.ratio}\ncentre = [((x + 0.5) * 100 / g, (y + 0.5) * 100 / g) for y in range(g) for x in range(g)]\nsides = [(size * q ** 0.5 / 2, size / q ** 0.5 / 2) for q in (r, 1, 1 / r)]\nanchors = [[x - w, y - h, x + w, y + h] for x, y in centre for w, h in sides]`;
  const torchBoxes = put1("torch.tensor", "torch.float32");
  const paddleBoxes = put1("paddle.to_tensor", '"float32"');
  if (state.mode === "iou") {
    return { PyTorch: `import torch\nfrom torchvision.ops import box_iou, generalized_box_iou\n${torchBoxes}\niou = box_iou(boxes[:1], boxes[1:])[0, 0]\ngiou = generalized_box_iou(boxes[:1], boxes[1:])[0, 0]`,
      Paddle: `import paddle\nfrom paddle import maximum, minimum\n${pair.replace("def iou", "def overlap")}\n${paddleBoxes}\na, b = boxes\niou = overlap(a, b)\nouter = (maximum(a[2:], b[2:]) - minimum(a[:2], b[:2])).prod()\nareas = ((boxes[:, 2:] - boxes[:, :2]).prod(1)).sum()\ngiou = iou - 1 + areas / (1 + iou) / outer` };
  }
  if (anchorMode) {
    const keep = "\nleft = iou.clone()\nfor _ in range(2):\n    a, k = divmod(int(left.argmax()), 2)\n    if left[a, k] > 0: object_of[a] = k\n    left[a], left[:, k] = 0, 0";
    return { PyTorch: `import torch\nfrom torchvision.ops import box_iou\n${shape}\n${torchBoxes}\niou = box_iou(torch.tensor(anchors), boxes)\nobject_of = iou.argmax(1).where(iou.amax(1) >= ${state.iou_threshold}, -1)${keep}`,
      Paddle: `import paddle\nfrom paddle import maximum, minimum\n${pair}\n${shape}\n${paddleBoxes}\niou = paddle.stack([iou(paddle.to_tensor(a), b) for a in anchors for b in boxes]).reshape([-1, 2])\nobject_of = paddle.where(iou.max(1) >= ${state.iou_threshold}, iou.argmax(1), paddle.full([len(anchors)], -1, "int64"))${keep}` };
  }
  if (state.soft) {
    const plainLists = `scores, classes = ${list(rest.scores)}, ${list(rest.classes)}`;
    return { PyTorch: `import torch\nfrom torch import maximum, minimum\n${pair}\n${torchBoxes}\n${plainLists}\n${softLoop("torch")}`,
      Paddle: `import paddle\nfrom paddle import maximum, minimum\n${pair}\n${paddleBoxes}\n${plainLists}\n${softLoop("paddle")}` };
  }
  return { PyTorch: `import torch\nfrom torchvision.ops import batched_nms, nms\n${torchBoxes}\nscores = torch.tensor(${list(rest.scores)})\nclasses = torch.tensor(${list(rest.classes)})\n${nmsEnd.torch}`,
    Paddle: `import paddle\nfrom paddle.vision.ops import nms\n${paddleBoxes}\nscores = paddle.to_tensor(${list(rest.scores)})\nclasses = paddle.to_tensor(${list(rest.classes)})\n${nmsEnd.paddle}` };
}

// ---- the figure

const NAMES = "ABCDEF";

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "boxes", title: "Boxes: overlap, suppression, anchors", clean,
    hint: "Drag a box, or its corner. On the keyboard: arrows move the chosen box, Shift and arrows resize it.",
    fields: ["mode", "boxes", "scores", "classes", ...Object.keys(REALS), "soft", "per_class", "grid", "seed"],
  });
  let chosen = 0;
  let step = 99;
  let now = null;
  ui.draw((state) => {
    const [a, b] = state.boxes;
    const steps = suppress(state);
    now = { state, pair: overlap(a, b), steps, ...label(state) };
    step = Math.min(step, steps.length);
    if (!shown(state, chosen)) chosen = 0;
  });
  const shown = (state, i) => i < state.boxes.length && (state.mode === "nms" || (state.mode === "iou" ? i < 2 : !i || i === state.boxes.length - 1));
  const percent = (x) => x.toFixed(2);

  // -- controls: the same four sliders for the box that is chosen, then those of the mode
  const setBox = (i, box) => ui.set({ boxes: ui.state.boxes.map((old, j) => (i === j ? cleanBox(box, i) : old)) });
  const side = (at, name) => ui.range(`side${at}`, { label: name, min: 0, max: 100, read: (state) => state.boxes[chosen][at],
    write: (value) => {
      const box = [...ui.state.boxes[chosen]];
      const [low, high] = at < 2 ? [0, box[at + 2] - 1] : [box[at - 2] + 1, 100];
      box[at] = Math.max(low, Math.min(high, value));
      return { boxes: ui.state.boxes.map((old, j) => (j === chosen ? box : old)) };
    } });
  const name = h("p", { class: "lw-label" });
  const threshold = ui.range("iou_threshold", { label: "IoU threshold", min: 0, max: 1, step: 0.01, show: percent });
  const nmsControls = h("div", { class: "lw-controls" }, 
    ui.range("score_threshold", { label: "Score threshold", min: 0, max: 1, step: 0.01, show: percent }),
    ui.range("sigma", { label: "Soft width", symbol: "σ", min: 0.05, max: 2, step: 0.05, show: percent }),
    ui.toggle("soft", { label: "Soft suppression" }), ui.toggle("per_class", { label: "Within a class only" }));
  const anchorControls = h("div", { class: "lw-controls" },
    ui.range("grid", { label: "Centres a side", min: 1, max: 6 }),
    ui.range("scale", { label: "Scale", min: 10, max: 90 }),
    ui.range("ratio", { label: "Width : height", min: 1, max: 4, step: 0.1, show: (r) => `${fmt(r)} : 1` }));
  const steps = h("input", { type: "range", min: 0, max: 6, "data-field": "step" });
  const stepText = h("output", { class: "lw-value" });
  ui.on(steps, "input", () => { step = +steps.value; ui.redraw(); });
  const stepper = h("label", { class: "lw-range" }, h("span", { class: "lw-top" }, h("span", { class: "lw-label" }, "Step of suppression"), stepText), steps);

  // -- the canvas
  const canvas = s("svg", { class: "lw-canvas", viewBox: "0 0 100 100", role: "group", "aria-label": "Boxes" });
  const anchorNodes = range(108).map(() => s("rect", { class: "lw-anchor" }));
  const outer = s("rect", { class: "lw-outer" });
  const inner = s("rect", { class: "lw-inner" });
  const nodes = range(6).map((i) => {
    const rect = s("rect", { class: "lw-box", tabindex: 0, role: "button" });
    const text = s("text", { class: "lw-name" });
    const grip = s("circle", { class: "lw-grip", r: 4 });
    ui.on(rect, "focus", () => { chosen = i; ui.redraw(); });
    ui.on(rect, "keydown", (event) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!move) return;
      event.preventDefault();
      drag(i, ui.state.boxes[i], ...move, event.shiftKey);
    });
    for (const [node, resize] of [[rect, false], [grip, true]]) ui.on(node, "pointerdown", (event) => hold(event, i, resize));
    canvas.append(rect, text, grip);
    return { rect, text, grip };
  });
  canvas.prepend(...anchorNodes, outer, inner);

  function drag(i, box, dx, dy, resize) {
    if (resize) return setBox(i, [box[0], box[1], Math.max(box[0] + 2, Math.min(100, box[2] + dx)), Math.max(box[1] + 2, Math.min(100, box[3] + dy))]);
    const x = Math.max(-box[0], Math.min(100 - box[2], dx));
    const y = Math.max(-box[1], Math.min(100 - box[3], dy));
    setBox(i, [box[0] + x, box[1] + y, box[2] + x, box[3] + y]);
  }
  function hold(event, i, resize) {
    const [from, box, scale] = [[event.clientX, event.clientY], ui.state.boxes[i], 100 / canvas.getBoundingClientRect().width];
    chosen = i;
    ui.redraw();
    event.target.setPointerCapture(event.pointerId);
    const done = new AbortController();
    const options = { signal: done.signal };
    event.target.addEventListener("pointermove", (now1) =>
      drag(i, box, Math.round((now1.clientX - from[0]) * scale), Math.round((now1.clientY - from[1]) * scale), resize), options);
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) event.target.addEventListener(end, () => done.abort(), options);
  }

  // -- the panel beside it
  const stats = h("dl", { class: "lw-facts" });
  const list = h("ol", { class: "lw-steps" });
  const scoreRows = range(6).map((i) => ui.range(`score${i}`, { label: `Score of ${NAMES[i]}`, min: 0, max: 1, step: 0.01, show: percent,
    read: (state) => state.scores[i] ?? 0, write: (value) => ({ scores: ui.state.scores.map((old, j) => (i === j ? value : old)) }) }));
  const classRows = range(6).map((i) => ui.button("", () => ui.set({ classes: ui.state.classes.map((old, j) => (i === j ? 1 - old : old)) })));
  const scores = h("div", { class: "lw-scores" }, range(6).map((i) => h("div", { class: "lw-score" }, scoreRows[i], classRows[i])));
  const words = h("p", { class: "lw-note" });
  const common = h("div", { class: "lw-controls" }, range(4).map((at) => side(at, ["Left", "Top", "Right", "Bottom"][at])));
  ui.root.append(
    ui.choice("mode", { label: "Show", options: [["iou", "Overlap"], ["nms", "Suppression"], ["anchors", "Anchors"]] }),
    nmsControls, anchorControls,
    h("div", { class: "lw-two" }, h("div", { class: "lw-left" }, canvas),
      h("div", { class: "lw-right" }, threshold, stepper, stats, scores, list)),
    words, name, common, ui.code(codeLines), ui.table(tables));

  const rect = (node, box, extra = {}) => attr(node, { x: box[0], y: box[1], width: Math.max(0, box[2] - box[0]), height: Math.max(0, box[3] - box[1]), ...extra });

  ui.draw((state) => {
    const { mode } = state;
    nmsControls.hidden = stepper.hidden = scores.hidden = mode !== "nms";
    anchorControls.hidden = mode !== "anchors";
    threshold.hidden = mode === "iou";
    list.hidden = mode !== "nms";
    const fates = fate(state);
    nodes.forEach(({ rect: node, text, grip }, i) => {
      const on = shown(state, i);
      for (const one of [node, text, grip]) attr(one, { visibility: on ? null : "hidden" });
      if (!on) return attr(node, { tabindex: -1 });
      const box = state.boxes[i];
      const kind = mode === "nms" ? state.classes[i] : mode === "iou" ? i : +(i > 0);
      const look = mode === "nms" ? fates[i] : "";
      rect(node, box, { tabindex: 0, class: `lw-box lw-kind${kind} ${look}${i === chosen ? " lw-chosen" : ""}`,
        "aria-label": `Box ${NAMES[i]}: left ${box[0]}, top ${box[1]}, right ${box[2]}, bottom ${box[3]}` });
      put(text, mode === "nms" ? `${NAMES[i]} ${percent(state.scores[i])}` : mode === "iou" ? NAMES[i] : `object ${kind}`);
      attr(text, { x: box[0] + 2, y: box[1] + 6 });
      attr(grip, { cx: box[2], cy: box[3], class: `lw-grip lw-kind${kind}` });
    });
    attr(inner, { visibility: mode === "iou" && now.pair.both ? null : "hidden" });
    attr(outer, { visibility: mode === "iou" ? null : "hidden" });
    rect(inner, now.pair.inner);
    rect(outer, now.pair.outer);
    anchorNodes.forEach((node, i) => {
      const labelled = mode === "anchors" && now.labels[i];
      attr(node, { visibility: labelled ? null : "hidden" });
      if (labelled) rect(node, now.anchors[i], { class: `lw-anchor${labelled.truth < 0 ? "" : ` lw-kind${labelled.truth}`}${labelled.forced ? " lw-forced" : ""}` });
    });
    put(name, mode === "anchors" ? `Object ${+(chosen > 0)}, the chosen one` : `Box ${NAMES[chosen]}, the chosen one`);
    ({ iou: drawPair, nms: drawSteps, anchors: drawAnchors })[mode](state);
    attr(ui.root, { "data-shown": JSON.stringify({ pair: now.pair, steps: now.steps, labels: now.labels, boxes: state.boxes }) });
    ui.say(words.textContent);
  });

  /** What a box is after the steps shown: kept, removed or still waiting. */
  function fate(state) {
    const done = now.steps.slice(0, step);
    return state.boxes.map((_, i) => {
      if (state.scores[i] < state.score_threshold) return "lw-gone";
      if (done.some(({ kept }) => kept === i)) return "lw-kept";
      return done.some(({ effects }) => effects.some(({ j, removed }) => j === i && removed)) ? "lw-gone" : "lw-wait";
    });
  }

  function facts(entries) {
    const same1 = JSON.stringify(entries);
    if (stats.dataset.text === same1) return;
    stats.dataset.text = same1;
    stats.replaceChildren(...entries.map(([key, value]) => h("div", {}, h("dt", {}, key), h("dd", {}, value))));
  }
  function drawPair(state) {
    const [a, b] = state.boxes;
    const { both, union, around, iou, giou } = now.pair;
    facts([["Area of A", fmt(area(a))], ["Area of B", fmt(area(b))], ["Intersection", fmt(both)],
      ["Union = A + B − intersection", fmt(union)], ["IoU = intersection / union", percent(iou)],
      ["Box around both (dashed)", fmt(around)], ["GIoU = IoU − empty part of it", fmt(giou)]]);
    const share = (box) => `${Math.round((100 * both) / area(box))} %`;
    put(words, both ? `The overlap covers ${share(a)} of A and ${share(b)} of B, yet the IoU is only ${percent(iou)}: what is covered twice is counted once below the line.`
      : `No overlap: the IoU is 0 however far apart they are. GIoU (${fmt(giou)}) still says how far, so it has a gradient.`);
  }
  function drawSteps(state) {
    facts([]);
    attr(steps, { max: now.steps.length, "aria-valuetext": `${step} of ${now.steps.length}` });
    steps.value = step;
    put(stepText, `${step} of ${now.steps.length}`);
    scoreRows.forEach((row, i) => {
      row.parentNode.hidden = i >= state.boxes.length;
      put(classRows[i], `class ${state.classes[i] ?? 0}`);
      attr(classRows[i], { "aria-label": `Class of ${NAMES[i]}: ${state.classes[i]}`, class: `lw-button lw-kind${state.classes[i]}` });
    });
    const say = ({ kept, score, effects }) => {
      const touched = effects.filter(({ removed, iou }) => removed || (state.soft && iou > 0.005))
        .map(({ j, iou, after, removed }) => `${NAMES[j]} (IoU ${percent(iou)}) ${removed ? "goes" : `falls to ${percent(after)}`}`);
      return `Keep ${NAMES[kept]} (${percent(score)})${touched.length ? `: ${touched.join(", ")}` : ""}.`;
    };
    const lines = now.steps.map(say);
    const text = lines.join("\n");
    if (list.dataset.text !== text) {
      list.dataset.text = text;
      list.replaceChildren(...lines.map((line) => h("li", {}, line)));
    }
    [...list.children].forEach((item, i) => item.classList.toggle("lw-later", i >= step));
    put(words, `${now.steps.length} of ${state.boxes.length} boxes are kept. Suppression only removes or lowers boxes: it never merges two into one${state.per_class ? ", and here it never looks across classes" : ""}.`);
  }
  function drawAnchors() {
    const count = (k) => now.labels.filter(({ truth }) => truth === k).length;
    const best = (k) => Math.max(0, ...now.labels.filter(({ truth }) => truth === k).map(({ iou }) => iou));
    facts([["Anchors", `${now.state.grid}·${now.state.grid}·3 = ${now.labels.length}`], ["For object 0", `${count(0)}, best IoU ${percent(best(0))}`],
      ["For object 1", `${count(1)}, best IoU ${percent(best(1))}`], ["Background", `${count(-1)}`]]);
    const forced = now.labels.some((one) => one.forced);
    put(words, forced ? "By the threshold a dashed anchor would not be for its object. It is the best that was left for it, so that no object goes without."
      : "An anchor is for the object it overlaps most, if that reaches the threshold. All the others are background.");
  }

  function tables() {
    const { state } = now;
    const all = state.boxes.map((box, i) => [NAMES[i], ...box, state.scores[i], state.classes[i]]);
    const matrix = state.boxes.map((a, i) => [NAMES[i], ...state.boxes.map((b) => overlap(a, b).iou)]);
    return [{ caption: "Boxes", head: ["box", "left", "top", "right", "bottom", "score", "class"], rows: all },
      { caption: "IoU of each pair", head: ["box", ...state.boxes.map((_, i) => NAMES[i])], rows: matrix }];
  }

  ui.onReset = () => { chosen = 0; step = 99; };
  ui.standard((seed) => ({
    boxes: ui.state.boxes.map((_, i) => {
      const at = (k) => Math.round(hash(seed, i, k) * 50);
      const corner = [at(0), at(1)];
      return [...corner, corner[0] + 18 + Math.round(at(2) / 2), corner[1] + 18 + Math.round(at(3) / 2)];
    }),
    scores: ui.state.scores.map((_, i) => +(0.3 + 0.69 * hash(seed, i, 9)).toFixed(2)),
  }));
  return ui.show();
}

export default { render };
