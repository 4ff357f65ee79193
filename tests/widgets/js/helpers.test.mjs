// The plain functions of shared/helpers.js, under node --test.
import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./load.mjs";

const { real, whole, oneOf, fmt, brief, grouped, hash, normal, same } =
  await load("softmax", ["real", "whole", "oneOf", "fmt", "brief", "grouped", "hash", "normal", "same"]);

test("anything becomes a number within its limits", () => {
  const odd = [undefined, null, NaN, Infinity, -Infinity, "", " ", "x", {}, [], [3], true, () => 1, Symbol.iterator, 10n];
  for (const value of odd) assert.equal(real(value, 0, 5, 2), 2);
  assert.equal(real("3.5", 0, 5, 2), 3.5);
  assert.equal(real(1e300, 0, 5, 2), 5);
  assert.equal(real(-1e300, 0, 5, 2), 0);
  assert.equal(whole(2.6, 0, 5, 0), 3);
  assert.equal(oneOf("b", ["a"], "a"), "a");
});

test("numbers are written for people", () => {
  const cases = [[0, "0"], [-1.5, "−1.5"], [1 / 3, "0.33"], [1e-5, "1.0e−5"], [2.5e9, "2.5e9"], [NaN, "not a number"], [-Infinity, "−∞"], [-0, "0"]];
  for (const [value, text] of cases) assert.equal(fmt(value), text);
  const short = [[0.04, "0"], [-0.04, "0"], [12.34, "12.3"], [98765, "99k"], [-1234567, "−1M"]];
  for (const [value, text] of short) assert.equal(brief(value), text);
  for (const value of [0, 7, 999, 1000, 12345, 1234567, -1000, 1234.567, 0.125]) assert.equal(grouped(value), value.toLocaleString("en"));
});

test("the same keys always give the same draw, evenly spread", () => {
  assert.equal(hash(1, 2, 3), hash(1, 2, 3));
  assert.notEqual(hash(1, 2, 3), hash(1, 3, 2));
  const draws = Array.from({ length: 20000 }, (_, i) => hash(7, i));
  assert.ok(draws.every((value) => value >= 0 && value < 1));
  const tenths = new Array(10).fill(0);
  for (const value of draws) tenths[Math.floor(10 * value)] += 1;
  for (const count of tenths) assert.ok(Math.abs(count - 2000) < 200, String(tenths));
  const normals = draws.map((_, i) => normal(8, i));
  const mean = normals.reduce((a, b) => a + b) / normals.length;
  const variance = normals.reduce((a, b) => a + (b - mean) ** 2, 0) / normals.length;
  assert.ok(Math.abs(mean) < 0.03 && Math.abs(variance - 1) < 0.05);
});

test("deep equality is by value", () => {
  assert.ok(same({ a: [1, 2] }, { a: [1, 2] }));
  assert.ok(!same([1], [2]));
});
