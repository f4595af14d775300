/** The examples of a Markdown page that are TypeScript or JavaScript, and their type check without writing a file. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Example {
  /** Where it stands: its imports are relative to docs/. */
  readonly file: string;
  /** `run` when a test runs it, `check` when it is only type-checked. */
  readonly kind: 'run' | 'check';
  readonly text: string;
  /** What the page says that it prints, if it says so. */
  readonly prints: string | undefined;
}

export function examplesOf(page: string): readonly Example[] {
  const text = readFileSync(`${root}docs/${page}`, 'utf8');
  const blocks = /^```(ts|js) (run|check)\n([\s\S]*?)^```(?:\n\n```text printed\n([\s\S]*?)^```)?/gm;
  return [...text.matchAll(blocks)].map(([, language, kind, example = '', prints], index) => ({
    file: `${root}docs/${page}.${index + 1}.${language === 'js' ? 'mjs' : 'ts'}`,
    kind: kind === 'run' ? 'run' : 'check',
    text: example,
    prints,
  }));
}

/** The compiler's complaints, one a line; empty when all examples are right. */
export function typeErrors(examples: readonly Example[]): readonly string[] {
  const typed = examples.filter((example) => example.file.endsWith('.ts'));
  const texts = new Map(typed.map((example) => [example.file, example.text]));
  const read = ts.readConfigFile(`${root}test/tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...read.config, include: [] }, ts.sys, `${root}test`);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.getSourceFile = (file, languageVersion, ...rest) => {
    const text = texts.get(file);
    return text === undefined
      ? getSourceFile(file, languageVersion, ...rest)
      : ts.createSourceFile(file, text, languageVersion);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map((found) => {
    const line =
      found.file && found.start !== undefined ? found.file.getLineAndCharacterOfPosition(found.start).line : 0;
    return `${found.file?.fileName ?? ''}:${line + 1} ${ts.flattenDiagnosticMessageText(found.messageText, ' ')}`;
  });
}
