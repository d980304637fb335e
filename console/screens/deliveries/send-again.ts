import type { StoredDelivery, Tally } from '../../../src/operations.ts';
import { post } from '../../api/api.ts';

/** Sends one delivery again; gives the sentence to tell. Throws an ApiError. */
export async function sendAgain({ id, endpoint, state }: StoredDelivery, onChange: () => void): Promise<string> {
  const { count } = await post<Tally>('/deliveries/replay', { state, ids: [id], endpoint });
  onChange();
  return count === 0 ? 'It was gone already: nothing is sent.' : `It is sent to ${endpoint} again, with the same id.`;
}
