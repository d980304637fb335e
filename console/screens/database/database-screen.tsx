import type { VNode } from 'preact';
import type { DatabaseReport } from '../../../src/inspection.ts';
import { useResource } from '../../api/resource.ts';
import { State } from '../../parts/state.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { SlotLine } from '../overview/slot-line.tsx';
import { Findings } from './findings.tsx';
import { TableRows } from './table-rows.tsx';

/** What `walhook check` finds, and what walhook reads. */
export function DatabaseScreen(): VNode {
  const database = useResource<DatabaseReport>('/database', 30_000);
  const report = database.data;
  return (
    <>
      <h1>
        Database
        <span class="grow" />
        <button type="button" class="button" onClick={database.reload}>
          Check again
        </button>
      </h1>
      <Waiting of={database} what="the database" />
      {report === null ? null : (
        <div data-stale={database.stale}>
          <dl class="facts">
            <div>
              <dt>Postgres</dt>
              <dd>{report.server.version}</dd>
            </div>
            <div>
              <dt>database</dt>
              <dd>{report.server.database}</dd>
            </div>
            <div>
              <dt>wal_level</dt>
              <dd>
                <State tone={report.server.wal_level === 'logical' ? 'ok' : 'dead'}>{report.server.wal_level}</State>
              </dd>
            </div>
            <div>
              <dt>role of the server</dt>
              <dd>{report.server.in_recovery ? 'standby' : 'primary'}</dd>
            </div>
            <div>
              <dt>publication {report.publication.name}</dt>
              <dd>
                <State tone={report.publication.exists ? 'ok' : 'dead'}>{report.publication.exists ? `${report.publication.tables.length} tables` : 'is not there'}</State>
              </dd>
            </div>
          </dl>
          <section>
            <h2>
              Findings <span class="faint">{report.findings.length}</span>
            </h2>
            <Findings findings={report.findings} />
          </section>
          <section>
            <h2>Slot</h2>
            {report.slot.received === '' && report.slot.state === 'streaming' ? <p class="empty">This process only delivers. Another one reads the slot, and tells of it.</p> : <SlotLine slot={report.slot} />}
          </section>
          <section>
            <h2>
              Tables <span class="faint">{report.tables.length}</span>
            </h2>
            <TableRows tables={report.tables} />
          </section>
        </div>
      )}
    </>
  );
}
