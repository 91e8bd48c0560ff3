// ONNX Runtime as a peer: node onnxruntime-peer.js NET.onnx THREADS. Answers lines on standard input; see docs/performance.md.
'use strict';
const fs = require('fs');
const readline = require('readline');
const ort = require('onnxruntime-node');

// [C, positions] from [positions, C], or back.
function transpose(from, rows, columns) {
  const to = new Float32Array(from.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) to[c * rows + r] = from[r * columns + c];
  return to;
}

function floats(file) {
  const bytes = fs.readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

async function main() {
  const [path, threads] = [process.argv[2], Number(process.argv[3])];
  const session = await ort.InferenceSession.create(path, {
    executionProviders: ['cpu'], intraOpNumThreads: threads, interOpNumThreads: 1,
    executionMode: 'sequential', graphOptimizationLevel: 'all',
  });
  const dims = session.inputMetadata[0].shape;
  let feed = null;
  let logits = null;
  const answers = {
    input(file) {
      const image = floats(file);
      feed = { image: new ort.Tensor('float32', transpose(image, image.length / dims[1], dims[1]), dims) };
      return 'ok';
    },
    async run() {
      const start = process.hrtime.bigint();
      ({ logits } = await session.run(feed));
      return (Number(process.hrtime.bigint() - start) / 1e6).toFixed(3);
    },
    output(file) {
      const classes = logits.dims[1];
      const last = transpose(logits.data, classes, logits.data.length / classes);
      fs.writeFileSync(file, Buffer.from(last.buffer));
      return 'ok';
    },
    memory: () => (process.resourceUsage().maxRSS / 1024).toFixed(1),
  };
  console.log('ready');
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [verb, argument] = line.trim().split(/ (.*)/);
    console.log(answers[verb] ? await answers[verb](argument) : `error: unknown line '${verb}'`);
  }
}

main().catch((error) => {
  console.log(`error: ${error.message}`);
  process.exitCode = 1;
});
