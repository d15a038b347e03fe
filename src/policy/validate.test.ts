import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { MalformedPolicy } from './document.ts';
import { type PolicyKind, validatePolicy } from './validate.ts';

function messageOf(document: unknown, kind: PolicyKind = 'managed'): string | undefined {
  try {
    validatePolicy(typeof document === 'string' ? document : JSON.stringify(document), kind);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof MalformedPolicy);
    return error.message;
  }
}

const good = { Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::bucket' };
const policy = (...statements: unknown[]) => ({ Version: '2012-10-17', Statement: statements });
const changed = (changes: Record<string, unknown>) => policy({ ...good, ...changes });
const SYNTAX = 'Syntax errors in policy.';
const LEGACY = 'The policy failed legacy parsing';

test('documents are refused in AWS’s words', () => {
  const cases: readonly (readonly [document: unknown, message: string | undefined])[] = [
    [policy(good), undefined],
    [policy(), SYNTAX],
    [{ Version: '2012-10-17', Statement: good }, undefined],
    ['not json', 'This policy contains invalid Json'],
    [[], SYNTAX],
    [{ Version: '2013-10-17', Statement: [good] }, SYNTAX],
    [{ Statement: [good] }, 'Policy document must be version 2012-10-17 or greater.'],
    [{ ...policy(good), Extra: 1 }, SYNTAX],
    [policy('x'), SYNTAX],
    [{ Version: '2012-10-17' }, SYNTAX],
    [changed({ effect: 'Allow' }), SYNTAX],
    [changed({ Effect: 'denY' }), LEGACY],
    [changed({ Effect: 'Perhaps' }), SYNTAX],
    [changed({ NotAction: 's3:*' }), SYNTAX],
    [changed({ NotResource: '*' }), SYNTAX],
    [changed({ Action: 5 }), SYNTAX],
    [changed({ Action: [] }), 'Policy statement must contain actions.'],
    [policy({ Effect: 'Allow', Resource: '*' }), 'Policy statement must contain actions.'],
    [policy({ Effect: 'Allow', Action: '*' }), 'Policy statement must contain resources.'],
    [changed({ Resource: [] }), 'Policy statement must contain resources.'],
    [changed({ Resource: '' }), 'Resource  must be in ARN format or "*".'],
    [changed({ Resource: 'bucket' }), 'Resource bucket must be in ARN format or "*".'],
    [
      changed({ Action: 'invalid' }),
      'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
    ],
    [changed({ Action: 'a:b:c' }), 'Actions/Condition can contain only one colon.'],
    [changed({ Action: 'a:b:c', Resource: 'bucket' }), 'Resource bucket must be in ARN format or "*".'],
    [changed({ Action: 'a a:b' }), 'Vendor a a is not valid'],
    [
      changed({ Resource: 'arn:error:s3:::bucket' }),
      'Partition "error" is not valid for resource "arn:error:s3:::bucket".',
    ],
    [changed({ Resource: 'arn:b:c' }), 'Partition "b" is not valid for resource "arn:b:c:*:*:*".'],
    [
      changed({ Resource: 'arn:aws:s3:us-east-1::bucket' }),
      'Resource arn:aws:s3:us-east-1::bucket can not contain region information.',
    ],
    [
      changed({ Resource: 'arn:aws:*:::bucket' }),
      'Resource vendor must be fully qualified and cannot contain regexes.',
    ],
    [
      changed({ Resource: 'a:b:c:d:e:f:g:h' }),
      'Partition "b" is not valid for resource "arn:b:c:d:e:f:g:h".',
    ],
    [
      changed({ Resource: 'aws:s3:::bucket' }),
      'Partition "s3" is not valid for resource "arn:s3:::bucket:*".',
    ],
    [changed({ Resource: 'arn:aws:s3::bucket' }), LEGACY],
    [changed({ Resource: 'arn:aws::::bucket' }), LEGACY],
    [{ Statement: { ...good, Effect: 'denY' } }, 'Policy document must be version 2012-10-17 or greater.'],
    [
      policy({ Effect: 'Allow', Action: 'invalid' }),
      'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
    ],
    [changed({ Resource: 'arn:aws:iam:::user/x' }), undefined],
    [changed({ Resource: 'arn:aws:iam::*:rol*' }), undefined],
    [changed({ Resource: 'arn:aws:iam::*:user/${aws:username}' }), undefined],
    [changed({ Condition: { DateGreaterThan: { a: 'sdfdsf' } } }), LEGACY],
    [changed({ Condition: { StringFoo: { a: 'b' } } }), SYNTAX],
    [changed({ Condition: { StringEquals: { a: [{}] } } }), SYNTAX],
    [changed({ Principal: '*' }), 'Policy document should not specify a principal.'],
    [
      policy({ ...good, Sid: 'a' }, { ...good, Sid: 'a' }),
      'Statement IDs (SID) in a single policy must be unique.',
    ],
  ];
  for (const [document, message] of cases) {
    assert.equal(messageOf(document), message, JSON.stringify(document));
  }
  assert.equal(messageOf({ Statement: [good] }, 'inline'), undefined);
  assert.equal(
    messageOf(changed({ Principal: '*', Condition: { StringFoo: { a: 'b' } } }), 'resource'),
    'Invalid Condition type : StringFoo',
  );
});

test('trust policies name principals and no resources', () => {
  const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } };
  assert.equal(messageOf(policy(trust), 'trust'), undefined);
  assert.equal(messageOf(policy({ ...trust, Effect: 'ALLOW' }), 'trust'), undefined);
  assert.equal(
    messageOf(policy({ ...trust, Principal: undefined }), 'trust'),
    'Missing required field Principal',
  );
  assert.equal(messageOf(policy({ ...trust, Resource: '*' }), 'trust'), 'Has prohibited field Resource');
  assert.equal(
    messageOf(policy({ ...trust, Action: 's3:GetObject' }), 'trust'),
    'AssumeRole policy may only specify STS AssumeRole actions.',
  );
  assert.equal(
    messageOf(policy({ ...trust, Principal: { AWS: 'somebody' } }), 'trust'),
    'Invalid principal in policy: "AWS":"somebody"',
  );
  for (const AWS of [
    'arn:aws:iam::123456789012:role/*',
    'arn:aws:iam::*:root',
    'arn:aws:iam::123456789012:user/a?',
  ]) {
    const message = `Invalid principal in policy: "AWS":"${AWS}"`;
    assert.equal(messageOf(policy({ ...trust, Principal: { AWS } }), 'trust'), message);
  }
  assert.equal(
    messageOf(policy({ ...trust, Principal: { Service: 'lambda' } }), 'trust'),
    'Invalid principal in policy: "SERVICE":"lambda"',
  );
  assert.equal(
    messageOf(policy({ ...trust, Principal: { constructor: ['x'] } }), 'trust'),
    'Invalid principal in policy: "constructor"',
  );
  for (const AWS of ['*', '123456789012', 'arn:aws:iam::123456789012:role/a/b', 'AIDAIOSFODNN7EXAMPLE1'])
    assert.equal(messageOf(policy({ ...trust, Principal: { AWS } }), 'trust'), undefined);
});
