import type { Finding } from '../finding.ts';
import { countOf } from './units.ts';
import type { Color, Paint } from './pretty-json.ts';

const COLORS: Record<Finding['severity'], Color> = { error: 'red', warning: 'yellow', info: 'cyan' };

/** `error tables.profiles.visibility: what is wrong`, with its fix below, and a last line that sums up. */
export function findingsText(findings: readonly Finding[], file: string, paint: Paint): string {
  const parts = findings.map(({ severity, path, message, fix }) => {
    const lines = `${path === null ? '' : `${path}: `}${message}`.replaceAll('\n', '\n    ');
    return `${paint([COLORS[severity], 'bold'], severity)} ${lines}\n${fix === null ? '' : `  ${paint('bold', 'fix:')} ${fix.replaceAll('\n', '\n       ')}\n`}`;
  });
  return `${parts.join('')}${parts.length === 0 ? '' : '\n'}${summary(findings, file)}\n`;
}

function summary(findings: readonly Finding[], file: string): string {
  const count = (severity: Finding['severity']): number => findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings] = [count('error'), count('warning')];
  if (errors > 0) return `${countOf(errors, 'error', 'errors')}, ${countOf(warnings, 'warning', 'warnings')}: \`walhook run\` would refuse.`;
  const rest = findings.some(({ managed }) => managed) ? ' `walhook setup`, or `walhook run` at its start, does what is still to be done.' : '';
  return `${warnings === 0 ? '' : `${countOf(warnings, 'warning', 'warnings')}, no errors: `}${file} and the database fit.${rest}`;
}
