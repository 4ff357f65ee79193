// node call.mjs WIDGET FILE: the file holds [[function, argument, ...], ...]; prints the results as JSON.
// The strings "NaN" and "Infinity" inside {"$": ...} stand for numbers that JSON has not.
import { readFile } from "node:fs/promises";
import { load } from "./load.mjs";

const [widget, file] = process.argv.slice(2);
const odd = (key, value) => (value && typeof value === "object" && "$" in value ? Number(value.$) : value);
const calls = JSON.parse(await readFile(file, "utf8"), odd);
const module = await load(widget, calls.map(([name]) => name));
process.stdout.write(JSON.stringify(calls.map(([name, ...args]) => module[name](...args) ?? null)));
