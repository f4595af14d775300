/** The two ways in, as tabs by the ARIA pattern: arrow keys move and choose. */
import { type KeyboardEvent, useRef } from 'react';
import { CameraIcon, PhotosIcon } from './icons.tsx';
import styles from './tabs.module.css';

export type TabName = 'live' | 'photos';

const TABS = [
  { name: 'live', title: 'Camera', Icon: CameraIcon },
  { name: 'photos', title: 'Photos', Icon: PhotosIcon },
] as const;

interface TabsProps {
  readonly value: TabName;
  readonly onChange: (tab: TabName) => void;
}

export function Tabs({ value, onChange }: TabsProps) {
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const at = TABS.findIndex((tab) => tab.name === value);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 }[event.key];
    const next = to === undefined ? undefined : TABS.at(to % TABS.length);
    if (!next) return;
    event.preventDefault();
    onChange(next.name);
    list.current?.querySelector<HTMLElement>(`#tab-${next.name}`)?.focus();
  };
  return (
    <div className={styles.tabs} role="tablist" aria-label="Picture source" ref={list} onKeyDown={onKeyDown}>
      {TABS.map(({ name, title, Icon }) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          className={styles.tab}
          aria-selected={value === name}
          aria-controls={`panel-${name}`}
          tabIndex={value === name ? 0 : -1}
          data-testid={`tab-${name}`}
          onClick={() => onChange(name)}
        >
          <Icon />
          {title}
        </button>
      ))}
    </div>
  );
}
