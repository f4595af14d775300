/** Why a goal is missed where it is, by the row's id: what was found when it was looked into. Told only of rows that miss. */
// @ts-check

/** @type {Readonly<Record<string, string>>} */
export const SHORTFALLS = Object.freeze({
  'http-limit':
    'The gateway’s own process takes 0.6 to 1.4 ms of a core for a request of 110 kB (HTTP, admission, queue, the pipe to an instance, log, metrics), and there are no other cores. It weighs more the quicker the model: without a server a picture takes about 12 ms of a core with efficientnet-lite0, 6 with mobilenetv2-12-int8.',
  'http-rival':
    'The rivals run the same model in the same ONNX Runtime, which is 70 % of the work with efficientnet-lite0; on two cores only decoding and serving can be saved: with that model and no server at all it would be 1.24 of the best one. With 32 requests in flight at all times p99 follows from throughput, so it can be halved only where throughput is doubled.',
  'socket-http': 'As quick within what repeats differ by: the bytes and the work behind them are the same.',
  'phone-rival':
    'The quickest rival lets libjpeg decode an eighth of the picture’s size; here it is a quarter, so that the model sees twice the samples that its resize gives and answers as for the whole picture (`node bench/decode-size.mjs`). The file’s codes have to be read at any size. Of a core’s 24 ms for a picture of 1.3 MB with mobilenetv2-12-int8 the gateway’s own process takes 3, of which 0.4 to 0.6 collect the pieces in which the file came.',
  'added-latency':
    'The gateway’s own process takes 0.5 ms of a core for a request among 32, and 1.05 for the same request alone, equally warmed up: the run in between drives its code and data out of the caches. Four changes from process to process take 0.1 to 0.3 ms each. Decoding and the run are as quick as without a server.',
  'raw-ort':
    'ONNX Runtime alone takes 3.2 ms of a core for a picture with mobilenetv2-12-int8; 0.90 would leave 0.4 for everything else. Resizing to 256, cropping and normalising take 0.27, the gateway’s own process 0.56 (frames read, copied to an instance and collected, answers written), the load, from the same cores, 0.13; the run itself is slower beside them.',
  overload:
    'Refusing costs, too: the load generator and the reading of requests that are refused take cores from the instances. The bound by time keeps the accepted ones quick, not the rest cheap.',
  greedy: 'What the greedy one has in instances already is waited for by all.',
  'broken-input':
    'The broken ones come on top of good ones that take 60 % of the cores already. A truncated picture is known only once it is decoded, and one that is cancelled at once runs where an instance was free. Each kind alone was within what repeats differ by; two runs of 9 turns gave medians of 1.19 and 1.40.',
  'first-visit':
    'On the device alone the model has to pass its goldens before the first answer; the other library has none, and answers without.',
  'second-visit':
    'Of 1.4 s 0.35 pass before the page’s first line starts the worker (service worker, React, Next). ONNX Runtime then takes 0.4 to start, though its compiled code is kept: reading it 0.16, setting up 0.15. Opening the session takes 0.09, the first run 0.12 to 0.15 (later ones 0.03). Started before React, it takes the cores from React: no gain in 6 rounds.',
  live: 'A run takes 53 ms of one core here, camera and page about 15 ms a frame; the two cores have 66 between two frames, and threads that share them wait for each other.',
  'page-bytes':
    'An empty page of this version of Next and React has 135 kB. Ours adds 42, the checks of messages (zod) 21.',
});
