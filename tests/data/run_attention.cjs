// Run the page's own scripts on waves from standard input; put out what they compute. Called by tests/playground/conftest.py.
"use strict";
const fs = require("node:fs");
const vm = require("node:vm");

const [, , folder] = process.argv;
for (const name of ["weights.js", "attention.js"]) {
  vm.runInThisContext(fs.readFileSync(`${folder}/${name}`, "utf8"), { filename: name }); // as a page loads them
}
const question = JSON.parse(fs.readFileSync(0, "utf8"));
const answer = vm.runInThisContext(`(({ parameters, samples, settings }) => {
  const bytes = Uint8Array.from(atob(samples), (letter) => letter.charCodeAt(0));
  const all = new Float32Array(bytes.buffer);
  const T = PLAYGROUND.steps;
  const waves = Array.from({ length: all.length / T }, (_, i) => Array.from(all.subarray(i * T, (i + 1) * T)));
  const models = {};
  for (const [name, plain] of Object.entries(PLAYGROUND.models)) {
    const model = decodeModel(plain);
    models[name] = waves.map((x) => ("squash" in model.options ? classifyBySelfAttention : classify)(model, x));
  }
  const drawn = parameters.map((values) => sineWave({ ...values, noise: 0 }, null, T));
  // Waves as the page sets them up, with its own noise.
  const set = settings.map((values) => sineWave(values, normalNumbers(values.draw, T), T).x);
  const normal = normalNumbers(1, 20000);
  return { models, drawn: drawn.map(({ x, truth }) => ({ x, truth })), set, normal };
})`)(question);
process.stdout.write(JSON.stringify(answer));
