import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifySignature } from './sigv4.ts';
import { parseSignature } from './sigv4-claim.ts';
import { asymmetricKey } from './sigv4a.ts';

/**
 * Signed requests of AWS's public signing test suite (awslabs/aws-c-auth, tests/aws-signing-test-suite/v4a, Apache-2.0):
 * key AKIDEXAMPLE, 2015-08-30T12:36:00Z, us-east-1, service `service`. ECDSA signatures differ each time they are made,
 * so that the suite's own are what can be checked.
 */
const cases = [
  {
    name: 'get-vanilla',
    method: 'GET',
    target: '/',
    headers: {
      host: 'example.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
      'x-amz-region-set': 'us-east-1',
      authorization:
        'AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20150830/service/aws4_request, SignedHeaders=host;x-amz-date;x-amz-region-set, Signature=3046022100fddaaf816a31e30d04973875b13bc27b98da10907a3a1872fd5819a221334abc022100de2ee81d83b54f31efc82834de07e6cd4d5c6f25bfa08e0f29a15bb0977c343e',
    },
    body: '',
    query:
      '/?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Region-Set=us-east-1&X-Amz-Signature=3045022100a28466db6c76223d5aa6ed436a8451b30e21ba0a076e7f2f943dd1f3d2816249022049e4b3746929cd2a2cb7b7984dbe0f5d40a300e7d9a7a7f1307c196b6f96b61a',
    queryHeaders: { host: 'example.amazonaws.com' },
  },
  {
    name: 'get-vanilla-query-order-encoded',
    method: 'GET',
    target: '/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1',
    headers: {
      host: 'example.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
      'x-amz-region-set': 'us-east-1',
      authorization:
        'AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20150830/service/aws4_request, SignedHeaders=host;x-amz-date;x-amz-region-set, Signature=3045022100cef3137947f52af13fe5591d4ddcff0260176e7b2a668b43ac8f0cba2e489fe502203b4fe53c9fe3e8925643fe0e4c3ec0b3ea6262917bf7300d2e2abb399078e6de',
    },
    body: '',
    query:
      '/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1&X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Region-Set=us-east-1&X-Amz-Signature=3046022100a1244805f7fd13f1c5f4824fe85052857f2c5b6820829562e3853715966a4f7102210091a4e9e79fd79fc7d4d580061730822d3228d15d584b7c5c16a4c490690740c5',
    queryHeaders: { host: 'example.amazonaws.com' },
  },
  {
    name: 'get-header-value-trim',
    method: 'GET',
    target: '/',
    headers: {
      host: 'example.amazonaws.com',
      'my-header1': 'value1',
      'my-header2': '"a   b   c"',
      'x-amz-date': '20150830T123600Z',
      'x-amz-region-set': 'us-east-1',
      authorization:
        'AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20150830/service/aws4_request, SignedHeaders=host;my-header1;my-header2;x-amz-date;x-amz-region-set, Signature=3046022100ce72c874a80cea45e3c5b7cbe76178f8577870e1f97ee1730f57cff45c3d398b022100e4ea7b870335abab5ca57fa740d20b3c5aba2739cf96dd7fa671fc11cf6c3341',
    },
    body: '',
    query:
      '/?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host%3Bmy-header1%3Bmy-header2&X-Amz-Expires=3600&X-Amz-Region-Set=us-east-1&X-Amz-Signature=304502210085dc6b963562f7d443e0c35819c752a39ab744a6a8820ec4718a2aaf6d9acbae02202053d5ec6fcd892c09ce485b169b94590f805a05348ade664bbe3e06a7c62edb',
    queryHeaders: { host: 'example.amazonaws.com', 'my-header1': 'value1', 'my-header2': '"a   b   c"' },
  },
  {
    name: 'post-x-www-form-urlencoded',
    method: 'POST',
    target: '/',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      host: 'example.amazonaws.com',
      'content-length': '13',
      'x-amz-date': '20150830T123600Z',
      'x-amz-region-set': 'us-east-1',
      'x-amz-content-sha256': '9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e',
      authorization:
        'AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20150830/service/aws4_request, SignedHeaders=content-length;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-region-set, Signature=3045022100955bbc0f0b9d4284719808642167f7d5ea4a72f8c296b75b442898c8b81cd7e502202425fb97620fa9a20344d22b248dd00db07524fc39b5ad77533e00b277331241',
    },
    body: 'Param1=value1',
    query:
      '/?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost&X-Amz-Expires=3600&X-Amz-Region-Set=us-east-1&X-Amz-Signature=30450221008d8a6aa0bc3f651e6c14c52e9e24dbca58964641c9cb6e55169f9dc74766ae3d022016126756ce1523ac972f66f6bf6e981f44572d3c8916f1f43d428fb2caa0e1ea',
    queryHeaders: {
      'content-type': 'application/x-www-form-urlencoded',
      host: 'example.amazonaws.com',
      'content-length': '13',
    },
  },
  {
    name: 'post-sts-header-before',
    method: 'POST',
    target: '/',
    headers: {
      host: 'example.amazonaws.com',
      'x-amz-security-token':
        'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==',
      'x-amz-date': '20150830T123600Z',
      'x-amz-region-set': 'us-east-1',
      authorization:
        'AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20150830/service/aws4_request, SignedHeaders=host;x-amz-date;x-amz-region-set;x-amz-security-token, Signature=3045022035115ac58fb923b0894e63eabf5864858c27f504b34bd707b569b2d6ee6a9c2e02210080ed7d2f3b7d52b4243890c596379ecd2066e9a1ac183d546ba07955ed5db306',
    },
    body: '',
    query:
      '/?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Security-Token=AQoDYXdzEPT%2F%2F%2F%2F%2F%2F%2F%2F%2F%2FwEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI%2FqkPpKPi%2FkMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d%2Bxo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz%2BscqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR%2FoLxBA%3D%3D&X-Amz-Region-Set=us-east-1&X-Amz-Signature=304402207e41aee2d6ea2a3868b3dea7b04caeb14d23ee696a76b93467213cd18467cbf502202a05e108d8feb197a62b4ea4b8a9d11aa4dc92bcfaf6e5fe185efac4bafd0802',
    queryHeaders: { host: 'example.amazonaws.com' },
  },
];

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const NOW = Date.UTC(2015, 7, 30, 12, 36);
const RULES = { nowMs: NOW, style: 'query', service: 'service', region: 'us-east-1' } as const;

function requestOf(method: string, target: string, headers: Record<string, string>, body: string) {
  const mark = target.indexOf('?');
  return {
    method,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers,
    body: Buffer.from(body),
  };
}

function verdict(
  request: ReturnType<typeof requestOf>,
  rules: Parameters<typeof verifySignature>[3] = RULES,
) {
  const claim = parseSignature(request, 'query');
  assert.ok(claim !== undefined);
  return verifySignature(claim, request, SECRET, rules);
}

test('the public key follows from the access key', () => {
  const { x, y } = asymmetricKey(SECRET, 'AKIDEXAMPLE').export({ format: 'jwk' });
  const hex = (text = '') => Buffer.from(text, 'base64url').toString('hex');
  assert.equal(hex(x), 'b6618f6a65740a99e650b33b6b4b5bd0d43b176d721a3edfea7e7d2d56d936b1');
  assert.equal(hex(y), '865ed22a7eadc9c5cb9d2cbaca1b3699139fedc5043dc6661864218330c8e518');
});

for (const { name, method, target, headers, body, query, queryHeaders } of cases) {
  test(`${name}: the suite's signatures verify, and what is changed does not`, () => {
    const signed = requestOf(method, target, headers as Record<string, string>, body);
    assert.equal(verdict(signed).ok, true, 'in the header');
    const presigned = requestOf(method, query, queryHeaders as Record<string, string>, body);
    assert.equal(verdict(presigned).ok, true, 'in the query');
    for (const request of [signed, presigned]) {
      const changed = [
        { ...request, method: request.method === 'GET' ? 'PUT' : 'GET' },
        { ...request, path: `${request.path}x` },
        { ...request, query: request.query === '' ? 'a=b' : `${request.query}&a=b` },
        { ...request, headers: { ...request.headers, host: 'example.org' } },
        { ...request, body: Buffer.from(`${body}x`) },
      ];
      for (const other of changed) assert.equal(verdict(other).ok, false);
    }
  });
}

test('a signature is good for its regions alone', () => {
  const [vanilla] = cases;
  assert.ok(vanilla !== undefined);
  const request = requestOf(vanilla.method, vanilla.target, vanilla.headers as Record<string, string>, '');
  assert.equal(verdict(request, { ...RULES, region: 'eu-west-1' }).ok, false);
  const wider = { ...request, headers: { ...request.headers, 'x-amz-region-set': '*' } };
  assert.equal(verdict(wider).ok, false, 'the set is signed');
});
