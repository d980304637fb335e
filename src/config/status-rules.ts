/** Why a key of `responses` is neither a status nor a class of statuses; null if it is. 1xx never ends a request. */
export function statusFault(key: string): string | null {
  return /^[2-5](?:\d\d|xx)$/.test(key) ? null : 'a status (409) or a class of statuses (4xx)';
}
