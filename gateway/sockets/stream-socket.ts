/**
 * The server's WebSocket class: tells a client whose frame is too large why it is disconnected, which `ws`
 * itself does with a bare 1009.
 */
import { WebSocket } from 'ws';
import { errorRow, TwinlensError, toErrorBody } from '../../core/errors.ts';

export function streamSocket(maxBytes: number): typeof WebSocket {
  const tooLarge = new TwinlensError(
    'PAYLOAD_TOO_LARGE',
    `A frame has at most ${maxBytes} bytes; send a smaller picture.`,
  );
  const closeCode = errorRow(tooLarge.code).closeCode;
  return class StreamSocket extends WebSocket {
    override close(code?: number, data?: string | Buffer): void {
      const ours = code === closeCode && data === undefined;
      if (ours && this.readyState === WebSocket.OPEN) {
        this.send(JSON.stringify({ type: 'error', ...toErrorBody(tooLarge) }));
      }
      super.close(code, ours ? tooLarge.message : data);
    }
  };
}
