import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import {
  CognitoIdentityProviderClient,
  ListUserPoolsCommand,
} from '@aws-sdk/client-cognito-identity-provider';

import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();

function pools(credentials: { accessKeyId: string; secretAccessKey: string }) {
  const { endpoint, region } = lambent;
  return new CognitoIdentityProviderClient({ endpoint, region, credentials, maxAttempts: 1 });
}

test('a signed call of root is answered', async () => {
  const { UserPools } = await pools(lambent.credentials).send(new ListUserPoolsCommand({ MaxResults: 10 }));
  assert.deepEqual(UserPools, []);
});

test('an unknown key and a wrong secret are told apart as AWS tells them', async () => {
  const send = (accessKeyId: string, secretAccessKey: string) =>
    pools({ accessKeyId, secretAccessKey }).send(new ListUserPoolsCommand({ MaxResults: 10 }));
  await assert.rejects(send('AKIAUNKNOWN', 'x'), { name: 'UnrecognizedClientException' });
  await assert.rejects(send('test', 'wrong'), { name: 'InvalidSignatureException' });
});

test('input the model refuses gets its validation message', async () => {
  await assert.rejects(
    pools(lambent.credentials).send(new ListUserPoolsCommand({ MaxResults: 61 })),
    /1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 60/,
  );
});

test('an operation nobody wrote answers 501 by name', async () => {
  const cloudwatch = lambent.client(CloudWatchClient);
  await assert.rejects(
    cloudwatch.send(new DescribeAlarmsCommand({})),
    (error: Error & { $metadata?: { httpStatusCode?: number } }) => {
      assert.equal(error.$metadata?.httpStatusCode, 501);
      assert.match(error.message, /Lambent does not implement cloudwatch\.DescribeAlarms yet/);
      return true;
    },
  );
});

test('foreign pages, unknown hosts and their kind are refused before anything else', async () => {
  const foreign = await fetch(lambent.endpoint, {
    method: 'POST',
    headers: { origin: 'https://evil.example' },
  });
  assert.equal(foreign.status, 403);
  const preflight = await fetch(lambent.endpoint, {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  });
  assert.equal(preflight.status, 403);
  const clock = await fetch(`${lambent.endpoint}/_lambent/clock`, {
    method: 'POST',
    headers: { origin: 'http://localhost:9999' },
    body: '{"advanceSeconds": 1}',
  });
  assert.equal(clock.status, 403);
  for (const name of ['x-amzn-apigateway-api-id', 'x-amz-sns-message-type']) {
    const forwarded = await fetch(`${lambent.endpoint}/_lambent/clock`, {
      method: 'POST',
      headers: { [name]: 'x' },
      body: '{"advanceSeconds": 1}',
    });
    assert.equal(forwarded.status, 403, 'what the server posts for its users is not the owner of the clock');
  }
});

test('the virtual clock moves, and only forward', async () => {
  const read = async () =>
    (await (await fetch(`${lambent.endpoint}/_lambent/clock`)).json()) as {
      now: string;
      offsetSeconds: number;
    };
  const before = await read();
  await lambent.advance(3600);
  const after = await read();
  assert.ok(after.offsetSeconds - before.offsetSeconds >= 3600);
  const back = await fetch(`${lambent.endpoint}/_lambent/clock`, {
    method: 'POST',
    body: '{"advanceSeconds": -5}',
  });
  assert.equal(back.status, 400);
});
