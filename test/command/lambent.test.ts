import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { packageFolder } from '../../src/base/package-folder.ts';

const COMMAND = join(packageFolder(), 'bin/lambent.js');
const folder = mkdtempSync(join(tmpdir(), 'lambent-command-'));
const data = join(folder, 'data');
const app = join(folder, 'app');
const template = join(app, 'template.yaml');
const started: ChildProcess[] = [];

after(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

class Run {
  readonly child: ChildProcess;
  text = '';
  #told: (() => void) | undefined;
  readonly ended: Promise<Ended>;

  constructor(words: readonly string[]) {
    const { AWS_ENDPOINT_URL: _, ...env } = process.env;
    const child = spawn(process.execPath, [COMMAND, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env });
    const take = (chunk: Buffer): void => {
      this.text += chunk.toString('utf8');
      this.#told?.();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    started.push(child);
    this.child = child;
    this.ended = new Promise((resolve) =>
      child.on('close', (code) => {
        resolve({ code, text: this.text });
        this.#told?.();
      }),
    );
  }

  /** Waits until what was printed so far matches. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.text);
      if (match !== null) return match;
      assert.equal(this.child.exitCode, null, `it ended without ${pattern}:\n${this.text}`);
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }

  async stop(): Promise<Ended> {
    this.child.kill('SIGINT');
    return this.ended;
  }
}

function lambent(...words: string[]): Promise<Ended> {
  return new Run(words).ended;
}

const READY = /lambent ready on (http:\/\/127\.0\.0\.1:(\d+))/;

function writeApp(answer: string): void {
  writeFileSync(
    template,
    `Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: { FunctionName: hello, Runtime: nodejs22.x, Handler: index.handler, CodeUri: code/ }
Outputs:
  Name: { Value: !Ref Hello }
`,
  );
  writeFileSync(
    join(app, 'code/index.mjs'),
    `export const handler = async ({ who }) => { console.log('greets', who); return '${answer} ' + who; };`,
  );
}

test('up deploys, serves, watches, stops at once and comes back with everything', async () => {
  mkdirSync(join(app, 'code'), { recursive: true });
  writeApp('hello');
  const first = new Run(['up', template, '--port', '0', '--data', data, '--watch']);
  const [, endpoint = '', port = ''] = await first.prints(READY);
  assert.match(first.text, new RegExp(`Data +${data}\n`));
  assert.match(first.text, /AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test/);
  assert.match(first.text, new RegExp(`Inbox +${endpoint}/_lambent/inbox\n`));
  assert.match(first.text, / Stack app\n +Name +hello\n/);
  assert.doesNotMatch(first.text, / 200 [\d.]+ms /, 'the deployment’s own requests are not shown');

  // Without an address, the commands find the server by its data folder.
  const asked = await lambent('invoke', 'hello', '--data', data, '--payload', '{"who":"world"}');
  assert.equal(asked.code, 0, asked.text);
  assert.match(asked.text, /^START RequestId: [\s\S]*\tgreets world\n[\s\S]*REPORT RequestId: /m);
  assert.match(asked.text, /^"hello world"$/m);
  await first.prints(/ logs\.PutLogEvents 200 [\d.]+ms allow /);
  assert.match((await lambent('logs', 'hello', '--data', data)).text, /Z .*\tgreets world\n/);
  const status = await lambent('status', '--data', data);
  assert.match(status.text, new RegExp(`^lambent \\S+ running on ${endpoint}\n`));
  assert.match((await lambent('clock', '--data', data, '--advance', '90')).text, /"offsetSeconds":90\}/);

  // Changed code runs at the next call.
  writeApp('bye');
  await first.prints(/^app updated$/m);
  const again = await lambent('invoke', 'hello', '--endpoint', endpoint, '--payload', '{"who":"all"}');
  assert.match(again.text, /^"bye all"$/m);

  const second = await lambent('up', '--port', '0', '--data', data);
  assert.deepEqual([second.code, second.text.includes(`${endpoint} already serves ${data}`)], [1, true]);
  const third = await lambent('up', '--port', port, '--data', join(folder, 'other'));
  assert.equal(third.code, 1);
  assert.match(third.text, new RegExp(`port ${port} is busy: another Lambent answers there`));
  assert.match(third.text, new RegExp(`lambent up --port ${Number(port) + 1}`));

  const before = performance.now();
  assert.equal((await first.stop()).code, 0);
  // Two seconds is what a running job would be given; nothing runs.
  assert.ok(performance.now() - before < 1_800, `it took ${performance.now() - before} ms to stop`);

  const later = new Run(['up', template, '--port', '0', '--data', data]);
  await later.prints(READY);
  assert.match(later.text, / Stack app \(unchanged\)\n/);
  const kept = await lambent('invoke', 'hello', '--data', data, '--payload', '{"who":"me"}');
  assert.match(kept.text, /^"bye me"$/m);
  assert.match((await lambent('clock', '--data', data)).text, /"offsetSeconds":90\}/);
  const deleted = await lambent('delete', 'app', '--data', data);
  assert.match(deleted.text, /^app deleted$/m);
  assert.equal((await lambent('invoke', 'hello', '--data', data)).code, 1);
  // Longer than a request may carry.
  writeFileSync(template, `${readFileSync(template, 'utf8')}\nMetadata: { Why: ${'x'.repeat(60_000)} }\n`);
  const deployed = await lambent('deploy', template, '--data', data, '--stack', 'named');
  assert.match(deployed.text, /^named deployed\n {2}Name {2}hello$/m);
  assert.equal((await later.stop()).code, 0);
});

test('up tells an author what is wrong with a template, and ends with 1', async () => {
  const file = join(folder, 'broken.yaml');
  const refused = async (text: string, why: RegExp): Promise<void> => {
    writeFileSync(file, text);
    const ended = await lambent('up', file, '--port', '0', '--ephemeral');
    assert.equal(ended.code, 1);
    assert.match(ended.text, why);
    assert.doesNotMatch(ended.text, /^ +at /m);
  };
  await refused('Resources: [', /lambent: .*broken\.yaml: .*at line 1/);
  await refused(
    'Resources: { A: { Type: AWS::Nope::Thing } }',
    /Unrecognized resource types: \[AWS::Nope::Thing\]/,
  );
  await refused(
    'Resources: { A: { Type: AWS::DynamoDB::Table, Properties: { Colour: red } } }',
    /extraneous key \[Colour\] is not permitted/,
  );
  await refused(
    'Resources: { A: { Type: AWS::Lambda::Function, Properties: { Code: nowhere } } }',
    /nowhere: there is no such file or folder/,
  );
});

test('a command that cannot be understood ends with 2, one without a server with 1', async () => {
  assert.equal((await lambent('nonsense')).code, 2);
  assert.equal((await lambent('up', '--nonsense')).code, 2);
  assert.equal((await lambent('invoke')).code, 2);
  for (const words of [['help'], ['up', '--help'], ['deploy', '-h']]) {
    const helped = await lambent(...words);
    assert.equal(helped.code, 0);
    assert.match(helped.text, /^ {2}lambent up \[TEMPLATE\]/m);
  }
  const alone = await lambent('status', '--endpoint', 'http://127.0.0.1:1');
  assert.deepEqual([alone.code, alone.text], [1, 'lambent: no server answers; start one with: lambent up\n']);
  const { version } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as {
    version: string;
  };
  assert.deepEqual(await lambent('--version'), { code: 0, text: `${version}\n` });
});

test('a data folder in a form of other versions is refused with what to do', async () => {
  const old = join(folder, 'old');
  mkdirSync(join(old, 'store'), { recursive: true });
  const refused = await new Run(['up', '--port', '0', '--data', old]).ended;
  assert.equal(refused.code, 1);
  assert.match(refused.text, /holds the data of an earlier version of Lambent/);
  assert.match(refused.text, /--data or --ephemeral/);
});
