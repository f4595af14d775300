/** The face of sockets: the WebSocket half of the gateway. */
export { attachSockets, type Sockets, type SocketsOptions } from './socket-server.ts';
