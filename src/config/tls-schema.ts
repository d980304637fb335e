import { sectionOrTrue } from './kinds.ts';
import { textOrEmpty } from './scalars.ts';
import { pemPath } from './secrets.ts';

const pemFile = textOrEmpty(pemPath);

/** Certificates, by their files; `true` for a connection that has TLS and no files of its own. */
export const tls = sectionOrTrue({
  ca: pemFile.optional().meta({ description: 'PEM file of the authorities to trust. Default: those of Node.' }),
  cert: pemFile.optional().meta({ description: 'PEM file of the client certificate. Default: none.' }),
  key: pemFile.optional().meta({ description: "PEM file of the client certificate's key. Goes with `cert`." }),
});
