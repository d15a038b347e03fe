import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Integration } from '../../../model/gen/apigateway.ts';
import type { Context } from '../../../service/context.ts';
import { simulatedWorld } from '../../../world/simulated.ts';
import type { StageRow } from '../stage.ts';
import { compileStage } from './compile.ts';
import { type Exchange, newExchange } from './exchange.ts';
import { Mapping } from './mapping.ts';
import { mapped } from './parameter.ts';
import { Refusal } from './refusal.ts';
import { GatewayRequest } from './request.ts';

const api = {
  id: 'abc',
  name: 'n',
  createdAtMs: 0,
  rootResourceId: 'r',
  apiKeySource: 'HEADER',
  endpointConfiguration: {},
  disableExecuteApiEndpoint: false,
  binaryMediaTypes: ['image/png'],
} as const;
const stageRow: StageRow = {
  stageName: 'dev',
  deploymentId: 'd',
  createdAtMs: 0,
  lastUpdatedAtMs: 0,
  methodSettings: {},
  tracingEnabled: false,
  variables: { table: 'pets' },
};

function exchange(body: string | Buffer, headers: Record<string, string> = {}): Exchange {
  const stage = compileStage(
    { api, resources: [], authorizers: [], models: [], validators: [], gatewayResponses: [] },
    stageRow,
    { account: '123456789012', region: 'us-east-1' },
  );
  const lower = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const request = new GatewayRequest(
    {
      method: 'POST',
      path: '/dev/pets/1',
      query: 'q=a&q=b%20c',
      host: 'abc.execute-api.localhost',
      headers: lower,
      rawHeaders: Object.entries(headers).flat(),
      httpVersion: '1.1',
      sourceIp: '127.0.0.1',
      origin: 'http://abc.execute-api.localhost:4566',
    },
    '/pets/1',
    Buffer.from(body),
    'Root=1-0-0',
  );
  // Mapping asks the context for its clock and its log, and nothing else.
  const ctx = { requestId: 'id', world: simulatedWorld(1), log: () => {} } as unknown as Context;
  const made = newExchange({ ctx, stage, request, extendedRequestId: 'x=' });
  made.pathParameters = { id: '1' };
  made.authorizer = { claims: { sub: 's', 'cognito:groups': 'a,b' } };
  return made;
}

const textOf = (bytes: Uint8Array | string) =>
  typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString();
const through = (template: string, body: string, headers?: Record<string, string>) => {
  const integration: Integration = { type: 'AWS', requestTemplates: { 'application/json': template } };
  return textOf(new Mapping(integration).request(exchange(body, headers)).body);
};

const EVERYTHING = `#set($allParams = $input.params())
{
  "body-json" : $input.json('$'),
  "params" : {
#foreach($type in $allParams.keySet())
    #set($params = $allParams.get($type))
  "$type" : {
    #foreach($paramName in $params.keySet())
    "$paramName" : "$util.escapeJavaScript($params.get($paramName))"
        #if($foreach.hasNext),#end
    #end
  }
    #if($foreach.hasNext),#end
#end
  },
  "stage-variables" : {
#foreach($key in $stageVariables.keySet())
    "$key" : "$util.escapeJavaScript($stageVariables.get($key))"
    #if($foreach.hasNext),#end
#end
  },
  "context" : { "stage" : "$context.stage", "sub" : "$context.authorizer.claims.sub", "user" : "$context.identity.user",
    "groups": "$context.authorizer.claims['cognito:groups']" }
}`;

test('the template that passes everything on passes everything on', () => {
  const output = JSON.parse(through(EVERYTHING, '{"a": [1, "é"]}', { 'X-Two': 'a "b"' })) as Record<
    string,
    object
  >;
  assert.deepEqual(output['body-json'], { a: [1, 'é'] });
  assert.deepEqual(Object.keys(output['params'] ?? {}), ['path', 'querystring', 'header']);
  const params = output['params'] as Record<string, Record<string, string>>;
  assert.deepEqual(params['path'], { id: '1' });
  assert.deepEqual(params['querystring'], { q: 'b c' });
  assert.equal(params['header']?.['X-Two'], 'a "b"');
  assert.deepEqual(output['stage-variables'], { table: 'pets' });
  assert.deepEqual(output['context'], { stage: 'dev', sub: 's', user: '', groups: 'a,b' });
});

test('$input prints as AWS does', () => {
  const cases: readonly (readonly [template: string, body: string, expected: string])[] = [
    ["$input.path('$')", '{"foo": "bar"}', '{foo=bar}'],
    ["$input.path('$')", '[{"foo": "bar"}]', '[{"foo":"bar"}]'],
    ["$input.path('$.list')", '{"list": [{"nested": "bar"}]}', '[{"nested":"bar"}]'],
    ["$input.path('$')", '{"foo": [{"nested": "bar"}]}', '{foo=[{"nested":"bar"}]}'],
    [`{"body": $input.path('$.a')}`, '', '{"body": }'],
    ['$input.body', '', '{}'],
    ['$input.body', 'some raw data', 'some raw data'],
    ['$util.urlEncode($input.body)', '{"some": "value"}', '%7B%22some%22%3A+%22value%22%7D'],
    ["$input.params('id')-$input.params('none')", '', '1-'],
    ["$util.base64Decode($util.base64Encode('é'))", '', 'é'],
  ];
  for (const [template, body, expected] of cases) assert.equal(through(template, body), expected, template);
});

test('what no template fits passes, or does not', () => {
  const refused = (passthroughBehavior: string, requestTemplates: Record<string, string>) => {
    try {
      const mapping = new Mapping({ type: 'AWS', passthroughBehavior, requestTemplates });
      return textOf(mapping.request(exchange('raw', { 'Content-Type': 'text/plain' })).body);
    } catch (error) {
      return error instanceof Refusal ? error.status : error;
    }
  };
  const json = { 'application/json': '{}' };
  assert.equal(refused('WHEN_NO_MATCH', json), 'raw');
  assert.equal(refused('WHEN_NO_TEMPLATES', json), 415);
  assert.equal(refused('WHEN_NO_TEMPLATES', {}), 'raw');
  assert.equal(refused('NEVER', {}), 415);
});

test('parameters are mapped from every place', () => {
  const from = exchange('{"a": {"b": [7]}}', { 'X-One': '1' });
  const result = { status: 200, headers: { 'x-back': 'y' }, body: Buffer.from('{"c": {"d": 1}}') };
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["'fixed'", 'fixed'],
    ['method.request.header.x-one', '1'],
    ['method.request.querystring.q', 'b c'],
    ['method.request.multivaluequerystring.q', 'a,b c'],
    ['method.request.path.id', '1'],
    ['method.request.path.constructor', undefined],
    ['method.request.body', '{"a": {"b": [7]}}'],
    ['method.request.body.a.b[0]', '7'],
    ['context.stage', 'dev'],
    ['context.authorizer.claims.cognito:groups', 'a,b'],
    ['stageVariables.table', 'pets'],
    ['integration.response.header.X-Back', 'y'],
    ['integration.response.body.c', '{"d":1}'],
    ['nonsense', undefined],
  ];
  for (const [expression, expected] of cases)
    assert.equal(mapped(expression, from, result), expected, expression);
});

test('answers are chosen by pattern, overridden by templates, and changed to bytes', () => {
  const mapping = new Mapping({
    type: 'HTTP',
    integrationResponses: {
      200: { statusCode: '200', responseTemplates: { 'application/json': "was $input.path('$.x')" } },
      404: {
        statusCode: '404',
        selectionPattern: '4\\d{2}',
        responseParameters: { 'method.response.header.A': "'b'" },
      },
      500: {
        statusCode: '500',
        selectionPattern: '5..',
        responseTemplates: {
          'application/json':
            "#set($context.responseOverride.status = 503)#set($context.responseOverride.header.B = 'c')no",
        },
      },
    },
  });
  const answer = (status: number) =>
    mapping.answer(exchange(''), { status, headers: {}, body: Buffer.from('{"x": 1}') });
  assert.equal(answer(204).body, 'was 1');
  assert.equal(answer(404).headers.get('a'), 'b');
  assert.equal(answer(500).status, 503);
  assert.equal(answer(500).headers.get('b'), 'c');
  const bytes = new Mapping({
    type: 'AWS',
    integrationResponses: { 200: { statusCode: '200', contentHandling: 'CONVERT_TO_BINARY' } },
  });
  const decoded = bytes.answer(exchange(''), { status: 200, headers: {}, body: Buffer.from('aGk=') });
  assert.equal(textOf(decoded.body), 'hi');
  const text = new Mapping({ type: 'AWS', contentHandling: 'CONVERT_TO_TEXT' });
  const png = exchange(Buffer.from([1, 2, 255]), { 'Content-Type': 'image/png' });
  assert.equal(textOf(text.request(png).body), 'AQL/');
  assert.throws(
    () => new Mapping({ type: 'MOCK' }).answer(exchange(''), { status: 200, headers: {}, body: Buffer.of() }),
    Refusal,
  );
});
