/**
 * Frames of a playing video element. Owns the element while it is attached; each frame taken is the
 * taker's to close.
 */
import type { FrameSource } from './live.ts';

export type LiveFrame = VideoFrame | ImageBitmap;

export class VideoFrames implements FrameSource<LiveFrame> {
  #video: HTMLVideoElement | undefined;
  #waiting: (() => void) | undefined;
  #stop: (() => void) | undefined;

  attach(video: HTMLVideoElement | undefined): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#video = video;
    if (this.#waiting) this.#listen();
  }

  onNext(callback: () => void): () => void {
    this.#waiting = callback;
    this.#listen();
    return () => {
      if (this.#waiting !== callback) return;
      this.#waiting = undefined;
      this.#stop?.();
      this.#stop = undefined;
    };
  }

  async take(): Promise<LiveFrame | undefined> {
    const video = this.#video;
    if (!video || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) return undefined;
    if (typeof VideoFrame === 'function') {
      try {
        return new VideoFrame(video);
      } catch {
        // Some browsers have the class but can't read their own camera with it.
      }
    }
    return createImageBitmap(video);
  }

  #listen(): void {
    const video = this.#video;
    if (!video || this.#stop) return;
    const arrived = () => {
      this.#stop = undefined;
      const callback = this.#waiting;
      this.#waiting = undefined;
      callback?.();
    };
    if ('requestVideoFrameCallback' in video) {
      const id = video.requestVideoFrameCallback(arrived);
      this.#stop = () => video.cancelVideoFrameCallback(id);
    } else {
      const id = requestAnimationFrame(arrived);
      this.#stop = () => cancelAnimationFrame(id);
    }
  }
}

/** A second handle on the same picture, for transferring away while the first is kept for a fallback. */
export async function copyFrame(frame: LiveFrame): Promise<LiveFrame> {
  return 'clone' in frame ? frame.clone() : createImageBitmap(frame);
}
