/** The head of every page: the way past it for keyboards, the name, and what a page puts at its end. */
import type { ReactNode } from 'react';
import { TwinMark } from './icons.tsx';
import styles from './masthead.module.css';

interface MastheadProps {
  /** What the element with the id `work` holds. */
  readonly skip: string;
  /** Beside the name: the part of the product that this page is. */
  readonly section?: string;
  /** Where there is room. */
  readonly tagline?: string;
  readonly children: ReactNode;
}

export function Masthead({ skip, section, tagline, children }: MastheadProps) {
  return (
    <>
      <a className={styles.skip} href="#work">
        {skip}
      </a>
      <header className={styles.masthead}>
        <div className={styles.brand}>
          <span className={styles.mark}>
            <TwinMark />
          </span>
          <h1 className={styles.name}>
            Twinlens
            {section && <span>{section}</span>}
          </h1>
          {tagline && <p className={styles.tagline}>{tagline}</p>}
        </div>
        <div className={styles.end}>{children}</div>
      </header>
    </>
  );
}
