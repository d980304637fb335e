import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** A file of the console, ready to be sent. */
export interface ConsoleFile {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer<ArrayBuffer>;
  /** Null where it makes no sense. */
  readonly brotli: Buffer<ArrayBuffer> | null;
  readonly gzip: Buffer<ArrayBuffer> | null;
}

/** By path: `/index.html`, `/assets/main-3f0c1a9b.js`. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

/** Beside the bundle, or where the bundle would be: dist/console. */
export function consoleFolder(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? '../../dist/console/' : './console/', import.meta.url);
}

/**
 * Reads all files of a folder, so that no request leads to a path of the file system, and so that they stay as they are while the
 * daemon runs. Null: it is not there, or has no index.html.
 */
export async function readConsole(folder: string): Promise<ConsoleFiles | null> {
  let entries;
  try {
    entries = await readdir(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
    throw error;
  }
  const files = new Map<string, ConsoleFile>();
  for (const entry of entries) {
    // Links could lead out of it.
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(`/${relative(folder, path).split(sep).join('/')}`, fileOf(entry.name, await readFile(path)));
  }
  return files.has('/index.html') ? files : null;
}

function fileOf(name: string, content: Buffer<ArrayBuffer>): ConsoleFile {
  const type = TYPES.get(extname(name).toLowerCase()) ?? 'application/octet-stream';
  const isText = /^text\/|json|javascript|svg/.test(type);
  return {
    type,
    etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
    plain: content,
    brotli: isText ? brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }) : null,
    gzip: isText ? gzipSync(content, { level: 9 }) : null,
  };
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.ico', 'image/x-icon'],
  ['.json', 'application/json'],
  ['.webmanifest', 'application/manifest+json'],
  ['.woff2', 'font/woff2'],
  ['.txt', 'text/plain; charset=utf-8'],
]);
