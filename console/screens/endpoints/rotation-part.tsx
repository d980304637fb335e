import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { EndpointReport, Rotation } from '../../../src/inspection.ts';
import { useAct } from '../../api/act.ts';
import { post } from '../../api/api.ts';
import { Copy } from '../../parts/copy.tsx';
import { Fix } from '../../parts/fix.tsx';
import { State } from '../../parts/state.tsx';
import { Time } from '../../parts/time.tsx';

interface RotationProps {
  readonly endpoint: EndpointReport;
  readonly onChange: () => void;
}

/** A new signing secret beside the old ones, and how long both sign. */
export function RotationPart({ endpoint: { name, rotation }, onChange }: RotationProps): VNode {
  const { busy, run } = useAct();
  const [grace, setGrace] = useState('24h');
  const [fresh, setFresh] = useState<Rotation | null>(null);
  const path = `/endpoints/${encodeURIComponent(name)}`;
  const begin = (event: SubmitEvent): void => {
    event.preventDefault();
    run(async () => {
      setFresh(await post<Rotation>(`${path}/rotate`, { grace }));
      onChange();
      return `${name} has a new secret. Requests bear both signatures for ${grace}.`;
    });
  };
  const end = (): void =>
    run(async () => {
      await post(`${path}/end-rotation`);
      setFresh(null);
      onChange();
      return `${name} signs with the configuration's secrets alone.`;
    });
  return (
    <section data-test="rotation">
      <h3>Secret</h3>
      {rotation === null ? (
        <form class="actions" onSubmit={begin}>
          <label>
            both sign for <input class="short" aria-label="grace time" value={grace} pattern="[0-9]+(ms|s|m|h|d)([0-9]+(ms|s|m|h))*" onInput={(event) => setGrace(event.currentTarget.value)} />
          </label>
          <button type="submit" class="button" disabled={busy}>
            Rotate the secret
          </button>
        </form>
      ) : (
        <>
          <p>
            <State tone={rotation.configured ? 'ok' : 'waiting'}>{rotation.configured ? 'the file has the new secret' : 'both secrets sign'}</State>, begun <Time at={rotation.began_at} />; only the new one signs{' '}
            <b>
              <Time at={rotation.ends_at} />
            </b>
          </p>
          {fresh === null ? null : (
            <div class="secret">
              <p>The new secret, told this once:</p>
              <Copy class="id whole" text={() => fresh.secret}>
                {fresh.secret}
              </Copy>
            </div>
          )}
          {rotation.public_key === null ? null : (
            <p>
              Receivers verify with{' '}
              <Copy class="id whole" text={() => rotation.public_key ?? ''}>
                {rotation.public_key}
              </Copy>
            </p>
          )}
          {rotation.configured ? null : (
            <>
              <p class="faint">Before then, put it into the file:</p>
              <Fix text={rotation.yaml} />
            </>
          )}
          <button type="button" class="button" disabled={busy} onClick={end}>
            End the rotation
          </button>
        </>
      )}
    </section>
  );
}
