import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Overview } from '../../src/inspection.ts';
import type { Resource } from '../api/resource.ts';
import type { Endpoints, Hooks } from '../api/shapes.ts';

/** What several screens show, read once for all of them. */
export interface Facts {
  readonly overview: Resource<Overview>;
  readonly endpoints: Resource<Endpoints>;
  readonly hooks: Resource<Hooks>;
}

export const FactsContext = createContext<Facts | null>(null);

export function useFacts(): Facts {
  const facts = useContext(FactsContext);
  if (facts === null) throw new Error('there is no FactsContext around this');
  return facts;
}
