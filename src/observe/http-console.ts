import type { Context } from 'hono';
import { type ConsoleFile, type ConsoleFiles, readConsole } from './console-files.ts';
import { problem } from './http-problem.ts';

/** Nothing but what this server serves: no inline script or style, no frame around it, no form, no other host. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const EVERY_FILE = {
  'Content-Security-Policy': CSP,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** What is no page of the console, whatever a browser accepts: the API, assets, and files beside them (/favicon.ico). Names further down may have dots: /endpoints/crm.v2 */
const NO_PAGE = /^\/(?:(?:api|metrics|healthz|readyz|assets)(?:\/|$)|[^/]*\.[^/]*$)/;

/** Serves the console: files alone, no data, so without a token. */
export class ConsolePages {
  readonly #folder: string;
  #files: Promise<ConsoleFiles | null> | null = null;

  /** @param folder of index.html and assets. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Null: nothing of the console is asked for. */
  async answer({ req }: Context): Promise<Response | null> {
    if (req.method !== 'GET' && req.method !== 'HEAD') return null;
    const isPage = req.path === '/' || (acceptsHtml(req.header('accept')) && !NO_PAGE.test(req.path));
    // Not the API's: most of what is asked for in vain is no reason to read files.
    if (!isPage && /^\/(?:api|metrics|healthz|readyz)(?:\/|$)/.test(req.path)) return null;
    const files = await this.#read();
    if (files === null) return isPage ? notBuilt(req.path) : null;
    const file = files.get(isPage ? '/index.html' : req.path);
    if (file === undefined) return null;
    return fileAnswer(file, { accepted: req.header('accept-encoding') ?? '', known: req.header('if-none-match') ?? '', isHashed: req.path.startsWith('/assets/') });
  }

  async #read(): Promise<ConsoleFiles | null> {
    this.#files ??= readConsole(this.#folder);
    try {
      const files = await this.#files;
      // It may be built yet.
      if (files === null) this.#files = null;
      return files;
    } catch (error) {
      this.#files = null;
      throw error;
    }
  }
}

function acceptsHtml(accept: string | undefined): boolean {
  return /(?:^|,)\s*text\/html\s*(?:[;,]|$)/i.test(accept ?? '');
}

function notBuilt(path: string): Response {
  if (path !== '/') return problem(404, 'the console is not built: npm run build');
  return new Response('The console is not built. Build it with: npm run build\nThe API is below /api/v1, and /openapi.json describes it.\n', {
    status: 404,
    headers: { ...EVERY_FILE, 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' },
  });
}

function fileAnswer(file: ConsoleFile, { accepted, known, isHashed }: { readonly accepted: string; readonly known: string; readonly isHashed: boolean }): Response {
  const headers = {
    ...EVERY_FILE,
    // Vite names an asset for its content. A page must be asked for again: its assets are others after an upgrade.
    'Cache-Control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    ETag: file.etag,
    Vary: 'Accept-Encoding',
  };
  const tags = known.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (tags.includes(file.etag)) return new Response(null, { status: 304, headers });
  const [body, coding] = encoded(file, accepted);
  return new Response(body, { headers: { ...headers, 'Content-Type': file.type, ...(coding === null ? {} : { 'Content-Encoding': coding }) } });
}

function encoded({ plain, brotli, gzip }: ConsoleFile, accepted: string): readonly [Buffer<ArrayBuffer>, string | null] {
  if (brotli !== null && accepts(accepted, 'br')) return [brotli, 'br'];
  if (gzip !== null && accepts(accepted, 'gzip')) return [gzip, 'gzip'];
  return [plain, null];
}

/** https://www.rfc-editor.org/rfc/rfc9110#name-accept-encoding */
function accepts(accepted: string, coding: string): boolean {
  return accepted.split(',').some((item) => {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    return name === coding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}
