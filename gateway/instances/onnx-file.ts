/**
 * Looks into an ONNX file just far enough to see whether it keeps tensors in other files: such a model
 * could make ONNX Runtime read any file of the machine.
 */
import { TwinlensError } from '../../core/errors.ts';
import { fieldsOf, walk } from './onnx-walk.ts';

/** TensorProto: the key-value pairs that name the file, and where the data is (1: elsewhere). */
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;

/** Throws INVALID_ARGUMENT for a file that is no ONNX model, or one with external data. */
export function checkSelfContained(bytes: Uint8Array): void {
  walk(bytes, (message, inside) => {
    if (message !== 'tensor') return;
    for (const { number, value } of fieldsOf(inside)) {
      const elsewhere = number === EXTERNAL_DATA ? typeof value !== 'number' : number === DATA_LOCATION && value === 1;
      if (!elsewhere) continue;
      throw new TwinlensError(
        'INVALID_ARGUMENT',
        'The model keeps tensors in other files (ONNX external data); save it as one file.',
      );
    }
  });
}
