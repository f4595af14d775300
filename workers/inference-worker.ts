/** The composition root of the inference worker. */
self.postMessage({ kind: 'hello' });
