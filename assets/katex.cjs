// Renders formulas for publishing/theme_maths.py: a line of JSON in, a line of JSON out.
"use strict";
const katex = require("katex");
const lines = require("node:readline").createInterface({ input: process.stdin });

lines.on("line", (line) => {
  const { formula, display } = JSON.parse(line);
  let answer;
  try {
    // MathML beside the HTML is what screen readers read.
    const options = { displayMode: display, throwOnError: true, strict: "error", output: "htmlAndMathml" };
    answer = { html: katex.renderToString(formula, options) };
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});
