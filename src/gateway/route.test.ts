import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KnownService, Registry } from './registry.ts';
import { routeRequest } from './route.ts';

const none = { bySigningName: () => [], byName: () => undefined };

test('only a service whose model says so is called in CBOR', () => {
  const routed = (protocols: readonly string[]) => {
    const operations = { Scan: { name: 'Scan' } };
    const service = { name: 'x', metadata: { protocols }, model: () => ({ operations }) };
    const registry = { ...none, byTarget: () => service as unknown as KnownService } as unknown as Registry;
    const path = '/service/X_20120810/operation/Scan';
    const headers = { 'smithy-protocol': 'rpc-v2-cbor' };
    return routeRequest(registry, { method: 'POST', path, query: '', headers }, path, undefined)?.protocol;
  };
  assert.equal(routed(['smithy-rpc-v2-cbor', 'json']), 'smithy-rpc-v2-cbor');
  assert.equal(routed(['json']), undefined);
});
