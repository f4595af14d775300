/** The whole page takes dropped and pasted pictures. */
import { useEffect, useState } from 'react';
import type { Runtime } from '../lib/runtime.ts';
import styles from './drop-target.module.css';

interface DropTargetProps {
  readonly runtime: Runtime;
  readonly onFiles: () => void;
}

export function DropTarget({ runtime, onFiles }: DropTargetProps) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const take = (data: DataTransfer | null): boolean => {
      const files = [...(data?.files ?? [])];
      if (files.length === 0) return false;
      runtime.photos.add(files.map((file) => ({ name: file.name || 'Pasted picture', file })));
      onFiles();
      return true;
    };
    // Entering a child fires before leaving its parent, so the ends are counted.
    let depth = 0;
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const enter = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      depth += 1;
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const move = (event: DragEvent) => {
      if (carriesFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      depth = 0;
      setOver(false);
      if (carriesFiles(event)) event.preventDefault();
      take(event.dataTransfer);
    };
    const paste = (event: ClipboardEvent) => {
      if (take(event.clipboardData)) event.preventDefault();
    };
    const all = new AbortController();
    const { signal } = all;
    document.addEventListener('dragenter', enter, { signal });
    document.addEventListener('dragleave', leave, { signal });
    document.addEventListener('dragover', move, { signal });
    document.addEventListener('drop', drop, { signal });
    document.addEventListener('paste', paste, { signal });
    return () => all.abort();
  }, [runtime, onFiles]);
  return over ? (
    <div className={styles.cover}>
      <p className={styles.words}>Drop to classify</p>
    </div>
  ) : null;
}
