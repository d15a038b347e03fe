import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { madeOnce } from './made-once.ts';

const run = promisify(execFile);

/** Every Java's own, and no secret: what it guards is public. */
export const STORE_PASSWORD = 'changeit';

/**
 * The authorities that the Java at `home` trusts, and the one in `authorityFile`, in a store of `folder`: made once.
 * Undefined when the tool that makes it is not here.
 */
export async function trustStore(
  home: string,
  authorityFile: string,
  folder: string,
): Promise<string | undefined> {
  const hash = createHash('sha256')
    .update(home)
    .update(await readFile(authorityFile));
  const target = join(folder, `java-trust-${hash.digest('hex').slice(0, 16)}.jks`);
  const keytool = join(home, 'bin', 'keytool');
  if (!existsSync(target) && !existsSync(keytool)) return undefined;
  return madeOnce(target, async (unfinished) => {
    // In whichever format that is: it is rewritten in its own.
    await copyFile(join(home, 'lib/security/cacerts'), unfinished);
    await chmod(unfinished, 0o600);
    const store = ['-keystore', unfinished, '-storepass', STORE_PASSWORD, '-noprompt'];
    await run(keytool, ['-importcert', '-alias', 'lambent', '-file', authorityFile, ...store]);
  });
}
