/** Why a key of `responses` is neither a status nor a class of statuses; null if it is. 1xx never ends a request. */
export function statusFault(key: string): string | null {
  return /^[2-5](?:\d\d|xx)$/.test(key) ? null : 'a status (409) or a class of statuses (4xx)';
}

/** Why a response with this status, or of this class, cannot count as delivered; null if it can. */
export function deliveredFault(key: string): string | null {
  return /^3(?:\d\d|xx)$/.test(key) ? 'a redirect is not followed, so that nothing was delivered: retry, dead or disable' : null;
}
