/** A new model comes in: dropped, chosen, or fetched from an address; sent with progress; told apart if bare. */
import { type ChangeEvent, type DragEvent, type FormEvent, useRef, useState } from 'react';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { progressWords } from '../../lib/admin/words.ts';
import { bytes, errorTitle } from '../../lib/words.ts';
import { UploadIcon } from '../icons.tsx';
import { Message } from '../message.tsx';
import { ProgressBar } from '../progress-bar.tsx';
import { SmallButton } from '../small-button.tsx';
import { useStore } from '../use-store.ts';
import { Field } from './field.tsx';
import { HintsForm } from './hints-form.tsx';
import styles from './new-model-panel.module.css';
import panel from './panel.module.css';

export function NewModelPanel({ admin }: { readonly admin: AdminConsole }) {
  const now = useStore(admin.newModel.view);
  return (
    <section className={panel.panel} aria-labelledby="add-title" data-testid="add" data-state={now.state}>
      <h2 className={panel.title} id="add-title">
        Add a model
      </h2>
      <Content admin={admin} />
    </section>
  );
}

function Content({ admin }: { readonly admin: AdminConsole }) {
  const now = useStore(admin.newModel.view);
  const cancel = (
    <SmallButton testId="upload-cancel" onClick={() => admin.newModel.cancel()}>
      Cancel
    </SmallButton>
  );
  switch (now.state) {
    case 'empty':
      return <Choose admin={admin} />;
    case 'hints':
      return <HintsForm admin={admin} chosen={now.chosen} />;
    case 'sending':
      return (
        <div className={styles.progress}>
          <p className={styles.line}>
            <strong id="sending">Sending {now.chosen.name}</strong>
            <span>{progressWords({ loadedBytes: now.sentBytes, totalBytes: now.totalBytes })}</span>
          </p>
          <ProgressBar labelledBy="sending" testId="upload-progress" value={now.sentBytes} max={now.totalBytes} />
          <p className={styles.line}>
            <span>Nothing is published before you say so.</span>
            {cancel}
          </p>
        </div>
      );
    case 'handing-in':
      return (
        <div className={styles.progress} role="status">
          <p className={styles.line}>
            <strong id="handing-in">Handing in {now.chosen.name}</strong>
          </p>
          <ProgressBar labelledBy="handing-in" />
        </div>
      );
    case 'failed':
      return (
        <>
          <div role="alert">
            <Message
              tone="bad"
              title={`${now.chosen.name}: ${errorTitle(now.error.code).toLowerCase()}`}
              text={now.error.message}
            />
          </div>
          <div className={panel.actions}>
            <SmallButton primary testId="upload-retry" onClick={() => admin.newModel.retry()}>
              Send again
            </SmallButton>
            {cancel}
          </div>
        </>
      );
    default: {
      const never: never = now;
      return never;
    }
  }
}

function Choose({ admin }: { readonly admin: AdminConsole }) {
  const now = useStore(admin.newModel.view);
  const { overview } = useStore(admin.overview.view);
  const [over, setOver] = useState(false);
  const [url, setUrl] = useState('');
  const file = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const onFile = ({ target }: ChangeEvent<HTMLInputElement>) => {
    const chosen = target.files?.[0];
    if (chosen) admin.newModel.chooseFile(chosen.name, chosen);
    // So that the same file can be chosen again.
    target.value = '';
  };
  const onFolder = ({ target }: ChangeEvent<HTMLInputElement>) => {
    const files = [...(target.files ?? [])];
    const name = files[0]?.webkitRelativePath.split('/', 1)[0] ?? 'model';
    const entries = files.map((entry) => ({
      path: entry.webkitRelativePath.slice(name.length + 1),
      file: entry,
    }));
    admin.newModel.chooseFolder(name, entries);
    target.value = '';
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const chosen = event.dataTransfer.files[0];
    if (chosen) admin.newModel.chooseFile(chosen.name, chosen);
  };
  const onUrl = (event: FormEvent) => {
    event.preventDefault();
    admin.newModel.chooseUrl(url);
  };
  const max = overview?.limits.maxUploadBytes;
  const readOnly = overview?.readOnly !== undefined;
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping has its keyboard's way in the buttons inside */}
      <div
        className={styles.drop}
        data-over={over}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
      >
        <span className={styles.icon}>
          <UploadIcon />
        </span>
        <div>
          <p className={styles.dropTitle}>Drop a model here</p>
          <p className={panel.small}>
            A package, a Hugging Face model or a bare graph: .zip, .tar, .tar.gz or .onnx
            {max === undefined ? '' : `, up to ${bytes(max)}`}
          </p>
        </div>
        <div className={styles.buttons}>
          <SmallButton primary disabled={readOnly} onClick={() => file.current?.click()}>
            Choose a file
          </SmallButton>
          <SmallButton disabled={readOnly} onClick={() => folder.current?.click()}>
            Choose a folder
          </SmallButton>
        </div>
        <input
          ref={file}
          className="unseen"
          type="file"
          tabIndex={-1}
          accept=".zip,.tar,.gz,.tgz,.onnx"
          aria-label="Model file"
          data-testid="model-file"
          disabled={readOnly}
          onChange={onFile}
        />
        <input
          ref={folder}
          className="unseen"
          type="file"
          tabIndex={-1}
          aria-label="Model folder"
          data-testid="model-folder"
          disabled={readOnly}
          {...{ webkitdirectory: '' }}
          onChange={onFolder}
        />
      </div>
      <form className={styles.url} onSubmit={onUrl} noValidate>
        <Field
          label="Or fetch it from an address"
          type="url"
          inputMode="url"
          placeholder="https://"
          autoComplete="off"
          spellCheck={false}
          value={url}
          disabled={readOnly}
          testId="model-url"
          onValue={setUrl}
        />
        <button type="submit" className="button" disabled={readOnly || url.trim() === ''} data-testid="model-fetch">
          Fetch
        </button>
      </form>
      <div role="alert">
        {now.state === 'empty' && now.problem && (
          <Message tone="bad" code={now.problem.code} title="That can’t be taken" text={now.problem.message} />
        )}
      </div>
    </>
  );
}
