/** The pipeline in a worker, one message a photo. */
// @ts-nocheck see classifier.js
let classify;

self.onmessage = async ({ data }) => {
  try {
    if ('photo' in data) self.postMessage({ label: await classify(data.photo) });
    else {
      // In a chunk of its own: the runtime's threads load the chunk that the runtime is in, and this is not for them.
      const { openClassifier } = await import('./classifier.js');
      classify = await openClassifier(data);
      self.postMessage({});
    }
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
