import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { withLambent } from '../support/clients.ts';
import { isHere } from '../support/programs.ts';
import { temporaryFolder } from '../support/stores.ts';

const run = promisify(execFile);
const lambent = await withLambent();

async function aws(...words: string[]): Promise<string> {
  const { stdout } = await run('aws', words, {
    env: {
      ...process.env,
      AWS_ENDPOINT_URL: lambent.endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_DEFAULT_REGION: lambent.region,
      AWS_MAX_ATTEMPTS: '1',
    },
  });
  return stdout;
}

test('the command line: make, copy, sync, sign, remove', async (t) => {
  if (!isHere('aws')) return t.skip('needs the aws command');
  const folder = temporaryFolder();
  const large = randomBytes(9_000_000);
  await mkdir(join(folder, 'tree/ü b'), { recursive: true });
  await writeFile(join(folder, 'tree/a.html'), '<p>');
  await writeFile(join(folder, 'tree/ü b/large'), large);
  await aws('s3', 'mb', 's3://from-cli');
  await aws('s3', 'sync', join(folder, 'tree'), 's3://from-cli/tree', '--only-show-errors');
  const [listed, address] = await Promise.all([
    aws('s3', 'ls', 's3://from-cli', '--recursive'),
    aws('s3', 'presign', 's3://from-cli/tree/a.html'),
  ]);
  assert.match(listed, /3 tree\/a\.html\n.* 9000000 tree\/ü b\/large\n/);
  const page = await fetch(address.trim());
  assert.equal(await page.text(), '<p>');
  assert.equal(page.headers.get('content-type'), 'text/html');
  await aws('s3', 'cp', 's3://from-cli/tree/ü b/large', join(folder, 'back'), '--only-show-errors');
  assert.ok((await readFile(join(folder, 'back'))).equals(large));
  await assert.rejects(aws('s3', 'rb', 's3://from-cli'), /BucketNotEmpty/);
  await aws('s3', 'rb', 's3://from-cli', '--force');
  await assert.rejects(aws('s3', 'ls', 's3://from-cli'), /NoSuchBucket/);
});
