import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { cidrBlocks } from './cidr.ts';
import { evaluateConditions } from './condition.ts';
import { checkReferences, dependencies } from './graph.ts';
import { evaluate, evaluatePartly, type Scope } from './intrinsic.ts';
import { parameterRef, resolveParameters } from './parameter.ts';
import { parseTemplateText } from './parse.ts';
import { isPseudoParameter, pseudoParameter } from './pseudo.ts';
import { readTemplate } from './template.ts';
import type { Value, ValueMap } from './value.ts';

const PLACE = {
  account: '123456789012',
  region: 'eu-west-1',
  stackName: 's',
  stackId: 'arn:s',
  notificationArns: [],
};

const scope: Scope = {
  ref: (name) =>
    pseudoParameter(name, PLACE) ?? ({ P: 'value', L: ['a', 'b'], N: '5' } as Record<string, Value>)[name],
  attribute: (id, attribute) => (id === 'Known' ? `${id}-${attribute}` : undefined),
  condition: (name) => name === 'Chosen',
  importValue: (name) => (name === 'exported' ? 'imported' : undefined),
  mappings: { M: { 'eu-west-1': { ami: 'ami-1', list: ['x', 'y'] } } },
  region: 'eu-west-1',
};

function check(yaml: string, expected: unknown): void {
  const value = evaluate(parseTemplateText(yaml), scope);
  assert.deepEqual(JSON.parse(JSON.stringify(value)), expected);
}

test('every intrinsic', () => {
  check('v: !Ref P', { v: 'value' });
  check('v: !Ref L', { v: ['a', 'b'] });
  check('v: !Join ["-", [!Ref P, 1, true]]', { v: 'value-1-true' });
  check('v: !Join [",", !Ref L]', { v: 'a,b' });
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is CloudFormation's own syntax
  check("v: !Sub '${P}-${AWS::Region}-${Known.Arn}-${!Lit}'", { v: 'value-eu-west-1-Known-Arn-${Lit}' });
  check("v: !Sub ['${a}${P}', {a: !Ref N}]", { v: '5value' });
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
  check('v: !Split [",", "a,b,,c"]', { v: ['a', 'b', '', 'c'] });
  check('v: !Select ["1", !Ref L]', { v: 'b' });
  check('v: !Select [1, !Split ["/", "a/b"]]', { v: 'b' });
  check('v: !FindInMap [M, !Ref "AWS::Region", ami]', { v: 'ami-1' });
  check('v: !FindInMap [M, !Ref "AWS::Region", list]', { v: ['x', 'y'] });
  check('v: !If [Chosen, 1, 2]', { v: 1 });
  check('v: !If [Other, 1, !Ref AWS::NoValue]', {});
  check('v: [!If [Other, 1, !Ref AWS::NoValue], 3]', { v: [3] });
  check('v: !Base64 hé', { v: 'aMOp' });
  check('v: !GetAZs ""', { v: ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'] });
  check('v: !ImportValue exported', { v: 'imported' });
  check('v: !ToJsonString {a: !Ref P}', { v: '{"a":"value"}' });
  check('v: !Length [1, 2]', { v: 2 });
  check('v: !Cidr ["10.0.0.0/16", 2, 8]', { v: ['10.0.0.0/24', '10.0.1.0/24'] });
  check('v: !Ref AWS::URLSuffix', { v: 'amazonaws.com' });
});

test('mistakes are named', () => {
  const refused = (yaml: string, message: RegExp) =>
    assert.throws(() => evaluate(parseTemplateText(yaml), scope), { code: 'ValidationError', message });
  refused('v: !Join [",", x]', /every Fn::Join object requires two parameters/);
  refused('v: !Select [5, [a]]', /Fn::Select cannot select nonexistent value at index 5/);
  refused('v: !FindInMap [M, us, ami]', /Unable to get mapping for M::us::ami/);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is CloudFormation's own syntax
  refused("v: !Sub '${a b}'", /variable names in Fn::Sub syntax/);
  refused('v: {Fn::Nope: 1}', /Unrecognized function Fn::Nope/);
  refused('v: !Split ["", a]', /every Fn::Split object/);
});

test('what waits for a resource stays, as far as it is known', () => {
  const partly = (yaml: string) => JSON.parse(JSON.stringify(evaluatePartly(parseTemplateText(yaml), scope)));
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is CloudFormation's own syntax
  assert.deepEqual(partly("v: !Sub '${P}-${Bucket}-${Bucket.Arn}'"), {
    v: { 'Fn::Sub': ['value-${Bucket}-${Bucket.Arn}', {}] },
  });
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
  assert.deepEqual(partly('v: !Join ["", [!Ref P, !Ref Bucket]]'), {
    v: { 'Fn::Join': ['', ['value', { Ref: 'Bucket' }]] },
  });
  assert.deepEqual(partly('v: [!If [Chosen, !Ref Bucket, x], !Ref P]'), { v: [{ Ref: 'Bucket' }, 'value'] });
});

test('conditions', () => {
  const conditions = parseTemplateText(`
A: !Equals [!Ref P, value]
B: !Not [!Condition A]
C: !And [!Condition A, !Equals [1, '1']]
D: !Or [!Condition B, !Equals [true, 'true']]
`) as ValueMap;
  assert.deepEqual(Object.fromEntries(evaluateConditions(conditions, scope)), {
    A: true,
    B: false,
    C: true,
    D: true,
  });
  assert.throws(
    () => evaluateConditions(parseTemplateText('{A: !Not [!Condition A]}') as ValueMap, scope),
    /circular condition/,
  );
});

test('parameters', () => {
  const declarations = {
    S: { Type: 'String', Default: 'x', AllowedValues: ['x', 'y'] },
    N: { Type: 'Number', Default: 5, MinValue: 2 },
    L: { Type: 'CommaDelimitedList', Default: 'a, b' },
    P: { Type: 'String', Default: 'ab', AllowedPattern: '[a-z]+' },
    Q: { Type: 'String', NoEcho: true },
  };
  const resolve = (values: Record<string, string>) =>
    resolveParameters(
      declarations,
      Object.entries(values).map(([key, value]) => ({ key, value, usePrevious: false })),
    );
  const values = resolve({ Q: 'secret' });
  assert.deepEqual(
    values.map(({ key, value }) => [key, value]),
    [
      ['S', 'x'],
      ['N', '5'],
      ['L', 'a, b'],
      ['P', 'ab'],
      ['Q', 'secret'],
    ],
  );
  assert.deepEqual(parameterRef(declarations.L, { key: 'L', value: 'a, b', noEcho: false }), ['a', 'b']);
  assert.throws(() => resolve({}), { message: 'Parameters: [Q] must have values' });
  assert.throws(() => resolve({ Q: '', Z: '' }), {
    message: 'Parameters: [Z] do not exist in the template',
  });
  assert.throws(() => resolve({ Q: '', S: 'z' }), { message: "Parameter 'S' must be one of AllowedValues" });
  assert.throws(() => resolve({ Q: '', N: '1' }), {
    message: "Parameter 'N' must be a number not less than 2",
  });
  assert.throws(() => resolve({ Q: '', P: 'A' }), { message: "Parameter 'P' must match pattern [a-z]+" });
});

test('references and order', () => {
  const template = (text: string) => readTemplate(parseTemplateText(text));
  const refused = (text: string, message: string) =>
    assert.throws(() => checkReferences(template(text), isPseudoParameter), { message });
  refused(
    'Resources: {A: {Type: T, Properties: {x: !Ref B}}}',
    'Template format error: Unresolved resource dependencies [B] in the Resources block of the template',
  );
  refused(
    'Resources: {A: {Type: T}}\nOutputs: {O: {Value: !Ref B}}',
    'Template format error: Unresolved resource dependencies [B] in the Outputs block of the template',
  );
  refused(
    'Resources: {A: {Type: T, Properties: {x: !GetAtt B.Arn}}}',
    'Template error: instance of Fn::GetAtt references undefined resource B',
  );
  refused(
    'Conditions: {C: !Equals [!Ref A, 1]}\nResources: {A: {Type: T}}',
    'Template format error: Unresolved dependencies [A]. Cannot reference resources in the Conditions block of the template',
  );
  const { resources } = template(`
Resources:
  A: {Type: T, Properties: {x: !GetAtt B.Arn}}
  B: {Type: T, DependsOn: C}
  C: {Type: T}
`);
  const properties = Object.fromEntries(
    Object.entries(resources).map(([name, resource]) => [name, resource.properties]),
  );
  assert.deepEqual(Object.fromEntries(dependencies(resources, properties)), { A: ['B'], B: ['C'], C: [] });
  const cyclic = template(`
Resources:
  A: {Type: T, Properties: {x: !Ref B}}
  B: {Type: T, Properties: {x: !Ref A}}
  Before: {Type: T}
  After: {Type: T, DependsOn: [A, Before]}
`).resources;
  assert.throws(
    () =>
      dependencies(
        cyclic,
        Object.fromEntries(Object.entries(cyclic).map(([name, one]) => [name, one.properties])),
      ),
    { message: 'Circular dependency between resources: [A, B]' },
  );
});

test('address blocks', () => {
  assert.deepEqual(cidrBlocks('2001:db8:1234:1a00::/56', '2', '64'), [
    '2001:db8:1234:1a00::/64',
    '2001:db8:1234:1a01::/64',
  ]);
  assert.throws(() => cidrBlocks('10.0.0.0/24', '3', '7'), /do not fit/);
});
