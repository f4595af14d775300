/** `/admin`: the operator's page. */
import type { Metadata } from 'next';
import { Admin } from '../components/admin/admin.tsx';

export const metadata: Metadata = {
  title: 'Models: Twinlens',
  description: 'The models of this gateway: their versions, canaries and sources.',
  robots: { index: false, follow: false },
};

export default function Page() {
  return <Admin />;
}
