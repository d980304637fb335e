import type { Config, HookConfig } from '../config.ts';
import { leftBehind } from '../engine-place.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { formatLsn } from '../lsn.ts';
import { enginePlaceOf } from '../open-engine.ts';
import { type Continuity, continuity } from '../source/continuity.ts';
import { type Gap, gapText, type Loss, lossText } from '../source/loss.ts';
import { refuseReader, resync as goOn } from '../source/resync.ts';
import { openDurableState } from '../state.ts';
import type { Verb } from './command.ts';
import { canAsk, yesOrNo } from './confirm.ts';
import { readConfig } from './read-config.ts';
import { affectedHooks, chosenHooks, defaultHooks, type StoredForResync, storeBackfills, type UnfinishedBackfill, type WaitingBackfill } from './resync-backfills.ts';
import { print } from './terminal.ts';
import { groupCommand, refuseKafka, withSource } from './with-source.ts';

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
  /** Those that the next `walhook run` begins with. */
  readonly backfills: readonly WaitingBackfill[];
  /** Those that go on where they were: what changed in the gap behind their place they do not send. */
  readonly unfinished_backfills: readonly UnfinishedBackfill[];
}

/** `walhook resync`: says what is lost, and goes on without it when told to. */
export const resync: Verb = async ({ options }) => {
  const config = readConfig(options.config);
  if (config.source.kafka !== null) refuseKafka(config, 'there is no slot that could be lost', `how far it has come: ${groupCommand(config.source.kafka, '--describe')}`);
  const json = options.json === true;
  const chosen = chosenHooks(options.backfill, config);
  if (chosen !== null && options.acceptGap !== true) throw new WalhookError('--backfill goes with --accept-gap', { code: 'usage', hint: 'walhook resync --help', exit: EXIT.usage });
  const tell = (report: ResyncReport, ...lines: readonly string[]): void => {
    if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    else for (const line of lines) print(line);
  };
  const state = await openDurableState(config, { timeout: RENUMBER_TIMEOUT });
  try {
    return await withSource(config, 'resync it', async (client) => {
      const found = await continuity(config, client, () => state.load());
      refuseReader(config, found.facts);
      const left = leftBehind(await state.engine.load(), await enginePlaceOf(config));
      /** What is in the engine's topic is given up, and the next `walhook run` does not ask for it. */
      const giveUp = async (): Promise<void> => {
        if (left === null) return;
        await state.takeOver();
        await state.engine.forget();
      };
      if (!isLost(found)) {
        const accepted = left !== null && options.acceptGap === true;
        if (accepted) await giveUp();
        tell({ loss: left === null ? null : 'engine_left', message: left, from: null, to: null, accepted, position: placeOf(found), backfills: [], unfinished_backfills: [] }, ...engineText(left, accepted));
        return left === null || accepted ? EXIT.ok : EXIT.checkFailed;
      }
      const report = reportOf(found.loss);
      if (options.acceptGap !== true) {
        tell(report, lossText(found.loss), '', REMEDIES[found.loss.remedy], 'What is parked or dead stays as it is, and is sent first.', ...backfillAdvice(found.loss, config), '', 'walhook resync --accept-gap');
        return EXIT.checkFailed;
      }
      const onStep = ({ description, sql }: { readonly description: string; readonly sql: string }): void => {
        if (!json) print(`\n-- ${description}\n${sql};`);
      };
      if (!json) print(`-- ${lossText(found.loss)}`);
      const hooks = chosen ?? (json || !canAsk() ? defaultHooks(found.loss, config) : await asked(found.loss, config));
      if (hooks === null) {
        print('\nnothing was done');
        return EXIT.failure;
      }
      let backfills: StoredForResync = { waiting: [], unfinished: [] };
      const prepare = async (): Promise<void> => {
        await giveUp();
        backfills = await storeBackfills(state.backfills, hooks);
      };
      const { stored, gap } = await goOn({ config, client, state, found, onStep, prepare });
      const at = formatLsn(stored.position.lsn);
      const accepted = { ...reportOf({ ...found.loss, gap }), accepted: true, position: at, backfills: backfills.waiting, unfinished_backfills: backfills.unfinished };
      tell(accepted, '', `-- accepted: ${gapText(gap)}`, `-- walhook run goes on at ${at}`, ...backfillText(backfills, found.loss, config).map((line) => `-- ${line}`));
      return EXIT.ok;
    });
  } finally {
    await state.close();
  }
};

/** @param left null: nothing is lost */
function engineText(left: string | null, accepted: boolean): readonly string[] {
  if (left === null) return ['nothing is lost: walhook run goes on where it was'];
  return accepted ? [left, '', 'It is given up: walhook run goes on where it was.'] : [left, '', 'With --accept-gap it is given up, and the stream goes on where it was.', '', 'walhook resync --accept-gap'];
}

/** Null: there was no answer. */
async function asked(loss: Loss, config: Config): Promise<readonly HookConfig[] | null> {
  const hooks = affectedHooks(config);
  if (hooks.length === 0) return hooks;
  print(`\n${STALE[loss.gap.kind]} ${MISSED[loss.gap.kind]}`);
  const answer = await yesOrNo(`Send the rows of the tables as they are now, to ${namesOf(hooks)}, while streaming goes on?`);
  return answer === null ? null : answer ? hooks : [];
}

/** What can be done about the gap. */
function backfillAdvice({ gap: { kind } }: Loss, config: Config): string[] {
  const hooks = affectedHooks(config);
  if (hooks.length === 0) return [];
  return [`${STALE[kind]} --backfill all sends the rows of the tables as they are now, to ${namesOf(hooks)}; or name hooks, or none.`, MISSED[kind]];
}

/** What is done about it. */
function backfillText({ waiting, unfinished }: StoredForResync, { gap }: Loss, config: Config): string[] {
  const goingOn = unfinished.map(({ id, hook }) => `backfill ${id} of hook ${hook} goes on where it was: what changed in the gap behind that it does not send`);
  if (waiting.length > 0) return [...waiting.map(({ id, hook, table }) => `it begins with backfill ${id}: the rows of ${table} for hook ${hook}`), ...goingOn, MISSED[gap.kind]];
  const [hook] = affectedHooks(config);
  return [...goingOn, ...(hook === undefined ? [] : [`no rows are sent again; once it runs: walhook backfill ${hook.name}`])];
}

function namesOf(hooks: readonly HookConfig[]): string {
  return hooks.map(({ name }) => name).join(', ');
}

/** How receivers and tables differ. */
const STALE: Readonly<Record<Gap['kind'], string>> = {
  unsent: 'What was inserted and updated in the gap is in the tables still.',
  undone: 'Receivers have what the tables do not have any more.',
};

/** What no backfill can make good. */
const MISSED: Readonly<Record<Gap['kind'], string>> = {
  unsent: 'Rows that were deleted in the gap are not found: walhook does not keep which rows it has sent.',
  undone: 'Rows that receivers have and the tables have not are not found: walhook does not keep which rows it has sent.',
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
  return { loss: loss.code, message: lossText(loss), from: from === null ? null : formatLsn(from), to: formatLsn(to), accepted: false, position: null, backfills: [], unfinished_backfills: [] };
}

function placeOf({ stored, facts }: Continuity): string | null {
  const lsn = stored?.position.lsn ?? facts.slot?.confirmedFlushLsn ?? null;
  return lsn === null ? null : formatLsn(lsn);
}
