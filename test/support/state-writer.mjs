/**
 * Moves a label on and on in the state of the folder that it is given, and tells each move once it is on the disk.
 * It ends by being killed. Run on what the compiler made, as the gateway is.
 */
const [folder] = process.argv.slice(2);
const { StateStore } = await import('../../dist/gateway/serving/state-store.js');
const { modelState, withModel } = await import('../../dist/gateway/serving/state.js');

const store = await StateStore.open({ folder });
for (;;) {
  const next = (modelState(store.state, 'mini').labels.beta ?? 0) + 1;
  await store.change((state) => withModel(state, 'mini', (model) => ({ ...model, labels: { beta: next } })));
  process.stdout.write(`${next}\n`);
}
