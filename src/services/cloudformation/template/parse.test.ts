import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { parseTemplateText } from './parse.ts';
import { readTemplate } from './template.ts';
import type { Value } from './value.ts';

/** Maps of a parsed template have no prototype. */
function plain(value: Value): unknown {
  return JSON.parse(JSON.stringify(value));
}

test('short forms come out long', () => {
  const parsed = parseTemplateText(`
a: !Ref X
b: !GetAtt X.Arn
c: !GetAtt X.Outputs.Y
d: !Sub 'a-\${X}'
e: !Join [',', [!Ref X, b]]
f: !If [C, !Ref AWS::NoValue, 2]
g: !GetAtt [X, Arn]
h: !Sub
  - '\${y}'
  - y: !Ref X
i: !Condition C
j: !GetAZs ''
`);
  assert.deepEqual(plain(parsed), {
    a: { Ref: 'X' },
    b: { 'Fn::GetAtt': ['X', 'Arn'] },
    c: { 'Fn::GetAtt': ['X', 'Outputs.Y'] },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is CloudFormation's own syntax
    d: { 'Fn::Sub': 'a-${X}' },
    e: { 'Fn::Join': [',', [{ Ref: 'X' }, 'b']] },
    f: { 'Fn::If': ['C', { Ref: 'AWS::NoValue' }, 2] },
    g: { 'Fn::GetAtt': ['X', 'Arn'] },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is CloudFormation's own syntax
    h: { 'Fn::Sub': ['${y}', { y: { Ref: 'X' } }] },
    i: { Condition: 'C' },
    j: { 'Fn::GetAZs': '' },
  });
});

test('scalars are read as CloudFormation reads them', () => {
  const parsed = parseTemplateText(`
version: 2012-10-17
yes: yes
off: off
account: 012345678901
octal: 0755
float: 1.10
two: 2.0
big: 12345678901234567890
int: 42
time: 12:30
quoted: "42"
block: |
  a
  b
y: y
200: ok
`);
  assert.deepEqual(plain(parsed), {
    version: '2012-10-17',
    yes: true,
    off: false,
    account: '012345678901',
    octal: '0755',
    float: '1.10',
    two: '2.0',
    big: '12345678901234567890',
    int: 42,
    time: '12:30',
    quoted: '42',
    block: 'a\nb\n',
    y: 'y',
    '200': 'ok',
  });
});

test('what is not a template is refused with its place', () => {
  const refused = (text: string, message: RegExp) =>
    assert.throws(() => parseTemplateText(text), { code: 'ValidationError', message });
  refused('a: 1\na: 2\n', /YAML not well-formed\. \(line 2, column 1\): duplicate key/);
  refused('{"a": {"b": 1, "b": 2}}', /JSON not well-formed\. \(line 1, column 16\): duplicate key "b"/);
  refused('{"a": 1,}', /^Template format error: JSON not well-formed\. \(line 1, column/);
  refused('a: &x {b: 1}\nc: *x\n', /YAML aliases are not allowed/);
  refused('a: [1\nb: 2', /YAML not well-formed/);
  refused('a: !Reff X', /Unrecognized tag !Reff/);
  refused(`a: ${'['.repeat(5000)}${']'.repeat(5000)}`, /nested too deeply|not well-formed/);
});

test('indentation inside brackets says nothing', () => {
  const text = 'a:\n    b:\n      c: [{\n    "d": {\n  "e": 1\n  },\n    "f": 2\n      }]\n    g: 3\n';
  assert.deepEqual(plain(parseTemplateText(text)), { a: { b: { c: [{ d: { e: 1 }, f: 2 }] }, g: 3 } });
});

test('a key named __proto__ is a key', () => {
  const parsed = parseTemplateText('__proto__: {polluted: yes}') as Record<string, Value>;
  assert.deepEqual(Object.keys(parsed), ['__proto__']);
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('sections are checked by name', () => {
  const refused = (text: string, message: string) =>
    assert.throws(() => readTemplate(parseTemplateText(text)), { code: 'ValidationError', message });
  refused('Description: x', 'Template format error: At least one Resources member must be defined.');
  refused('Resources:', 'Template format error: At least one Resources member must be defined.');
  refused('Resource: {}', 'Invalid template property or properties [Resource]');
  refused(
    'Resources: {A: {Properties: {}}}',
    'Template format error: [/Resources/A] Every Resources object must contain a Type member.',
  );
  refused(
    'Resources: {A: {Type: AWS::S3::Bucket, Property: {}}}',
    "Invalid template resource property 'Property'",
  );
  refused(
    'Resources: {A: {Type: AWS::S3::Bucket, Properties: {BucketName: }}}',
    "[/Resources/A/Type/BucketName] 'null' values are not allowed in templates",
  );
  refused(
    'Resources: {A-B: {Type: AWS::S3::Bucket}}',
    'Template format error: Resource name A-B is non alphanumeric.',
  );
  refused(
    'Outputs: {A: {Description: x}}\nResources: {A: {Type: AWS::S3::Bucket}}',
    'Template format error: Every Outputs member must contain a Value object',
  );
});
