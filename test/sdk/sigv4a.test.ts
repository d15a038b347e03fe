import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { canonicalRequest } from '../../src/wire/sigv4-canonical.ts';
import { dateTimeText, stringToSign } from '../../src/wire/sigv4-key.ts';
import { ASYMMETRIC_ALGORITHM, signAsymmetric } from '../../src/wire/sigv4a.ts';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();

async function callerIdentity(secret: string) {
  const body = 'Action=GetCallerIdentity&Version=2011-06-15';
  const dateTime = dateTimeText(Date.now());
  const headers: Record<string, string> = {
    'content-type': 'application/x-www-form-urlencoded',
    host: `127.0.0.1:${lambent.port}`,
    'x-amz-date': dateTime,
    'x-amz-region-set': '*',
  };
  const signedHeaders = Object.keys(headers).join(';');
  const scope = `${dateTime.slice(0, 8)}/sts/aws4_request`;
  const request = { method: 'POST', path: '/', query: '', headers };
  const hash = createHash('sha256').update(body).digest('hex');
  const canonical = canonicalRequest(request, signedHeaders, hash, 'other');
  const text = stringToSign(dateTime, scope, canonical, ASYMMETRIC_ALGORITHM);
  headers['authorization'] =
    `${ASYMMETRIC_ALGORITHM} Credential=111122223333/${scope}, SignedHeaders=${signedHeaders}, Signature=${signAsymmetric(text, secret, '111122223333')}`;
  const answer = await fetch(lambent.endpoint, { method: 'POST', headers, body });
  return { status: answer.status, text: await answer.text() };
}

test('a request signed with Signature Version 4A is its key’s', async () => {
  const answer = await callerIdentity('test');
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.text, /<Account>111122223333<\/Account>/);
});

test('one signed with another secret is refused', async () => {
  const answer = await callerIdentity('guess');
  assert.equal(answer.status, 403);
  assert.match(answer.text, /SignatureDoesNotMatch/);
});
