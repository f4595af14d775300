/** The document around the page. */
import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import './globals.css';

const description =
  'Names what your camera or a photo shows, with a model that runs in your own browser. Nothing leaves the device unless you let the gateway help.';

export const metadata: Metadata = {
  title: 'Twinlens: image classification on your device',
  description,
  applicationName: 'Twinlens',
  manifest: '/manifest.webmanifest',
  icons: {
    icon: [
      { url: '/icons/icon.svg', type: 'image/svg+xml' },
      { url: '/icons/icon-32.png', type: 'image/png', sizes: '32x32' },
    ],
    apple: [{ url: '/icons/apple-touch-icon.png', sizes: '180x180' }],
  },
  openGraph: { type: 'website', siteName: 'Twinlens', title: 'Twinlens', description },
  formatDetection: { telephone: false },
};

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  viewportFit: 'cover',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f5f4f0' },
    { media: '(prefers-color-scheme: dark)', color: '#0f1110' },
  ],
};

export default function Layout({ children }: { readonly children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        {children}
        <noscript>
          <p className="notice">Twinlens runs a model in your browser and needs JavaScript for it.</p>
        </noscript>
      </body>
    </html>
  );
}
