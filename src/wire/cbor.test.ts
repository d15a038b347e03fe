import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { loadModel } from '../model/load.ts';
import { CborError, readCbor } from './cbor-reader.ts';
import { CborWriter } from './cbor-writer.ts';
import { WireFault } from './protocol.ts';
import { protocolOf } from './protocols.ts';

const read = (hex: string) => readCbor(Buffer.from(hex, 'hex'));

test('items of RFC 8949, Appendix A', () => {
  const cases: readonly [string, unknown][] = [
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['1903e8', 1000],
    ['1a000f4240', 1000000],
    ['1b000000e8d4a51000', 1000000000000],
    ['1bffffffffffffffff', 18446744073709551615n],
    ['20', -1],
    ['3903e7', -1000],
    ['3b001fffffffffffff', -9007199254740992n],
    ['c249010000000000000000', CborError],
    ['c2420101', 257],
    ['c3420101', -258],
    ['f90000', 0],
    ['f93c00', 1],
    ['f97bff', 65504],
    ['f90001', 2 ** -24],
    ['f9c400', -4],
    ['f97c00', Number.POSITIVE_INFINITY],
    ['f97e00', Number.NaN],
    ['fa47c35000', 100000],
    ['fb3ff199999999999a', 1.1],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['f7', null],
    ['c11a514b67b0', new Date(1363896240_000)],
    ['c1fb41d452d9ec200000', new Date(1363896240_500)],
    ['d74401020304', new Uint8Array([1, 2, 3, 4])],
    ['60', ''],
    ['62c3bc', 'ü'],
    ['5f42010243030405ff', new Uint8Array([1, 2, 3, 4, 5])],
    ['7f657374726561646d696e67ff', 'streaming'],
    ['80', []],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
    ['a26161016162820203', { a: 1, b: [2, 3] }],
    ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
  ];
  for (const [hex, value] of cases) {
    if (value === CborError) assert.throws(() => read(hex), CborError);
    else assert.deepEqual(read(hex), value, hex);
  }
});

test('garbage is refused', () => {
  const cases = [
    '',
    '18',
    '1c',
    '61',
    '61ff',
    '7f61ff',
    '7f4101ff',
    '5f5f4101ffff',
    'ff',
    '81ff',
    '8201',
    'a1',
    'a10102',
  ];
  cases.push(
    'bf6161ff',
    'c161',
    'c1f97e00',
    'c1fb7fefffffffffffff',
    'f0',
    'f818',
    '0000',
    '9bffffffffffffffff',
    'fc',
  );
  cases.push('81'.repeat(100_000), '9f'.repeat(100_000), 'c1'.repeat(100_000));
  for (const hex of cases) assert.throws(() => read(hex), CborError, hex.slice(0, 20));
  const map = read('a1695f5f70726f746f5f5f8101') as Record<string, unknown>;
  assert.deepEqual(Object.entries(map), [['__proto__', [1]]]);
  assert.equal(Object.getPrototypeOf(map), Object.prototype);
});

test('what is written is read back', () => {
  const writer = new CborWriter();
  const texts = ['', 'é', 'x'.repeat(300), 'y'.repeat(70_000)];
  const integers = [
    0,
    23,
    24,
    255,
    256,
    65535,
    65536,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    -1,
    -25,
    -(2 ** 40),
    2n ** 63n - 1n,
  ];
  writer.array(texts.length + integers.length + 4);
  for (const text of texts) writer.text(text);
  for (const integer of integers) writer.integer(integer);
  writer.double(0.1);
  writer.time(new Date(1500));
  writer.time(new Date(-2000));
  writer.integer(-(2n ** 63n));
  const all = [...texts, ...integers, 0.1, new Date(1500), new Date(-2000), -(2n ** 63n)];
  assert.deepEqual(readCbor(writer.finish()), all);
});

test('CloudWatch speaks it both ways', () => {
  const model = loadModel('cloudwatch');
  const cbor = protocolOf('smithy-rpc-v2-cbor');
  const operation = (name: string) => {
    const found = model.operations[name];
    assert.ok(found);
    return found;
  };
  const decode = (name: string, body: Uint8Array) =>
    cbor.decodeInput(model, operation(name), { method: 'POST', path: '/', query: '', headers: {}, body });
  const writer = new CborWriter();
  writer.map(3);
  writer.text('Namespace');
  writer.text('n');
  writer.text('Bogus');
  writer.null();
  writer.text('MetricData');
  writer.array(1);
  writer.map(3);
  writer.text('MetricName');
  writer.text('m');
  writer.text('Timestamp');
  writer.time(new Date(1_700_000_000_500));
  writer.text('Value');
  writer.integer(3);
  assert.deepEqual(decode('PutMetricData', writer.finish()), {
    Namespace: 'n',
    MetricData: [{ MetricName: 'm', Timestamp: new Date(1_700_000_000_500), Value: 3 }],
  });
  const packed = { 'content-encoding': 'gzip' };
  const sent = { method: 'POST', path: '/', query: '', headers: packed };
  const put = operation('PutMetricData');
  const body = gzipSync(Buffer.from('a1694e616d657370616365616e', 'hex'));
  assert.deepEqual(cbor.decodeInput(model, put, { ...sent, body }), { Namespace: 'n' });
  assert.throws(() => cbor.decodeInput(model, put, { ...sent, body: body.subarray(5) }), WireFault);
  assert.deepEqual(decode('ListMetrics', new Uint8Array()), {});
  for (const hex of ['80', '01', 'a1694e616d65737061636501', 'a16a4d6574726963446174610a', 'ff']) {
    assert.throws(
      () => decode('PutMetricData', Buffer.from(hex, 'hex')),
      (error) => error instanceof WireFault && error.code === 'SerializationException',
    );
  }
  const output = {
    Datapoints: [{ Timestamp: new Date(0), Sum: Number.NaN, SampleCount: 2 }],
    Label: 'l',
    x: 1,
  };
  const response = cbor.encodeOutput(model, operation('GetMetricStatistics'), output, 'ID');
  assert.deepEqual(response.headers, {
    'smithy-protocol': 'rpc-v2-cbor',
    'x-amzn-requestid': 'ID',
    'content-type': 'application/cbor',
  });
  assert.deepEqual(readCbor(response.body as Uint8Array), {
    Label: 'l',
    Datapoints: [{ Timestamp: new Date(0), SampleCount: 2, Sum: Number.NaN }],
  });
  const error = { message: 'm', detail: {}, status: undefined, requestId: 'ID' };
  const refused = cbor.encodeError(model, undefined, { ...error, code: 'ResourceNotFound' });
  assert.equal(refused.status, 404);
  assert.equal(refused.headers['x-amzn-query-error'], 'ResourceNotFound;Sender');
  assert.deepEqual(readCbor(refused.body as Uint8Array), { __type: 'ResourceNotFound', message: 'm' });
  const unknown = cbor.encodeError(model, undefined, { ...error, code: 'AccessDeniedException' });
  assert.equal(unknown.status, 400);
});
