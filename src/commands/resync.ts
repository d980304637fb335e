import { EXIT } from '../errors.ts';
import { formatLsn } from '../lsn.ts';
import { type Continuity, continuity } from '../source/continuity.ts';
import { gapText, type Loss, lossText } from '../source/loss.ts';
import { refuseReader, resync as goOn } from '../source/resync.ts';
import { openDurableState } from '../state.ts';
import type { Verb } from './command.ts';
import { readConfig } from './read-config.ts';
import { print } from './terminal.ts';
import { withSource } from './with-source.ts';

/** Milliseconds for a statement that may change every stored delivery. */
const RENUMBER_TIMEOUT = 30 * 60_000;

/** What `walhook resync --json` prints. LSNs as text. */
interface ResyncReport {
  /** Null: nothing is lost. */
  readonly loss: string | null;
  readonly message: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly accepted: boolean;
  /** Where the stream goes on; null as long as the gap is not accepted. */
  readonly position: string | null;
}

/** `walhook resync`: says what is lost, and goes on without it when told to. */
export const resync: Verb = async ({ options }) => {
  const config = readConfig(options.config);
  const json = options.json === true;
  const tell = (report: ResyncReport, ...lines: readonly string[]): void => {
    if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    else for (const line of lines) print(line);
  };
  const state = await openDurableState(config, { timeout: RENUMBER_TIMEOUT });
  try {
    return await withSource(config, 'resync it', async (client) => {
      const found = await continuity(config, client, () => state.load());
      refuseReader(config, found.facts);
      if (!isLost(found)) {
        tell({ loss: null, message: null, from: null, to: null, accepted: false, position: placeOf(found) }, 'nothing is lost: walhook run goes on where it was');
        return EXIT.ok;
      }
      const report = reportOf(found.loss);
      if (options.acceptGap !== true) {
        tell(report, lossText(found.loss), '', REMEDIES[found.loss.remedy], 'What is parked or dead stays as it is, and is sent first.', '', 'walhook resync --accept-gap');
        return EXIT.checkFailed;
      }
      const onStep = ({ description, sql }: { readonly description: string; readonly sql: string }): void => {
        if (!json) print(`\n-- ${description}\n${sql};`);
      };
      if (!json) print(`-- ${lossText(found.loss)}`);
      const { stored, gap } = await goOn({ config, client, state, found, onStep });
      const at = formatLsn(stored.position.lsn);
      const accepted = { ...reportOf({ ...found.loss, gap }), accepted: true, position: at };
      tell(accepted, '', `-- accepted: ${gapText(gap)}`, `-- walhook run goes on at ${at}`);
      return EXIT.ok;
    });
  } finally {
    await state.close();
  }
};

const REMEDIES: Readonly<Record<Loss['remedy'], string>> = {
  new_slot: 'With --accept-gap the slot is made anew, and the stream goes on at the end of the WAL.',
  slot_position: 'With --accept-gap the stream goes on where the slot is.',
  publication: 'With --accept-gap the publication is made as the configuration wants it, and the stream goes on where it was.',
};

function isLost(found: Continuity): found is Continuity & { readonly loss: Loss } {
  return found.loss !== null;
}

function reportOf(loss: Loss): ResyncReport {
  const { from, to } = loss.gap;
  return { loss: loss.code, message: lossText(loss), from: from === null ? null : formatLsn(from), to: formatLsn(to), accepted: false, position: null };
}

function placeOf({ stored, facts }: Continuity): string | null {
  const lsn = stored?.position.lsn ?? facts.slot?.confirmedFlushLsn ?? null;
  return lsn === null ? null : formatLsn(lsn);
}
