import { strict as assert } from 'node:assert';
import { createHmac, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import {
  makeServerKeys,
  makeVerifier,
  parsePublicKey,
  passwordMatches,
  poolName,
  signatureMatches,
} from './srp.ts';

/** The browser library's own arithmetic, the client of every exchange here. */
interface ClientHelper {
  largeAValue: { toString(radix: number): string };
  getPasswordAuthenticationKey(
    username: string,
    password: string,
    serverKey: unknown,
    salt: unknown,
    callback: (error: Error | null, key: Buffer) => void,
  ): void;
}
const require = createRequire(import.meta.url);
const { default: AuthenticationHelper } = require('amazon-cognito-identity-js/lib/AuthenticationHelper') as {
  default: new (pool: string) => ClientHelper;
};
const { default: BigInteger } = require('amazon-cognito-identity-js/lib/BigInteger') as {
  default: new (hex: string, radix: number) => unknown;
};

const POOL = poolName('us-east-1_AbCdEf123');

async function exchange(password: string, typed: string): Promise<boolean> {
  const kept = makeVerifier(POOL, 'ada', password, randomBytes(16));
  const server = makeServerKeys(kept, randomBytes(32));
  const client = new AuthenticationHelper(POOL);
  const key = await new Promise<Buffer>((resolve, reject) => {
    client.getPasswordAuthenticationKey(
      'ada',
      typed,
      new BigInteger(server.publicKey, 16),
      new BigInteger(kept.salt, 16),
      (error, result) => (error ? reject(error) : resolve(result)),
    );
  });
  const secretBlock = randomBytes(64);
  const timestamp = 'Fri Nov 20 23:00:00 UTC 2026';
  const signature = createHmac('sha256', key)
    .update(POOL)
    .update('ada')
    .update(secretBlock)
    .update(timestamp)
    .digest('base64');
  const clientKey = parsePublicKey(client.largeAValue.toString(16));
  assert.ok(clientKey !== undefined);
  return signatureMatches({
    pool: POOL,
    username: 'ada',
    kept,
    server,
    clientKey,
    secretBlock,
    timestamp,
    signature,
  });
}

test('the browser library proves the right password, and only it', async () => {
  for (let round = 0; round < 8; round++) assert.equal(await exchange('Passw0rd!', 'Passw0rd!'), true);
  assert.equal(await exchange('Passw0rd!', 'passw0rd!'), false);
});

test('a password is recognised by its verifier', () => {
  const kept = makeVerifier(POOL, 'ada', 'Passw0rd!', randomBytes(16));
  assert.equal(passwordMatches(POOL, 'ada', 'Passw0rd!', kept), true);
  assert.equal(passwordMatches(POOL, 'ada', 'Passw0rd', kept), false);
  assert.equal(passwordMatches(POOL, 'bob', 'Passw0rd!', kept), false);
});

test('public keys that give the secret away are refused', () => {
  const zero = '0'.repeat(768);
  assert.equal(parsePublicKey(zero), undefined);
  assert.equal(parsePublicKey('1'), undefined);
  assert.equal(parsePublicKey('xyz'), undefined);
});
