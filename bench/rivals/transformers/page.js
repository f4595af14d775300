/**
 * The rival's page, with the face that every page of the benchmark has: `window.bench`. Asked with `?visit=PHOTO` it
 * answers that photo by itself, as soon as it can.
 */
// @ts-nocheck see classifier.js
const model = { model: 'efficientnet-lite0', inputName: 'input' };

function inWorker(options) {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  const ask = (message) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.label));
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(message);
    });
  return ask(options).then(() => (photo) => ask({ photo }));
}

let classify;

window.bench = {
  async open({ where, threads }) {
    const options = { ...model, threads };
    classify =
      where === 'worker' ? await inWorker(options) : await (await import('./classifier.js')).openClassifier(options);
  },
  answer: (photo) => classify(photo),
};

const photo = new URLSearchParams(location.search).get('visit');
if (photo) {
  const [{ openClassifier }, blob] = await Promise.all([
    import('./classifier.js'),
    fetch(photo).then((response) => response.blob()),
  ]);
  const label = await (await openClassifier(model))(blob);
  document.getElementById('answer').textContent = label;
  window.visited = { ms: performance.now(), label };
}
