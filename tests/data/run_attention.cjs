// Run the page's own scripts on waves from standard input; put out what they compute. Called by tests/playground/conftest.py.
"use strict";
const fs = require("node:fs");
const vm = require("node:vm");

const [, , folder] = process.argv;
for (const name of ["weights.js", "attention.js", "learn.js"]) {
  vm.runInThisContext(fs.readFileSync(`${folder}/${name}`, "utf8"), { filename: name }); // as a page loads them
}
const question = JSON.parse(fs.readFileSync(0, "utf8"));
const answer = vm.runInThisContext(`(({ parameters, samples, settings, states, trainings }) => {
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
  const normals = normalNumbers(1, 20000);
  // Gradients of the classifier that learns, from given weights; and how its accuracy goes, until it is above 0.95.
  const gradients = states.map(({ weights, x, y, pooling }) => {
    for (const matrix of Object.values(weights)) matrix.numbers = Float64Array.from(matrix.numbers);
    const gradient = like(weights);
    const passes = x.map((wave) => forward(weights, wave, pooling));
    passes.forEach((pass, i) => backward(weights, pass, pooling, y[i], gradient));
    for (const name in gradient) gradient[name] = Array.from(gradient[name].numbers);
    return { gradient, losses: passes.map((pass, i) => loss(pass.logit, y[i])), alpha: passes.map(({ alpha }) => alpha) };
  });
  const learnt = trainings.map(({ updates, ...options }) => {
    const training = new Training(options);
    const goesOn = () => training.losses.length < updates || training.accuracies.length < updates / LEARN.every;
    while (goesOn() && !(training.accuracies.at(-1) > 0.95)) training.work.next();
    return training.accuracies;
  });
  return { models, drawn: drawn.map(({ x, truth }) => ({ x, truth })), set, normal: normals, gradients, learnt };
})`)(question);
process.stdout.write(JSON.stringify(answer));
