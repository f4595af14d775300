/** The few globals beyond ECMAScript that every platform of ours has and core uses. */
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label: 'utf-8', options?: { fatal?: boolean });
  decode(bytes: Uint8Array): string;
}
declare function btoa(text: string): string;
declare function atob(text: string): string;
