import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { IAMClient } from '@aws-sdk/client-iam';
import * as sdk from '@aws-sdk/client-lambda';
import { zipSync } from 'fflate';
import { withLambent } from '../support/clients.ts';
import { openFunctionUrl } from '../support/function-urls.ts';
import { makeFunctionRole } from '../support/roles.ts';

const lambent = await withLambent();
const lambda = lambent.client(sdk.LambdaClient);
const role = await makeFunctionRole(lambent.client(IAMClient), 'runner');

async function create(FunctionName: string, source: string, more: Partial<sdk.CreateFunctionRequest> = {}) {
  await lambda.send(
    new sdk.CreateFunctionCommand({
      FunctionName,
      Role: role,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Code: { ZipFile: zipSync({ 'index.js': Buffer.from(source) }) },
      ...more,
    }),
  );
}

interface Heard {
  readonly texts: string[];
  readonly atMs: number[];
  complete: sdk.InvokeWithResponseStreamCompleteEvent | undefined;
}

async function listen(answer: sdk.InvokeWithResponseStreamCommandOutput): Promise<Heard> {
  const heard: Heard = { texts: [], atMs: [], complete: undefined };
  for await (const event of answer.EventStream ?? []) {
    if (event.PayloadChunk !== undefined) {
      heard.texts.push(Buffer.from(event.PayloadChunk.Payload ?? []).toString());
      heard.atMs.push(performance.now());
    } else heard.complete = event.InvokeComplete;
  }
  return heard;
}

function invoke(
  FunctionName: string,
  event: unknown,
  more: Partial<sdk.InvokeWithResponseStreamCommandInput> = {},
) {
  return lambda.send(
    new sdk.InvokeWithResponseStreamCommand({
      FunctionName,
      Payload: Buffer.from(JSON.stringify(event)),
      ...more,
    }),
  );
}

const WRITER = `const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  if (event.early) throw new RangeError('before a word');
  stream.setContentType('text/plain');
  stream.write('one ');
  await pause(150);
  stream.write('two ' + context.functionName);
  if (event.late) throw new TypeError('after some words');
  if (event.exit) { await pause(20); process.exit(3); }
  if (event.hang) await pause(60000);
  if (event.big) for (let i = 0; i < event.big; i++) if (!stream.write(Buffer.alloc(65536, 97))) await new Promise((r) => stream.once('drain', r));
  stream.end();
});`;

test('chunks come as the function writes them, then how it ended', async () => {
  await create('writer', WRITER, { Timeout: 2 });
  const answer = await invoke('writer', {}, { LogType: 'Tail' });
  assert.equal(answer.StatusCode, 200);
  assert.equal(answer.ExecutedVersion, '$LATEST');
  const { texts, atMs, complete } = await listen(answer);
  assert.deepEqual(texts, ['one ', 'two writer']);
  assert.ok((atMs[1] ?? 0) - (atMs[0] ?? 0) > 80);
  assert.equal(complete?.ErrorCode, undefined);
  assert.match(Buffer.from(complete?.LogResult ?? '', 'base64').toString(), /REPORT RequestId/);
  // Invoke takes the same answer whole.
  const whole = await lambda.send(new sdk.InvokeCommand({ FunctionName: 'writer', Payload: '{}' }));
  assert.equal(Buffer.from(whole.Payload ?? []).toString(), 'one two writer');
});

test('megabytes pass', async () => {
  const { texts } = await listen(await invoke('writer', { big: 200 }));
  assert.equal(texts.join('').length, 'one two writer'.length + 200 * 65536);
});

test('errors, exits and timeouts end the stream with their reason', async () => {
  const early = (await listen(await invoke('writer', { early: true }))).complete;
  assert.equal(early?.ErrorCode, 'Unhandled');
  assert.equal(JSON.parse(early?.ErrorDetails ?? '').errorType, 'RangeError');
  const late = await listen(await invoke('writer', { late: true }));
  assert.deepEqual(late.texts, ['one ', 'two writer']);
  assert.equal(JSON.parse(late.complete?.ErrorDetails ?? '').errorMessage, 'after some words');
  // The environment lives on after an error.
  assert.equal((await listen(await invoke('writer', {}))).complete?.ErrorCode, undefined);
  const exited = await listen(await invoke('writer', { exit: true }));
  assert.match(exited.complete?.ErrorDetails ?? '', /Runtime exited with error: exit status 3/);
  const hung = await listen(await invoke('writer', { hang: true }));
  assert.match(hung.complete?.ErrorDetails ?? '', /Task timed out after 2.00 seconds/);
});

test('a function that does not stream answers in one chunk', async () => {
  await create('plain', 'exports.handler = async (event) => ({ got: event });');
  const { texts, complete } = await listen(await invoke('plain', 7));
  assert.deepEqual(texts, ['{"got":7}']);
  assert.deepEqual(complete?.ErrorCode, undefined);
  await assert.rejects(invoke('nobody', {}), { name: 'ResourceNotFoundException' });
  const dry = await invoke('plain', 7, { InvocationType: 'DryRun' });
  assert.equal(dry.StatusCode, 204);
});

test('a URL that streams sends the head before the body is there', async () => {
  await create(
    'page',
    `exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  if (event.rawPath === '/fail') throw new Error('no');
  const http = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { 'X-Own': 'yes', 'Content-Type': 'text/html' }, cookies: ['a=1', 'b=2'] });
  http.write('<p>');
  await new Promise((resolve) => setTimeout(resolve, 150));
  if (event.rawPath === '/cut') throw new Error('no');
  http.write('</p>');
  http.end();
});`,
  );
  const { FunctionUrl = '' } = await lambda.send(
    new sdk.CreateFunctionUrlConfigCommand({
      FunctionName: 'page',
      AuthType: 'NONE',
      InvokeMode: 'RESPONSE_STREAM',
      Cors: { AllowOrigins: ['*'] },
    }),
  );
  await openFunctionUrl(lambda, 'page');
  const started = performance.now();
  const answer = await fetch(FunctionUrl, { headers: { origin: 'http://there.example' } });
  const headMs = performance.now() - started;
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get('x-own'), 'yes');
  assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  assert.deepEqual(answer.headers.getSetCookie(), ['a=1', 'b=2']);
  assert.equal(await answer.text(), '<p></p>');
  assert.ok(performance.now() - started - headMs > 80);
  const failed = await fetch(`${FunctionUrl}fail`);
  assert.equal(failed.status, 502);
  assert.equal(await failed.text(), 'Internal Server Error');
  const cut = await fetch(`${FunctionUrl}cut`);
  await assert.rejects(cut.text());
});
