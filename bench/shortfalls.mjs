/** Why a goal is missed where it is, by the row's id: what was found when it was looked into. Told only of rows that miss. */
// @ts-check

/** @type {Readonly<Record<string, string>>} */
export const SHORTFALLS = Object.freeze({
  'http-limit':
    'The gateway’s own process takes 0.8 to 1.1 ms of a core for a request of 110 kB (HTTP, admission, queue, the pipe to an instance, log, metrics), and there are no other cores. It weighs more the quicker the model: without a server a picture takes about 12 ms of a core with efficientnet-lite0, 6 with mobilenetv2-12-int8.',
  'http-rival':
    'The rivals run the same model in the same ONNX Runtime, which is 70 % of the work with efficientnet-lite0; on two cores only decoding and serving can be saved. With 32 requests in flight at all times p99 follows from throughput, so it can be halved only where throughput is doubled.',
  'socket-http': 'As quick within what repeats differ by: the bytes and the work behind them are the same.',
  'phone-rival':
    'The quickest rival lets libjpeg decode an eighth of the picture’s size; here it is a quarter, so that the model sees twice the samples that its resize gives and answers as for the whole picture (`node bench/decode-size.mjs`). The file’s codes have to be read at any size.',
  'added-latency':
    'With work that costs nothing the way through both processes takes 0.6 ms. Beside real work the same way takes longer; probably because a run drives the code and data of both processes out of the caches.',
  'raw-ort':
    'ONNX Runtime alone takes 3 ms of a core for a picture with mobilenetv2-12-int8; 0.90 would leave 0.4 for everything else. Resizing and normalising 224 x 224 take 0.2, the gateway’s own process 1.1: frames read, copied to an instance and collected, answers written. The load comes from the same cores.',
  overload:
    'Refusing costs, too: the load generator and the reading of requests that are refused take cores from the instances. The bound by time keeps the accepted ones quick, not the rest cheap.',
  greedy: 'What the greedy one has in instances already is waited for by all.',
  'broken-input':
    'A truncated picture is known only once it is decoded. Each kind alone was within what repeats differ by.',
  'first-visit':
    'On the device alone the model has to pass its goldens before the first answer; the other library has none, and answers without.',
  'second-visit':
    'A third of it passes before our first line runs (service worker, React, Next), a third starts ONNX Runtime, though its compiled code is kept, the rest is the worker, the session and the first run.',
  live: 'On this machine a picture keeps both cores busy for about as long as lies between two frames, 33 ms (the row of photos above); the camera and the page need them, too.',
  'page-bytes':
    'An empty page of this version of Next and React has 135 kB. Ours adds 42, the checks of messages (zod) 21.',
});
