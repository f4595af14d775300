/** The page's own drawings: 20 x 20, one stroke width, in the colour of the text. Decoration only. */
import type { ReactNode } from 'react';

function Icon({ children }: { readonly children: ReactNode }) {
  return (
    <svg
      width="20"
      height="20"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

/** The mark: two circles and the lens between them. */
export function TwinMark() {
  return (
    <svg width="32" height="22" viewBox="0 0 32 22" fill="none" aria-hidden="true" focusable="false">
      <circle cx="11.5" cy="11" r="8.5" stroke="currentColor" strokeWidth="2" />
      <circle cx="20.5" cy="11" r="8.5" stroke="currentColor" strokeWidth="2" />
      <path d="M16 3.79a8.5 8.5 0 0 1 0 14.42a8.5 8.5 0 0 1 0-14.42z" fill="currentColor" />
    </svg>
  );
}

/** Which twin answers: left the device, right the gateway. */
export function TwinState({ active }: { readonly active: 'device' | 'gateway' }) {
  return (
    <svg width="30" height="20" viewBox="0 0 30 20" fill="none" aria-hidden="true" focusable="false">
      <circle
        cx="10.5"
        cy="10"
        r="7.5"
        stroke="currentColor"
        strokeWidth="1.8"
        fill={active === 'device' ? 'currentColor' : 'none'}
      />
      <circle
        cx="19.5"
        cy="10"
        r="7.5"
        stroke="currentColor"
        strokeWidth="1.8"
        fill={active === 'gateway' ? 'currentColor' : 'none'}
      />
    </svg>
  );
}

export const CameraIcon = () => (
  <Icon>
    <path d="M2.5 7a1.5 1.5 0 0 1 1.5-1.5h2l1.2-2h5.6l1.2 2h2A1.5 1.5 0 0 1 17.5 7v7.5a1.5 1.5 0 0 1-1.5 1.5H4a1.5 1.5 0 0 1-1.5-1.5z" />
    <circle cx="10" cy="10.6" r="3" />
  </Icon>
);
export const PhotosIcon = () => (
  <Icon>
    <rect x="2.5" y="3.5" width="15" height="13" rx="2" />
    <path d="m3 14 4-4 3.5 3.5L13 11l4 4" />
    <circle cx="13.5" cy="7.2" r="1.2" />
  </Icon>
);
export const LockIcon = () => (
  <Icon>
    <rect x="4" y="9" width="12" height="8" rx="2" />
    <path d="M6.5 9V6.5a3.5 3.5 0 0 1 7 0V9" />
  </Icon>
);
export const SendIcon = () => (
  <Icon>
    <path d="M6 14 15 5M8 5h7v7" />
  </Icon>
);
export const FlipIcon = () => (
  <Icon>
    <path d="M3.5 8.5A6.8 6.8 0 0 1 16 7M16.5 11.5A6.8 6.8 0 0 1 4 13" />
    <path d="M16.3 3.5V7h-3.5M3.7 16.5V13h3.5" />
  </Icon>
);
export const StopIcon = () => (
  <Icon>
    <rect x="5" y="5" width="10" height="10" rx="2" fill="currentColor" stroke="none" />
  </Icon>
);
export const CloseIcon = () => (
  <Icon>
    <path d="m5.5 5.5 9 9M14.5 5.5l-9 9" />
  </Icon>
);
export const RetryIcon = () => (
  <Icon>
    <path d="M16 10a6 6 0 1 1-2-4.5" />
    <path d="M16 2.8v3.5h-3.5" />
  </Icon>
);
export const PlusIcon = () => (
  <Icon>
    <path d="M10 4v12M4 10h12" />
  </Icon>
);
export const UploadIcon = () => (
  <Icon>
    <path d="M10 13V4M6.5 7.2 10 3.7l3.5 3.5M3.5 12.5V15a1.5 1.5 0 0 0 1.5 1.5h10a1.5 1.5 0 0 0 1.5-1.5v-2.5" />
  </Icon>
);
export const CheckIcon = () => (
  <Icon>
    <path d="m4.5 10.5 3.7 3.7 7.3-8" />
  </Icon>
);
export const AlertIcon = () => (
  <Icon>
    <path d="M10 4v7.2M10 15.4v.1" />
  </Icon>
);
export const UndoIcon = () => (
  <Icon>
    <path d="M7 4 3.5 7.5 7 11M3.5 7.5H12a4.5 4.5 0 0 1 0 9H8" />
  </Icon>
);
