/** CSS modules as the bundler resolves them; Next writes the same into a file that is not committed. */
declare module '*.module.css' {
  const classes: Readonly<Record<string, string>>;
  export default classes;
}
declare module '*.css';
