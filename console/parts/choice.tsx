import type { VNode } from 'preact';

interface ChoiceProps {
  readonly name: string;
  readonly value: string | null;
  readonly options: readonly string[];
  /** What none of them is called. */
  readonly none?: string;
  readonly onChoice: (value: string) => void;
}

/** A filter by one of some names. What the URL names is kept, though it is none of them. */
export function Choice({ name, value, options, none = 'any', onChoice }: ChoiceProps): VNode {
  const all = value === null || value === '' || options.includes(value) ? options : [...options, value];
  return (
    <label>
      <span>{name}</span>
      <select aria-label={name} value={value ?? ''} onChange={(event) => onChoice(event.currentTarget.value)}>
        <option value="">{none}</option>
        {all.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  );
}
