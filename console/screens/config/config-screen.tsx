import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type { ConfigReport } from '../../../src/inspection.ts';
import { useAct } from '../../api/act.ts';
import { post } from '../../api/api.ts';
import { useResource } from '../../api/resource.ts';
import { Copy } from '../../parts/copy.tsx';
import { Diff, Lines } from '../../parts/lines.tsx';
import { Raw } from '../../parts/raw.tsx';
import { State } from '../../parts/state.tsx';
import { Time } from '../../parts/time.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { lineDiff } from '../../text/line-diff.ts';

/** The file that runs, the file on disk, and what keeps one from becoming the other. */
export function ConfigScreen(): VNode {
  const config = useResource<ConfigReport>('/config', 5_000);
  const { busy, run } = useAct();
  const report = config.data;
  const reload = (): void =>
    run(async () => {
      try {
        await post('/config/reload');
      } finally {
        config.reload();
      }
      return 'The file is read again, and runs.';
    });
  return (
    <>
      <h1>
        Config
        <span class="grow" />
        {report === null ? null : (
          <button type="button" class={`button ${report.disk?.differs === true ? 'main' : ''}`} disabled={busy} onClick={reload}>
            Reload
          </button>
        )}
      </h1>
      <Waiting of={config} what="the configuration" />
      {report === null ? null : <ConfigParts report={report} stale={config.stale} />}
    </>
  );
}

function ConfigParts({ report: { path, loaded_at: loaded, text, failed, disk }, stale }: { readonly report: ConfigReport; readonly stale: boolean }): VNode {
  const diff = useMemo(() => (disk === null || !disk.differs ? [] : lineDiff(text, disk.text)), [text, disk]);
  const visible = diff.some(({ kind }) => kind !== 'same');
  const problems = disk === null ? [] : disk.problems.length > 0 ? disk.problems : [];
  return (
    <div data-stale={stale}>
      <p>
        <Copy class="id whole" text={() => path}>
          {path}
        </Copy>{' '}
        <span class="faint">
          read <Time at={loaded} />
        </span>{' '}
        {disk === null ? <State tone="failing">cannot be read</State> : <State tone={disk.problems.length > 0 ? 'failing' : disk.differs ? 'waiting' : 'ok'}>{disk.differs ? 'differs on disk' : 'as on disk'}</State>}
      </p>
      {failed === null ? null : (
        <section class="note" data-test="failed-reload">
          <p>
            <State tone="failing">
              The reload <Time at={failed.at} /> failed
            </State>
            ; what ran goes on. <Raw text={failed.message} most={2_000} />
          </p>
          {failed.problems.map(({ line, column, path: where, message }) => (
            <p>
              <span class="faint">
                line {line}, column {column}
              </span>{' '}
              <Raw text={where === '' ? message : `${where}: ${message}`} most={1_000} />
            </p>
          ))}
        </section>
      )}
      {problems.length === 0 || disk === null ? null : (
        <section>
          <h2>On disk, with what is wrong</h2>
          <Lines label="file on disk" text={disk.text} problems={problems} />
        </section>
      )}
      {visible ? (
        <section>
          <h2>What a reload would change</h2>
          <Diff label="difference from the file on disk" lines={diff} />
        </section>
      ) : disk?.differs === true ? (
        <p class="faint">The difference is in what is masked.</p>
      ) : null}
      <section>
        <h2>
          What runs
          <span class="grow" />
          <Copy class="quiet" text={() => text}>
            copy
          </Copy>
        </h2>
        <Lines label="configuration" text={text} />
      </section>
    </div>
  );
}
