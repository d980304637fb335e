/** What a process does where `engine` shares the work: reads the slot, delivers, or both. */
export const ROLES = ['tail', 'deliver', 'all'] as const;

export type Role = (typeof ROLES)[number];
