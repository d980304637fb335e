import type { Random } from '../../support/random.ts';

/** How an endpoint behaves. `down`: its port is closed. */
export type Mood = 'healthy' | 'slow' | 'very slow' | 'now and then 5xx' | '5xx' | '429' | 'refuses some rows' | 'resets' | 'hangs' | 'down';

/** What to do with a request. */
export type Treatment = 'never' | 'reset' | { readonly status: number; readonly delay: number; readonly headers: Readonly<Record<string, string>> };

function answer(status: number, delay = 0, headers: Readonly<Record<string, string>> = {}): Treatment {
  return { status, delay, headers };
}

export function treat(mood: Mood, chance: Random): Treatment {
  switch (mood) {
    case 'slow':
      return answer(204, chance.int(0, 30));
    case 'very slow':
      return answer(204, chance.int(200, 800));
    case 'now and then 5xx':
      return chance.chance(0.1) ? answer(chance.pick([500, 502, 503])) : answer(204);
    case '5xx':
      return answer(chance.pick([500, 503]));
    case '429':
      return chance.chance(0.02) ? answer(429, 0, { 'Retry-After': chance.pick(['0', '1']) }) : answer(204);
    case 'refuses some rows':
      return chance.chance(0.2) ? answer(400) : answer(204, chance.int(0, 5));
    case 'resets':
      return chance.chance(0.2) ? 'reset' : answer(204);
    case 'hangs':
      return 'never';
    case 'healthy':
    case 'down':
      return answer(204);
  }
}
