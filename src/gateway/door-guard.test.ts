import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { FrontDoorRequest } from '../service/front-door.ts';
import { isOurs } from './door-guard.ts';
import type { Opener } from './opener.ts';

const opener = { isFunction: () => false } as unknown as Opener;

function asked(sourceIp: string, headers: Readonly<Record<string, string>>): boolean {
  const request = { headers: { host: '10.0.0.5:4566', ...headers }, sourceIp, incoming: { socket: {} } };
  return isOurs(request as unknown as FrontDoorRequest, opener);
}

test('an origin from another machine proves nothing', () => {
  const own = { origin: 'http://10.0.0.5:4566' };
  assert.equal(asked('127.0.0.1', {}), true);
  assert.equal(asked('127.0.0.1', own), true);
  assert.equal(asked('127.0.0.1', { origin: 'http://elsewhere.example' }), false);
  assert.equal(asked('10.0.0.9', {}), false);
  assert.equal(asked('10.0.0.9', own), false);
  assert.equal(asked('127.0.0.1', { 'x-amz-sns-message-type': 'Notification' }), false);
});
