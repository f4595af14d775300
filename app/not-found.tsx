/** What an address that is none shows. */
export const metadata = { title: 'Not found: Twinlens' };

export default function NotFound() {
  return (
    <main className="notice">
      <h1>Nothing is here</h1>
      <p>
        The page is at <a href="/">the start</a>.
      </p>
    </main>
  );
}
